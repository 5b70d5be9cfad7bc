"""Studies in a real PostgreSQL: shared, away for a while, and with a password that stays secret."""

from __future__ import annotations

import inspect
import re
import threading
import time

import pytest
from hand_made import compare, make_stored, replicate, tune
from optuna.exceptions import StorageInternalError
from optuna.storages import _cached_storage
from optuna.trial import TrialState

import ablate.store.database
from ablate.errors import InputError, RunError
from ablate.state.next_order import next_order
from ablate.store.database import (
    PatientStorage,
    is_away,
    open_database,
    shown_url,
    without_password,
)
from ablate.store.heartbeat import beating
from ablate.store.ledger import Ledger, close_lost
from ablate.store.place import StoragePlace, open_storage, told_plainly
from ablate.store.slots import Slots
from ablate.store.studies import find_study
from ablate.store.trials import TakenError, begin, outcome_of


@pytest.fixture
def storage(url):
    return open_storage(StoragePlace(url))


def test_many_that_open_a_new_database_at_once_make_its_tables_once(url, monkeypatch):
    monkeypatch.setattr(ablate.store.database, "DATABASE_PAUSE", (0.05, 0.1))
    opened, errors = [], []

    def open_it():
        try:
            opened.append(open_storage(StoragePlace(url)))
        except InputError as error:
            errors.append(error)
        else:
            opened[-1].remove_session()

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert opened[0].get_all_studies() == []


def test_a_study_is_kept_and_found(storage, project):
    stored = make_stored(compare(project, "tune.trials=1", seeds=1), storage)
    for variant in ("units=16", "units=4"):
        tune(stored, variant, 0.5, slot=0)
        replicate(stored, variant, 1)
    found = find_study(storage, "dense")
    assert found.spec == stored.spec
    assert next_order(found, project.place, ()) is None


def in_slot(study, slot=0):
    """Reads the trials of one slot."""
    slots = Slots(study)
    return lambda: slots.refresh().attempts(slot)


def test_of_two_trials_in_one_slot_the_first_counts(storage, project):
    stored = make_stored(compare(project, "tune.trials=1", seeds=1), storage)
    study = next(iter(stored.tuning.values()))

    tune(stored, "units=16", outcome="running", slot=0)
    with pytest.raises(TakenError):
        begin(study, {"slot": 0}, {}, in_slot(study))
    assert [outcome_of(t) for t in study.trials] == ["running", "interrupted"]


def test_many_that_begin_at_once_fill_a_slot_once(url, project):
    stored = make_stored(
        compare(project, "tune.trials=1", seeds=1), open_storage(StoragePlace(url))
    )
    name = next(iter(stored.tuning.values())).study_name
    won = []

    def try_it(number):
        own = open_storage(StoragePlace(url))
        import optuna

        study = optuna.load_study(study_name=name, storage=own)
        try:
            begin(study, {"slot": 0, "owner": number}, {}, in_slot(study))
        except TakenError:
            pass
        else:
            won.append(number)
        own.remove_session()  # a thread's connection is its own

    owners = [{"host": "elsewhere", "pid": n, "started": 0.0} for n in range(6)]
    threads = [threading.Thread(target=try_it, args=(owner,)) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_a_trial_of_another_machine_whose_heart_has_stopped_is_closed(url, project, monkeypatch):
    monkeypatch.setattr(ablate.store.database, "HEARTBEAT", 1)
    monkeypatch.setattr(ablate.store.database, "HEART_STOPPED", 1)
    storage = open_database(url)
    study = next(iter(make_stored(project.study(), storage).tuning.values()))
    away = {"host": "elsewhere", "pid": 1, "started": 0.0}
    trial = begin(study, {"owner": away}, {}, list)
    with beating(storage, trial):
        time.sleep(2.5)
        assert close_lost(Ledger(study)) == 0
        assert study.trials[0].state is TrialState.RUNNING
    time.sleep(2.5)
    close_lost(Ledger(study))
    assert outcome_of(study.trials[0]) == "interrupted"


def test_a_database_that_is_away_for_a_while_is_waited_for(storage, project, monkeypatch):
    monkeypatch.setattr(ablate.store.database, "DATABASE_PAUSE", (0.05, 0.1))
    stored = make_stored(project.study(), storage)
    study = next(iter(stored.tuning.values()))
    trial = begin(study, {}, {}, list)
    # The server ends every connection: what comes next finds none.
    with storage.engine.connect() as other:
        other.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    trial.set_user_attr("reason", "still here")
    study.tell(trial, 0.5)
    assert outcome_of(study.trials[0]) == "complete"


def test_whatever_optunas_cache_asks_of_a_database_is_asked_patiently():
    source = inspect.getsource(_cached_storage)
    asked = set(re.findall(r"self\._backend\.(\w+)\(", source))
    assert {"_get_trials", "get_trial", "set_trial_state_values"} <= asked
    told = {"get_heartbeat_interval", "get_heartbeat_stale_trial_callback"}  # asks no database
    impatient = {
        name for name in asked if not hasattr(getattr(PatientStorage, name), "__wrapped__")
    }
    assert impatient == told


def test_one_that_stays_away_is_said_without_its_password(monkeypatch):
    url = "postgresql+psycopg://me:s3cret@127.0.0.1:1/db"
    with pytest.raises(InputError) as caught:
        open_storage(StoragePlace(url))
    text = str(caught.value)
    assert text.startswith("storage postgresql+psycopg://me:***@127.0.0.1:1/db: cannot be opened: ")
    assert "s3cret" not in text


def test_what_a_database_says_in_the_end_is_told_plainly():
    url = "postgresql://me:s3cret@host/db"
    with pytest.raises(RunError) as caught, told_plainly(StoragePlace(url)):
        raise StorageInternalError("no route for me:s3cret")
    assert str(caught.value) == (
        "the storage postgresql://me:***@host/db does not answer: no route for me:***; what is "
        "finished is kept: run the same command again to go on"
    )


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("postgresql://me:s3cret@host:5432/lab", "runs/artifacts-lab"),
        ("mysql+pymysql://host/my lab", "runs/artifacts-my_lab-"),
        ("sqlite:///somewhere/a.db", "runs/artifacts-a"),
        ("runs/ablate.journal", "runs/artifacts"),
    ],
)
def test_each_database_has_an_artifact_folder_of_its_own(url, folder):
    found = str(StoragePlace(url).artifacts)
    assert found.startswith(folder) if folder.endswith("-") else found == folder


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:s3cret@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("sqlite:///runs/a.db", "sqlite:///runs/a.db"),
        ("mysql+pymysql://host/db", "mysql+pymysql://host/db"),
    ],
)
def test_a_url_is_shown_without_its_password(url, shown):
    assert shown_url(url) == shown
    assert without_password(f"error at {url}!", url) == f"error at {shown}!"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:S3cr3t@Pw@/lab?host=/tmp", "postgresql://***@/lab?host=/tmp"),
        ("postgresql://me:S3cr3tPw@127.0.0.1:abc/lab", "postgresql://***@127.0.0.1:abc/lab"),
    ],
)
def test_what_is_no_url_is_refused_and_shows_no_password(url, shown):
    with pytest.raises(InputError) as caught:
        open_storage(StoragePlace(url))
    assert str(caught.value) == (
        f"storage {shown}: is no database URL: it must look like "
        "postgresql://user:password@host:5432/database; write an @ in a password as %40, and a / "
        "as %2F"
    )
    assert StoragePlace(url).artifacts.name.startswith("artifacts-")


def test_a_url_that_lacks_a_slash_is_no_file():
    with pytest.raises(InputError) as caught:
        StoragePlace("postgresql+psycopg:/me:S3cr3tPw@127.0.0.1/lab")
    assert str(caught.value) == (
        "storage postgresql+psycopg:...: is neither a file nor a database URL; a URL begins with "
        "postgresql+psycopg://"
    )


def test_misuse_is_not_mistaken_for_a_database_that_is_away(storage):
    with pytest.raises(KeyError):
        storage.get_trial(10**6)
    assert isinstance(storage, PatientStorage)
    assert not is_away(StorageInternalError("no cause"))
