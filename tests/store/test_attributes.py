"""The user attributes of trials and studies: their names, which studies are stored with, and their types."""

from __future__ import annotations

import re
from pathlib import Path

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import create_trial

from ablate.housekeeping.reading import open_to_read
from ablate.spec.measures import EVERY
from ablate.spec.study import Cell
from ablate.store import attributes
from ablate.store.attributes import (
    CHOSEN_FROM,
    ENVIRONMENT,
    OWNER,
    SPEC,
    Attribute,
    cell_and_seed,
    replicate_parameters,
)
from ablate.store.owner import Owner
from ablate.store.place import StoragePlace, open_storage

STORAGES = sorted(Path(__file__).parents[1].glob("storages/*/ablate.journal"))
SOURCES = sorted(Path(attributes.__file__).parents[1].rglob("*.py"))
TABLE = {one.name: one for one in vars(attributes).values() if isinstance(one, Attribute)}
OLD_ENVIRONMENT = {
    "device": "cpu",
    "cores": 2,
    "backend": "tensorflow",
    "python": "3.12",
    "versions": {"keras": "3.15"},
}


@pytest.fixture
def study(project):
    return optuna.create_study(storage=open_storage(project.place))


def test_no_two_attributes_have_one_name():
    assert len(TABLE) == sum(isinstance(one, Attribute) for one in vars(attributes).values())


@pytest.mark.parametrize("journal", STORAGES, ids=lambda path: path.parent.name)
def test_whatever_was_stored_is_in_the_table_and_can_be_read(journal):
    storage = open_to_read(StoragePlace(str(journal)))
    studies = storage.get_all_studies()
    trials = [t for one in studies for t in storage.get_all_trials(one._study_id)]
    assert trials
    for bearer in (*studies, *trials):
        for name, stored in bearer.user_attrs.items():
            if name in EVERY.stored and name not in TABLE:
                continue
            value = TABLE[name].of(bearer)
            assert Attribute(name).entry(value) == {name: stored}


def test_no_module_names_an_attribute_by_hand():
    bare = re.compile(r"""(user_attrs(\.get\(|\[)|set_\w*user_attr\((\w+, )?)["'](\w+)["']""")
    found = {
        (source.name, match[4])
        for source in SOURCES
        for match in bare.finditer(source.read_text())
        if match[4] not in EVERY.stored
    }
    assert not found


def test_a_value_comes_back_as_it_was_written(study):
    OWNER.write(study, Owner.this_process())
    again = optuna.load_study(study_name=study.study_name, storage=study._storage)
    assert OWNER.of(again) == Owner.this_process()


def test_what_was_written_as_none_is_there(study):
    assert not CHOSEN_FROM.is_on(study)
    CHOSEN_FROM.write(study, None)
    assert CHOSEN_FROM.is_on(study)
    assert CHOSEN_FROM.of(study) is None


def test_an_update_writes_only_what_is_new(study, monkeypatch):
    SPEC.update(study, {"name": "dense"})
    written = []
    monkeypatch.setattr(type(study), "set_user_attr", lambda *given: written.append(given[1:]))
    SPEC.update(study, {"name": "dense"})
    assert not written
    SPEC.update(study, {"name": "wide"})
    assert written == [("spec", {"name": "wide"})]


@pytest.mark.parametrize("more", [{}, {"commit": "0a1b"}, {"cluster": "of a later version"}])
def test_the_environment_of_another_version_is_read(more):
    stored = {**OLD_ENVIRONMENT, **more}
    found = ENVIRONMENT.of(create_trial(value=0.5, user_attrs={"environment": stored}))
    assert (found.device, found.processor) == ("cpu", None)
    assert found.model_dump(exclude_unset=True) == stored


@pytest.mark.parametrize("is_asked", [True, False], ids=["asked", "just begun"])
def test_a_replicate_says_what_it_trains(is_asked):
    where = Cell(dataset="digits", variant="units=4")
    params = replicate_parameters(where, 7)
    distributions = {
        "dataset": CategoricalDistribution(["digits"]),
        "variant": CategoricalDistribution(["units=4"]),
        "seed": IntDistribution(0, 9),
    }
    asked = {"params": params, "distributions": distributions}
    given = asked if is_asked else {"system_attrs": {"fixed_params": params}}
    assert cell_and_seed(create_trial(value=0.5, **given)) == (where, 7)


def test_a_trial_that_does_not_say_what_it_trains_is_no_replicate():
    assert cell_and_seed(create_trial(value=0.5)) is None
