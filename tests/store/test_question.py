"""A study that another version stored is named, and never a traceback."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from hand_made import compare, make_stored, tune

from ablate.errors import InputError
from ablate.store.place import open_storage
from ablate.store.question import OtherVersionError, check_question
from ablate.store.studies import find_study

NEWER = {"versions": {"keras-ablate": "9.1"}, "commit": None}
SAID = (
    f"was stored by ablate 9.1, and ablate {version('keras-ablate')} cannot read it: training.magic: "
    "extra inputs are not permitted; read it with that version, or remove it: ablate delete dense"
)


def stored_by_another(project, **trial):
    """A study of a later version, whose training has a setting that is not known here."""
    storage = open_storage(project.place)
    stored = make_stored(compare(project, seeds=1), storage)
    if trial:
        tune(stored, "units=4", 0.5, **trial)
    first = next(iter(stored.parts.values()))
    spec = first.user_attrs["spec"]
    first.set_user_attr("spec", {**spec, "training": {**spec["training"], "magic": 1}})
    return storage


@pytest.fixture
def foreign(project):
    return stored_by_another(project, environment=NEWER)


def test_what_cannot_be_read_is_told_with_its_version(foreign):
    with pytest.raises(OtherVersionError) as caught:
        find_study(foreign, "dense")
    assert str(caught.value) == f"dense: {SAID}"


def test_without_a_trial_nobody_knows_which_version_it_was(project):
    storage = stored_by_another(project)
    with pytest.raises(OtherVersionError, match="was stored by another version of ablate, and"):
        find_study(storage, "dense")


@pytest.mark.parametrize(
    "command",
    [
        ("report", "dense"),
        ("show", "dense", "0"),
        ("compare", "dense", "other"),
        ("export", "dense", "units=4", "model.keras"),
    ],
)
def test_no_command_ends_in_a_traceback(project, foreign, command):
    found = project.ablate(*command)
    assert (found.returncode, found.stdout) == (2, "")
    assert f"dense: {SAID}" in found.stderr
    assert "Traceback" not in found.stderr


def test_list_and_doctor_say_which_version_stored_it(project, foreign):
    listed = project.ablate("list")
    assert listed.returncode == 0
    assert "dense  stored by ablate 9.1, unreadable here  " in listed.stdout
    examined = project.ablate("doctor")
    assert examined.returncode == 1
    assert examined.stdout.splitlines()[1] == (
        "  studies: dense was stored by ablate 9.1, and this version cannot read it; read it with "
        "that one, or remove it: ablate delete"
    )


def test_it_can_be_removed(project, foreign):
    assert project.ablate("delete", "dense", "--yes").returncode == 0
    assert not open_storage(project.place).get_all_studies()


def test_a_study_of_later_rules_is_read_and_not_continued(project):
    storage = open_storage(project.place)
    spec = compare(project, seeds=1)
    make_stored(spec.model_copy(update={"rules": 7}), storage)
    stored = find_study(storage, "dense")
    assert stored is not None
    assert stored.spec.rules == 7
    with pytest.raises(InputError) as caught:
        check_question(storage, spec)
    assert str(caught.value) == (
        f"{spec.path}: the stored study dense was begun under version 7 of the rules, and ablate "
        f"{version('keras-ablate')} knows only those up to 1; go on with a later version, or run "
        "with --fresh to delete its trials"
    )


def test_a_setting_that_came_later_has_its_default_in_an_older_study(project):
    """As if momentum had come after the study was stored."""
    storage = open_storage(project.place)
    spec = compare(project, seeds=1)
    first = next(iter(make_stored(spec, storage).parts.values()))
    for name in ("spec", "question"):
        asked = first.user_attrs[name]
        training = {key: value for key, value in asked["training"].items() if key != "momentum"}
        first.set_user_attr(name, {**asked, "training": training})
    check_question(storage, spec)
    with pytest.raises(
        InputError, match=r"training\.momentum: the stored study dense has 0\.9, this"
    ):
        other = spec.training.model_copy(update={"momentum": 0.5})
        check_question(storage, spec.model_copy(update={"training": other}))
