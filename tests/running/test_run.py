"""What a run of a study records beside its trials."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hand_made import compare, make_stored

from ablate.errors import RunError
from ablate.running import run as studies
from ablate.running.run import _note_threads
from ablate.store.place import open_storage
from ablate.store.studies import find_study, recorded_threads
from ablate.workers.messages import Done, PrepareData


@dataclass
class Noted:
    """As much of a run, its listener and its workers as is asked for."""

    stored: object
    threads: int | None
    texts: list[str] = field(default_factory=list)

    @property
    def listener(self):
        return self

    def said(self, text):
        self.texts.append(text)


@pytest.fixture
def note(project):
    storage = open_storage(project.place)
    stored = make_stored(compare(project, "tune.trials=2", seeds=2), storage)

    def note(threads):
        noted = Noted(stored, threads)
        _note_threads(noted, noted)
        return noted.texts

    note.recorded = lambda: recorded_threads(find_study(storage, stored.spec.name))
    return note


def test_the_number_of_threads_is_recorded_when_a_study_begins(note):
    assert note.recorded() is None
    assert note(2) == []
    assert note.recorded() == 2


def test_a_run_with_other_threads_says_that_numbers_may_differ(note):
    note(1)
    assert note(1) == []
    assert note(4) == [
        "this study was begun with 1 thread for each worker, and goes on with 4: numbers may "
        "differ in their last digits from those that --threads 1 gives"
    ]
    assert note.recorded() == 1


def test_where_libraries_choose_their_threads_nothing_is_recorded(note):
    assert note(None) == []
    assert note.recorded() is None


@pytest.mark.parametrize(("deaths", "outcome"), [(0, "answer"), (2, "answer"), (3, "the worker")])
def test_data_are_prepared_by_another_process_where_one_is_ended(
    project, monkeypatch, deaths, outcome
):
    asked = []

    class Mortal:
        def __init__(self, *_):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def ask(self, order):
            asked.append(order)
            if len(asked) <= deaths:
                raise RunError("the worker was ended by SIGKILL")
            return Done(answer="the answer")

    monkeypatch.setattr(studies, "LocalWorker", Mortal)
    study = project.study()
    order = PrepareData(settings=study.datasets[0], cache="cache")
    if outcome == "answer":
        assert studies._ask_for_data(study, order).answer == "the answer"
    else:
        with pytest.raises(RunError, match=outcome):
            studies._ask_for_data(study, order)
    assert len(asked) == min(deaths + 1, 3)
