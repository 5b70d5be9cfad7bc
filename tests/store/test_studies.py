"""The studies in a storage: made, described, compared with a study file, removed."""

from __future__ import annotations

import json
import threading

import optuna
import pytest
from hand_made import cell, compare, make_stored, replicate, tune
from optuna import logging
from optuna.storages import InMemoryStorage

from ablate.errors import InputError
from ablate.files import file_digest
from ablate.state.replicates import owed_replicates
from ablate.store import studies as module
from ablate.store.artifacts import Artifacts
from ablate.store.attributes import KEPT_CODE
from ablate.store.place import StoragePlace, open_existing, open_storage
from ablate.store.studies import (
    StoredStudy,
    check_question,
    data_cards,
    data_digests,
    find_study,
    open_study,
    record_threads,
    recorded_threads,
    remove_study,
    stored_as,
    study_names,
    write_cards,
)

REMEDY = "rename the study to keep both, or run with --fresh to delete the old one's trials"
PARTS = ["dense/tune/units=16", "dense/tune/units=4", "dense/replicate"]


@pytest.fixture
def storage():
    logging.set_verbosity(logging.WARNING)
    return InMemoryStorage()


@pytest.fixture
def spec(project):
    return compare(project)


def names(storage):
    return optuna.get_all_study_names(storage)


def load(storage, name):
    return optuna.load_study(study_name=name, storage=storage)


def differences(storage, spec, digests=None):
    """What is said to differ, without file and remedy."""
    with pytest.raises(InputError) as caught:
        check_question(storage, spec, digests)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{spec.path}: ") for line in lines)
    assert all(line.endswith(f"; {REMEDY}") for line in lines)
    return [line.removeprefix(f"{spec.path}: ").removesuffix(f"; {REMEDY}") for line in lines]


# Made


def test_a_new_study_has_all_its_parts_and_each_names_its_metric(storage, spec):
    stored = make_stored(spec, storage)
    assert names(storage) == PARTS
    assert [part.name for part in stored.parts] == PARTS
    assert all(load(storage, name).metric_names == ["val_loss"] for name in PARTS)
    assert all(
        load(storage, name).direction is optuna.study.StudyDirection.MINIMIZE for name in PARTS
    )
    assert {found: study.study_name for found, study in stored.tuning.items()} == {
        cell("units=16"): "dense/tune/units=16",
        cell("units=4"): "dense/tune/units=4",
    }
    assert stored.replicates.study_name == "dense/replicate"


def test_every_part_says_what_it_is_a_part_of(storage, spec):
    make_stored(spec, storage)
    said = [load(storage, name).user_attrs for name in PARTS]
    assert [(found["study"], found["phase"], found["cell"]) for found in said] == [
        ("dense", "tune", {"dataset": "digits", "variant": "units=16"}),
        ("dense", "tune", {"dataset": "digits", "variant": "units=4"}),
        ("dense", "replicate", None),
    ]


def test_the_first_part_alone_holds_the_question(storage, spec):
    make_stored(spec, storage)
    first, *others = (load(storage, name).user_attrs for name in PARTS)
    assert first["question"] == spec.question()
    assert first["data"] == {"digits": "digest of digits"}
    assert not any({"question", "data", "spec"} & found.keys() for found in others)


def test_a_search_alone_is_one_optuna_study_of_its_name(storage, project):
    stored = make_stored(project.study(), storage)
    assert names(storage) == ["dense"]
    assert stored.replicates is None


# Found


def test_a_study_is_found_as_it_was_asked(storage, spec):
    make_stored(spec, storage)
    found = find_study(storage, "dense")
    assert isinstance(found, StoredStudy)
    assert found.spec == spec
    assert [part.name for part in found.parts] == PARTS
    assert find_study(storage, "dens") is None


def test_texts_and_types_survive_a_journal(project):
    spec = compare(project, "study.description=Hängt es ab? „Ja“", "fix.trouble=none")
    make_stored(spec, open_storage(project.place))
    assert find_study(open_existing(project.place), "dense").spec == spec


@pytest.mark.parametrize("kept", [[], ["study"], ["study", "data"]])
def test_a_study_that_does_not_say_yet_what_it_asks_is_not_found(storage, kept):
    study = optuna.create_study(study_name="dense", storage=storage)
    for key in kept:
        study.set_user_attr(key, "dense")
    assert find_study(storage, "dense") is None


def test_parts_that_were_never_begun_are_missing(storage, spec):
    make_stored(spec, storage)
    optuna.delete_study(study_name="dense/replicate", storage=storage)
    found = find_study(storage, "dense")
    assert [part.name for part in found.parts] == PARTS[:2]
    assert found.replicates is None


def test_names_come_with_the_latest_trial_first(storage, project):
    for name in ("first", "second", "third"):
        make_stored(project.study(f"study.name={name}"), storage)
    compared = make_stored(compare(project, "study.name=fourth"), storage)
    optuna.create_study(study_name="of another hand", storage=storage)
    for name in ("third", "first"):
        (search,) = find_study(storage, name).tuning.values()
        search.tell(search.ask(), 0.5)
    compared.replicates.tell(compared.replicates.ask(), 0.5)
    assert study_names(storage) == ["fourth", "first", "third", "second"]


# Opened again


def test_texts_and_counts_may_change_under_one_name(storage, project, spec):
    stored = make_stored(spec, storage)
    tune(stored, "units=4", 0.5)
    changed = compare(project, "study.description=Another text", "tune.trials=7", seeds=9)
    again = make_stored(changed, storage)
    assert names(storage) == PARTS
    assert len(again.tuning[cell("units=4")].trials) == 1
    assert find_study(storage, "dense").spec == changed


def test_replicates_may_be_added_to_a_search(storage, project):
    make_stored(project.study(), storage)
    make_stored(project.study("replicate.seeds=3"), storage)
    assert names(storage) == ["dense", "dense/replicate"]
    assert find_study(storage, "dense").spec.seeds == (1, 2, 3)


def test_the_same_question_is_no_problem(storage, spec):
    make_stored(spec, storage)
    check_question(storage, spec)
    check_question(storage, spec, {"digits": "digest of digits"})


@pytest.mark.parametrize(
    ("cards", "noun"),
    [
        ({"digits": {"image": [8, 8, 1]}}, "images"),
        ({"digits": {"image": [64]}}, "rows"),
        ({"digits": {"image": {"a": [3], "b": [2]}}}, "examples"),
        ({}, "examples"),
    ],
)
def test_other_examples_are_refused(storage, project, cards, noun):
    spec = project.study()
    write_cards(make_stored(spec, storage), cards)
    assert differences(storage, spec, {"digits": "another"}) == [
        f"study.dataset: the digits {noun} are not those that the stored study dense was trained on"
    ]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            ["training.epochs=9", 'tune.sampler="qmc"'],
            [
                "training.epochs: the stored study dense has 2, this file has 9",
                'tune.sampler.name: the stored study dense has "random", this file has "qmc"',
                'tune.sampler.qmc_type: the stored study dense has nothing, this file has "sobol"',
                "tune.sampler.scramble: the stored study dense has nothing, this file has true",
            ],
        ),
        (["study.seed=1"], ["seed: the stored study dense has 0, this file has 1"]),
        (
            ["data.per_class=10"],
            ["data.per_class: the stored study dense has 20, this file has 10"],
        ),
        (
            ['fix.trouble="nan"'],
            ['fix.trouble: the stored study dense has nothing, this file has "nan"'],
        ),
        (
            ["replicate.metric=f1"],
            ['replicate.metric: the stored study dense has "accuracy", this file has "f1"'],
        ),
        (
            ['vary.baseline="units=4"'],
            ['vary.baseline: the stored study dense has "units=16", this file has "units=4"'],
        ),
        (
            ["vary.units=[4, 8, 16]"],
            [
                "vary.variants: the variant units=8 is new: the stored study dense does not have it",
            ],
        ),
        (
            ["vary.units=[16, 8]", "training.epochs=9"],
            [
                "training.epochs: the stored study dense has 2, this file has 9",
                "vary.variants: the variant units=8 is new: the stored study dense does not have it",
                "vary.variants: the variant units=4 is gone, which the stored study dense has",
            ],
        ),
        (
            ["tune.learning_rate.high=0.5"],
            [
                "tune.parameters.learning_rate.domain.high: the stored study dense has 1.0, "
                "this file has 0.5"
            ],
        ),
    ],
)
def test_another_question_names_every_difference(storage, project, spec, settings, expected):
    replicate(make_stored(spec, storage), "units=16", 1)
    assert differences(storage, compare(project, *settings)) == expected


def test_a_changed_network_is_said_without_its_hash(storage, project, spec):
    make_stored(spec, storage)
    source = project.folder / "models.py"
    source.write_text(source.read_text() + "\n# changed\n")
    assert differences(storage, compare(project)) == [
        f"study.search_space: {source.resolve()} has changed since the study dense was begun"
    ]


def test_what_differs_in_one_of_several_data_sets_is_said_under_its_name(storage, project):
    both = 'study.dataset=["digits", "line"]'
    make_stored(compare(project, both), storage)
    assert differences(storage, compare(project, both, "data.line.images_per_class=10")) == [
        "data.line.options.images_per_class: the stored study dense has 1000, this file has 10"
    ]


def named(project, *listed):
    """Variants that are written out, in an order of one's own."""
    units = {"a": 4, "b": 8}
    tables = ", ".join(f"{name} = {{ units = {units[name]} }}" for name in listed)
    return project.study(
        f"vary.variants={{ {tables} }}",
        "vary.baseline=a",
        "tune.parameters=[]",
        "tune.learning_rate={ low = 0.001, high = 1.0 }",
        "replicate.seeds=2",
    )


def test_variants_in_another_order_are_the_same_question(storage, project):
    make_stored(named(project, "a", "b"), storage)
    check_question(storage, named(project, "b", "a"))


def test_a_study_in_another_order_is_found_as_it_was_run_last(storage, project):
    make_stored(named(project, "a", "b"), storage)
    again = named(project, "b", "a")
    make_stored(again, storage)
    assert find_study(storage, "dense").spec == again


# Studies of others


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_is_not_ours_is_refused(storage, spec, name):
    optuna.create_study(study_name=name, storage=storage).set_user_attr("mine", 1)
    with pytest.raises(InputError) as caught:
        make_stored(spec, storage)
    assert str(caught.value) == (
        f"{spec.path}: study.name: the storage holds a study {name} that was not made by this "
        "study; rename yours"
    )
    assert names(storage) == [name]


def test_trials_of_another_hand_are_refused(storage, project):
    study = optuna.create_study(study_name="dense", storage=storage)
    study.tell(study.ask(), 0.5)
    with pytest.raises(InputError, match="holds a study dense that was not made by this study"):
        make_stored(project.study(), storage)


def test_a_part_of_another_study_is_refused(storage, project, spec):
    make_stored(project.study("study.name=dense/replicate"), storage)
    with pytest.raises(InputError, match="a study dense/replicate that was not made by this study"):
        make_stored(spec, storage)


# Cut off


class CutError(Exception):
    """What ends a process in the middle."""


def cut_after(steps, patch):
    """Lets so many writes of `open_study` happen and then cuts it off."""
    left = [steps]

    def counted(write):
        def step(*arguments, **named):
            if left[0] == 0:
                raise CutError
            left[0] -= 1
            return write(*arguments, **named)

        return step

    patch.setattr(module, "create_study", counted(module.create_study))
    for name in ("set_user_attr", "set_metric_names"):
        patch.setattr(optuna.Study, name, counted(getattr(optuna.Study, name)))


@pytest.mark.parametrize("steps", range(18))
def test_wherever_making_is_cut_off_it_is_finished_next_time(storage, spec, steps):
    with pytest.MonkeyPatch.context() as patch, pytest.raises(CutError):
        cut_after(steps, patch)
        make_stored(spec, storage)
    before = find_study(storage, "dense")
    assert before is None or before.spec == spec
    stored = make_stored(spec, storage)
    assert names(storage) == PARTS
    assert [load(storage, name).metric_names for name in PARTS] == [["val_loss"]] * 3
    assert [load(storage, name).user_attrs["study"] for name in PARTS] == ["dense"] * 3
    assert stored.parts[next(iter(stored.parts))].user_attrs["question"] == spec.question()
    assert find_study(storage, "dense").spec == spec
    check_question(storage, spec)


def test_making_takes_eighteen_steps(storage, spec, monkeypatch):
    """So that the test above cuts after every one of them."""
    cut_after(18, monkeypatch)
    make_stored(spec, storage)
    with pytest.raises(CutError):
        load(storage, "dense/replicate").set_user_attr("another", "step")


def test_raising_counts_when_cut_off_is_finished_next_time(storage, project, spec):
    make_stored(spec, storage)
    more = compare(project, seeds=9)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(CutError):
        cut_after(0, patch)
        make_stored(more, storage)
    assert find_study(storage, "dense").spec == spec
    assert list(owed_replicates(make_stored(more, storage))) == []
    assert find_study(storage, "dense").spec == more


# Removed


def artifacts_in(folder, storage):
    return Artifacts(StoragePlace(str(folder / "ablate.journal")), storage)


def test_a_study_is_removed_with_all_its_parts(storage, project, spec, tmp_path):
    stored = make_stored(spec, storage)
    tune(stored, "units=4", 0.5)
    replicate(stored, "units=4", 1)
    make_stored(compare(project, "study.name=dense/tune"), storage)
    make_stored(project.study("study.name=other"), storage)
    optuna.create_study(study_name="of another hand", storage=storage)
    remove_study(storage, "dense", artifacts_in(tmp_path, storage))
    remove_study(storage, "never there", artifacts_in(tmp_path, storage))
    assert names(storage) == [
        *(f"dense/{name.replace('dense', 'tune')}" for name in PARTS),
        "other",
        "of another hand",
    ]
    assert find_study(storage, "dense") is None


def test_artifacts_go_with_the_trials_that_they_belong_to(storage, project, spec, tmp_path):
    artifacts = artifacts_in(tmp_path, storage)
    (tmp_path / "curves.csv").write_text("1,2\n")
    kept = {}
    for name in ("dense", "other"):
        stored = make_stored(compare(project, f"study.name={name}"), storage)
        for study in (stored.tuning[cell("units=4")], stored.replicates):
            trial = study.ask()
            artifacts.upload(trial, tmp_path / "curves.csv", "text/csv")
            (kept[name],) = artifacts.of(trial)
            study.tell(trial, 0.5)
    (gone,) = artifacts.of(find_study(storage, "dense").replicates.trials[0])
    artifacts.remove(gone)
    remove_study(storage, "dense", artifacts)
    left = {path.name for path in (tmp_path / "artifacts").iterdir()}
    assert len(left) == 2
    assert kept["other"].id in left


def test_wherever_removing_is_cut_off_the_rest_is_still_known_for_what_it_is(
    storage, project, spec, tmp_path, monkeypatch
):
    make_stored(spec, storage)
    removed = []

    def cut(study_name, storage):
        if removed:
            raise CutError
        removed.append(study_name)
        optuna.delete_study(study_name=study_name, storage=storage)

    monkeypatch.setattr(module, "delete_study", cut)
    with pytest.raises(CutError):
        remove_study(storage, "dense", artifacts_in(tmp_path, storage))
    assert differences(storage, compare(project, "training.epochs=9")) == [
        "training.epochs: the stored study dense has 2, this file has 9"
    ]


def test_what_is_stored_is_plain_json(storage, spec):
    make_stored(spec, storage)
    attributes = load(storage, PARTS[0]).user_attrs
    assert json.loads(json.dumps(attributes)) == attributes
    assert open_study(storage, spec, {"digits": "digest of digits"}).spec == spec


def test_many_that_make_a_study_at_once_make_one(project):
    study = project.study()
    barrier, opened, errors = threading.Barrier(6), [], []

    def make():
        storage = open_storage(project.place)
        barrier.wait()
        try:
            opened.append(open_study(storage, study, {"digits": "0"}))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert study_names(open_storage(project.place)) == ["dense"]


def test_what_is_kept_once_is_found_in_whatever_order_the_study_is_asked(storage, project):
    begun = make_stored(named(project, "a", "b"), storage)
    record_threads(begun, 3)
    write_cards(begun, {"digits": {"digest": "x"}})
    KEPT_CODE.add(begun.describing, "models.py", file_digest(project.folder / "models.py"))
    again = make_stored(named(project, "b", "a"), storage)
    for stored in (again, find_study(storage, "dense"), stored_as(storage, again.spec)):
        assert stored.describing.study_name == begun.describing.study_name
        assert recorded_threads(stored) == 3
        assert data_digests(stored) == {"digits": "digest of digits"}
        assert data_cards(stored) == {"digits": {"digest": "x"}}
        assert list(KEPT_CODE.of(stored.describing)) == ["models.py"]


def test_a_search_for_each_seed_keeps_the_first_ones_when_seeds_are_added(storage, project):
    def asked(seeds):
        return compare(project, "replicate.searches=each", seeds=seeds)

    one = make_stored(asked(1), storage)
    assert [part.name for part in one.parts] == [
        "dense/tune/units=16/search 1",
        "dense/tune/units=4/search 1",
        "dense/replicate",
    ]
    two = make_stored(asked(2), storage)
    assert two.parts.keys() > one.parts.keys()
    assert find_study(storage, "dense").spec.seeds == (1, 2)
    assert two.spec.search_seed(two.spec.searched_cell(cell("units=4"), 1)) == one.spec.search_seed(
        one.spec.searched_cell(cell("units=4"), 1)
    )
    make_stored(asked(1), storage)
    assert find_study(storage, "dense").spec.seeds == (1,)


def test_a_single_search_for_each_seed_keeps_its_name_too(storage, project):
    searches = ("replicate.searches=each", "tune.parameters=[]", "tune.units={ choices = [4, 16] }")
    for seeds in (1, 2):
        make_stored(project.study(f"replicate.seeds={seeds}", *searches), storage)
    assert names(storage) == [
        "dense/tune/space/search 1",
        "dense/replicate",
        "dense/tune/space/search 2",
    ]


def test_verdicts_may_be_asked_for_otherwise_until_something_is_tested(storage, project):
    make_stored(project.study(), storage)
    added = project.study("replicate.seeds=3", "replicate.metric=f1")
    stored = make_stored(added, storage)
    check_question(storage, project.study("replicate.seeds=3", "replicate.margin=2"))
    replicate(stored, stored.spec.baseline, 1)
    assert differences(storage, project.study("replicate.seeds=3", "replicate.margin=2")) == [
        "replicate.margin: the stored study dense has nothing, this file has 2.0",
        'replicate.metric: the stored study dense has "f1", this file has "accuracy"',
    ]
