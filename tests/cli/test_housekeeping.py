"""The commands that look after a storage, as a user meets them."""

from __future__ import annotations

import os
import re
import sys

import pytest
from hand_made import compare, make_stored
from kept_study import AWAY, Kept

from ablate import catalog
from ablate.cli import main
from ablate.cli.show import bars
from ablate.store.owner import Owner
from ablate.store.place import open_storage
from ablate.store.studies import write_cards

STORAGE = "storage runs/ablate.journal"


@pytest.fixture
def called(monkeypatch, capsys):
    """Calls a command in this process; its exit code, the lines of its output, and errors."""

    def called(*arguments):
        monkeypatch.setattr(sys, "argv", ["ablate", *arguments])
        with pytest.raises(SystemExit) as exit:
            main()
        output = capsys.readouterr()
        return exit.value.code, [line.rstrip() for line in output.out.splitlines()], output.err

    return called


def unchanged(kept, called, *arguments):
    """The same, for a command that changes nothing."""
    before = kept.files()
    found = called(*arguments)
    assert kept.files() == before
    return found


# list


def test_where_nothing_has_been_run_it_says_what_to_do(project, called):
    before = project.files()
    code, lines, errors = called("list")
    assert (code, errors) == (0, "")
    assert lines == [
        "runs/ablate.journal: nothing has been run here yet; run a study first, for example: "
        "ablate run smoke",
        f"studies that ship with ablate: {', '.join(catalog.shipped('studies'))}",
    ]
    assert project.files() == before


def test_a_list_of_a_complete_study(whole, called):
    code, lines, errors = unchanged(whole, called, "list")
    assert (code, errors) == (0, "")
    assert lines[0] == "runs/ablate.journal: 1 study"
    assert re.split("  +", lines[1]) == [
        *("study", "state", "trials", "replicates", "size", "last activity")
    ]
    row = re.split("  +", lines[2])
    assert row[:5] == ["dense", "complete", "4 complete", "4 complete", "1.1 kB"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", row[5])


def test_a_list_tells_the_living_from_the_lost(kept, called):
    kept.tune()
    kept.begin()
    kept.begin("units=4", owner=Owner.this_process())
    _, lines, _ = unchanged(kept, called, "list")
    row = re.split("  +", lines[2])
    assert row[:3] == [
        "dense",
        "1 of 8 trained, running now",
        "1 complete, 1 running, 1 cut off",
    ]


# show


def test_everything_about_a_replicate(whole, called):
    write_cards(whole.stored, {"digits": {"image": [8, 8, 1]}})
    code, lines, errors = unchanged(whole, called, "show", "dense", "2", "--phase", "replicate")
    assert (code, errors) == (0, "")
    assert lines[:7] == [
        "dense: replicate 2 of units=16",
        "outcome            complete",
        "phase              replicate",
        "data set           digits",
        "variant            units=16",
        "seed               2",
        "configuration of   trial 0 of the search",
    ]
    assert "parameters         1,210" in lines
    assert "FLOPs of an image  2,420" in lines
    measures = lines.index("Measures")
    assert [line.split() for line in lines[measures + 2 : measures + 4]] == [
        ["validation", "0.4500", "0.9000", "0.8800"],
        ["test", "0.5000", "0.8700", "0.8600", "360"],
    ]
    epochs = lines.index("Epochs")
    assert lines[epochs + 1 : epochs + 3] == ["validation loss      █▁", "validation accuracy  ▁█"]
    assert [line.split() for line in lines[epochs + 4 : epochs + 6]] == [
        ["1", "1.0000", "0.4000", "0.9000", "0.4500", "1.50"],
        ["2", "0.5000", "0.8000", "0.4500", "0.9000", "1.50"],
    ]
    artifacts = [line for line in lines if "  can be read  runs/artifacts/" in line]
    assert [line.split()[0] for line in artifacts] == [
        "learning_curves.csv",
        "confusion_matrix.csv",
    ]


@pytest.mark.parametrize(
    ("shape", "one", "several"),
    [
        ([64], "a row", "rows"),
        ([8, 3], "an example", "examples"),
        ([8, 8, 1], "an image", "images"),
    ],
)
def test_measures_of_examples_are_called_what_these_are(whole, called, shape, one, several):
    write_cards(whole.stored, {"digits": {"image": shape}})
    _, lines, _ = called("show", "dense", "2", "--phase", "replicate")
    assert f"{f'FLOPs of {one}':18} 2,420" in lines
    assert lines[lines.index("Measures") + 1].split()[-1] == several


def test_a_failed_trial_says_why(kept, called):
    kept.tune(outcome="failed", reason="the loss became NaN", curves=(), confusion_matrix=None)
    _, lines, _ = unchanged(kept, called, "show", "dense", "0")
    assert lines[1:3] == ["outcome            failed", "reason             the loss became NaN"]
    assert not {"Epochs", "Artifacts"} & set(lines)


def test_a_trial_that_is_running_is_told_from_one_that_was_cut_off(kept, called):
    for owner in (Owner.this_process(), None):
        kept.begin(owner=owner).report(0.5, step=1)
    _, lines, _ = unchanged(kept, called, "show", "dense", "0")
    assert lines[1] == "outcome            running, 1 epoch so far"
    assert f"process            {os.getpid()} on {Owner.this_process().host}, still there" in lines
    assert lines[-2:] == ["epoch  validation loss", "    1           0.5000"]
    _, lines, _ = unchanged(kept, called, "show", "dense", "1")
    assert lines[1] == "outcome            cut off; the next run trains it again"


def test_epochs_without_curves_are_those_of_the_objective(project, called):
    spec = compare(project, "tune.trials=2", 'study.objective="val_accuracy"', seeds=2)
    kept = Kept(project.place, project.folder).make(spec)
    kept.begin(owner=Owner.this_process()).report(0.5, step=1)
    _, lines, _ = unchanged(kept, called, "show", "dense", "0")
    assert lines[-3:] == [
        "validation accuracy  ▁",
        "epoch  validation accuracy",
        "    1               0.5000",
    ]


def test_a_number_that_is_not_clear_is_refused_with_what_to_say(whole, called):
    code, lines, errors = unchanged(whole, called, "show", "dense", "1")
    assert (code, lines) == (2, [])
    assert errors.splitlines() == [
        "dense: trial 1: there are 3 trials of this number; say which one you mean:",
        "  --phase tune --variant units=16",
        "  --phase tune --variant units=4",
        "  --phase replicate --variant units=4",
    ]
    assert called("show", "dens", "1")[2] == (
        'dens: no such study has been run; did you mean "dense"?\n'
    )


def test_a_study_file_is_not_the_name_of_its_study(whole, called):
    for command in (("report",), ("delete", "--yes")):
        for file in ("dense.toml", "studies/dense.toml"):
            assert called(*command, file) == (
                2,
                [],
                f'{file}: no such study has been run; did you mean "dense"?\n',
            )


def test_what_is_no_number_of_a_trial_is_told_what_is(whole, called):
    for written in ("abc", "1.5"):
        code, lines, errors = called("show", "dense", written)
        assert (code, lines) == (2, [])
        assert (
            "a trial is named by its number in the report and in trials.csv, from 0, found "
            f'"{written}"' in errors
        )


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([0.0, 0.5, 1.0], "▁▅█"),
        ([1.0, float("nan"), 0.0, float("inf")], "█?▁?"),
        ([2.0, 2.0], "▁▁"),
        ([float("nan")], "?"),
    ],
)
def test_bars_go_from_the_lowest_to_the_highest(values, text):
    assert bars(values) == text


# delete


def test_deleting_asks_only_on_a_terminal(whole, called):
    code, lines, errors = unchanged(whole, called, "delete", "dense")
    assert (code, lines) == (2, [])
    assert errors == (
        "dense: is deleted only after a question, and there is no terminal to ask on; consent "
        "with --yes\n"
    )


@pytest.mark.parametrize("answer", [True, False])
def test_deleting_says_what_would_go_and_asks(whole, called, monkeypatch, answer):
    asked = []
    monkeypatch.setattr(sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr("click.confirm", lambda question: asked.append(question) or answer)
    before = whole.files()
    code, lines, errors = called("delete", "dense")
    what = "dense: 4 trials, 4 replicates, 16 artifacts (1.1 kB)"
    assert asked == [f"delete {what}?"]
    assert (code, errors) == (0, "")
    assert lines == [f"deleted {what}" if answer else "nothing was deleted"]
    assert (whole.files() == before) is not answer


def test_deleting_counts_as_a_list_does(kept, called):
    kept.tune()
    kept.tune("units=4", outcome="interrupted")
    kept.begin("units=4")
    code, lines, _ = called("delete", "dense", "--yes")
    assert code == 0
    assert lines[0].startswith("deleted dense: 1 trial, 0 replicates, 2 other trainings, ")


def test_a_study_whose_name_begins_as_an_option_can_be_read_and_deleted(kept, called):
    odd = kept.stored.spec.model_copy(update={"name": "-x"})
    make_stored(odd, open_storage(kept.place))
    assert called("list")[1][2].startswith("-x ") or called("list")[1][3].startswith("-x ")
    assert called("delete", "--yes", "--", "-x")[:2] == (
        0,
        ["deleted -x: 0 trials, 0 replicates, 0 artifacts (0 bytes)"],
    )


def test_deleting_leaves_nothing_of_it(whole, called):
    assert called("delete", "dense", "--yes")[0] == 0
    assert list(whole.place.artifacts.iterdir()) == []
    assert called("doctor")[:2] == (0, [f"{STORAGE}: in order; 0 studies, 0 trials"])
    assert called("delete", "dense", "--yes") == (2, [], "dense: no such study has been run\n")


def test_a_study_that_is_trained_is_not_deleted(kept, called):
    kept.begin()
    kept.begin(owner=Owner.this_process())
    kept.begin("units=4", owner=AWAY)
    code, lines, errors = unchanged(kept, called, "delete", "dense", "--yes")
    assert (code, lines) == (2, [])
    here = Owner.this_process()
    assert errors.splitlines() == [
        f"dense/tune/units=16: process {here.pid} on {here.host} is training trial 1; end that "
        "run first",
        "dense/tune/units=4: process 7 on elsewhere.invalid is training trial 0; end that run "
        "first; where that machine is gone: ablate doctor --repair --gone elsewhere.invalid",
    ]


# dashboard


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_that_is_none_is_refused(whole, called, port):
    code, lines, errors = unchanged(whole, called, "dashboard", "--port", port)
    assert (code, lines) == (2, [])
    assert errors.endswith(f"'--port': {port} is not in the range 0<=x<=65535.\n")


# doctor


def test_a_storage_in_order(whole, called):
    assert unchanged(whole, called, "doctor") == (
        0,
        [f"{STORAGE}: in order; 1 study, 8 trials"],
        "",
    )
    assert unchanged(whole, called, "doctor", "--repair")[0] == 0


def test_what_is_wrong_is_said_then_mended(kept, called):
    kept.tune()
    kept.begin()
    kept.begin_replicate()
    kept.begin("units=4", owner=AWAY)
    lines = kept.journal.read_bytes().splitlines(keepends=True)
    kept.journal.write_bytes(b"".join([*lines[:9], b"\0\n", *lines[9:], b'{"op_c']))
    (kept.place.artifacts / "stray").write_text("x")
    (kept.place.artifacts / ".stray.abcdefgh").write_text("x")
    os.utime(kept.place.artifacts / ".stray.abcdefgh", (0, 0))
    wrong = [
        f"{STORAGE}: 6 findings",
        "  journal: its last line was cut off",
        "  journal: line 10 is no record: Optuna reads no further",
        "  files: 1 file in runs/artifacts is left over from a write: .stray.abcdefgh",
        "  files: 1 file in runs/artifacts belongs to no trial: stray",
        "  trials: dense/tune/units=16: trial 1 is marked as running, but nobody trains it",
        "  trials: dense/replicate: replicate 0 is marked as running, but nobody trains it",
    ]
    note = (
        "  note: 1 trial of machine elsewhere.invalid: whether it still trains cannot be seen from "
        "here; if it is gone, say --gone elsewhere.invalid"
    )
    code, lines, errors = unchanged(kept, called, "doctor")
    assert (code, errors) == (1, "")
    assert lines == [*wrong, note, "add --repair to mend what can be mended"]
    code, lines, errors = called("doctor", "--repair")
    assert (code, errors) == (0, "")
    assert lines[: len(wrong) + 2] == [*wrong, note, ""]
    done = lines[len(wrong) + 2 :]
    assert done[:2] == [
        "dropped: 1 line that held nothing legible",
        "closed, to be trained again by the next run: 2 trials",
    ]
    assert re.fullmatch(r"backup: runs/ablate\.journal\.backup-\d{8}-\d{6}", done[2])
    assert done[3:] == ["", f"{STORAGE}: in order; 1 study, 4 trials", note]
    code, lines, _ = called("doctor", "--repair", "--gone", AWAY.host)
    assert code == 0
    assert "closed, to be trained again by the next run: 1 trial" in lines
    assert lines[-1] == f"{STORAGE}: in order; 1 study, 4 trials"


def test_what_cannot_be_mended_stays_found(kept, called):
    kept.tune()
    for path in kept.place.artifacts.iterdir():
        path.write_bytes(b"")
    code, lines, _ = unchanged(kept, called, "doctor", "--repair")
    assert code == 1
    assert lines == [
        f"{STORAGE}: 2 findings",
        "  artifacts: dense/tune/units=16: learning_curves.csv of trial 0 is cut off; it cannot be "
        "mended, reports leave it out",
        "  artifacts: dense/tune/units=16: confusion_matrix.csv of trial 0 is cut off; it cannot "
        "be mended, reports leave it out",
    ]


@pytest.mark.parametrize("command", ["list", "doctor", "show"])
def test_what_is_no_journal_is_refused(project, called, command):
    before = project.files()
    arguments = ("dense", "0") if command == "show" else ()
    code, lines, errors = called(command, *arguments, "--storage", "models.py")
    assert (code, lines) == (2, [])
    assert errors == "storage models.py: is not an Optuna journal; name another file\n"
    assert project.files() == before


def test_other_commands_point_at_the_doctor_where_a_journal_is_damaged(whole, called):
    lines = whole.journal.read_bytes().splitlines(keepends=True)
    whole.journal.write_bytes(b"".join([*lines[:9], b"\0\n", *lines[9:]]))
    message = f"{STORAGE}: is damaged: Optuna cannot read it; see what can be done: ablate doctor\n"
    assert unchanged(whole, called, "report", "dense") == (2, [], message)
