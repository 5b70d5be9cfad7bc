"""The commands as a user meets them: output, exit codes, and errors without a traceback."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import COMPARED
from hand_made import make_stored
from report.by_hand import ByHand

import ablate
from ablate.cli import main
from ablate.cli.options import Duration
from ablate.cli.plan import estimate_text
from ablate.cli.run import summary_text
from ablate.planning.estimate import Estimate
from ablate.running.run import RunSummary
from ablate.state.phases import PhaseState
from ablate.store.place import open_storage
from ablate.workers.executors.defaults import Machine


def refused(project, *arguments, **environment):
    """A command's complaint; nothing was changed on disk and there was no traceback."""
    before = project.files()
    result = project.ablate(*arguments, **environment)
    assert result.returncode == 2, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert project.files() == before
    return result.stderr.strip()


@pytest.fixture
def called(monkeypatch, capsys):
    """Calls a command in this process; its exit code, output and errors."""

    def called(*arguments):
        monkeypatch.setattr(sys, "argv", ["ablate", *arguments])
        with pytest.raises(SystemExit) as exit:
            main()
        output = capsys.readouterr()
        return exit.value.code, output.out, output.err

    return called


def test_check_says_what_would_run(project):
    before = project.files()
    result = project.ablate("check", "study.toml", "--models")
    assert result.returncode == 0, result.stderr
    assert project.files() == before
    lines = result.stdout.splitlines()
    assert lines[0] == "dense: How wide?"
    assert "  data          digits: 160 training images, 5 steps an epoch" in lines
    assert "  trials        3 of up to 2 epochs, sampler random, pruner none" in lines
    assert "  space         3 configurations: units 4, 8, 16" in lines
    assert any(line.startswith("  runs code     ") and "models.py" in line for line in lines)
    models = project.folder / "models.py"
    assert f"dense is made by {models}: edited, it is another question" in lines
    assert lines[-1] == "trained for two steps, twice from one seed: the same numbers"
    sizes = [line.split() for line in lines[-4:-1]]
    assert [(row[1], row[-3]) for row in sizes] == [
        ("default", "1,210"),
        ("smallest", "310"),
        ("largest", "1,210"),
    ]


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (
            "keras.layers.Dense(num_classes)",
            "its last layer, dense, gives no probabilities: its activation is linear; "
            "end it in a softmax",
        ),
        (
            "keras.layers.Dense(num_classes, lambda x: x)",
            "its last layer, dense, gives no probabilities: rows sum to ",
        ),
    ],
)
def test_check_refuses_a_network_that_ends_in_logits(project, last, told):
    (project.folder / "models.py").write_text(
        "import keras\n"
        "def build(input_shape, num_classes, *, units=16, trouble='none'):\n"
        "    layers = [keras.Input(input_shape), keras.layers.Flatten(), " + last + "]\n"
        "    return keras.Sequential(layers)\n"
    )
    result = project.ablate("check", "study.toml", "--models")
    assert result.returncode == 2
    assert result.stderr.startswith(f"models.py:build: {told}")
    assert len(result.stderr.splitlines()) == 1


def test_check_builds_the_reference_networks(project):
    result = project.ablate("check", "--models")
    assert result.returncode == 0, result.stderr
    rows = {tuple(line.split()[:3]) for line in result.stdout.splitlines()}
    assert rows >= {
        ("baseline", "mnist", "6,435,530"),
        ("baseline", "line", "6,526,816"),
        ("bottleneck", "mnist", "55,826"),
        ("bottleneck", "line", "62,568"),
        ("variation", "mnist", "133,194"),
        ("variation", "line", "221,920"),
    }


def test_check_and_run_warn_of_a_lagging_batch_norm(project):
    lag = ("--set", "fix.batch_norm_momentum=0.99")
    result = project.ablate("check", "smoke", *lag)
    assert (
        "  warning       an epoch has 41 steps, but with batch_norm_momentum = 0.99"
        in result.stdout
    )
    result = project.ablate("run", "smoke", *lag, "--timeout", "0")
    assert result.stderr.startswith("warning: an epoch has 41 steps")


def test_check_reports_the_problems_of_all_studies(project):
    message = refused(
        project,
        "check",
        "study.toml",
        "smok",
        "--set",
        "training.epoch=3",
        "--set",
        "tune.trials=0",
    )
    assert message.splitlines() == [
        'study.toml: training.epoch: unknown key; did you mean "epochs"?',
        "study.toml: tune.trials: must be above 0, found 0",
        'smok: unknown study; did you mean "smoke"?',
    ]


def test_data_prints_a_card(project):
    result = project.ablate(
        "data", "line", "--set", "images_per_class=10", "--set", "whole_pixel=true"
    )
    assert result.returncode == 0, result.stderr
    assert "  images        576 for training, 384 for testing" in result.stdout
    assert "are exact copies of training images: test scores reward memory" in result.stdout


def test_run_reads_the_users_mnist(project):
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 10
    images = rng.integers(0, 100, (300, 28, 28)).astype(np.uint8)
    images[np.arange(300), labels] = 255
    np.savez(
        project.folder / "mnist.npz",
        x_train=images[:200], y_train=labels[:200], x_test=images[200:], y_test=labels[200:],
    )  # fmt: skip
    result = project.ablate(
        "run", "study.toml", "--set", "study.dataset=mnist", "--set", "data.home=.", "--trials", "1"
    )
    assert result.returncode == 0, result.stderr
    assert "dense: complete (1 complete of 1 trials); 1 trained now" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "none.toml"), "none.toml: there is no such study file; known: "),
        (("run", "study.toml", "--set", "epochs"), "--set: must be written KEY=VALUE, for example"),
        (("run", "study.toml", "--storage", "."), "storage .: is a folder; name a file"),
        (
            ("run", "study.toml", "--storage", "models.py"),
            "storage models.py: is not an Optuna journal; name another file",
        ),
        (
            ("run", "study.toml", "--set", "data.per_class=1000"),
            "digits: data.per_class: class ",
        ),
        (
            ("run", "study.toml", "--set", "study.dataset=npz", "--set", "data.file=models.py"),
            "models.py: the file cannot be read: ",
        ),
        (
            ("run", "study.toml", "--set", "study.dataset=mnist", "--set", "data.home=none"),
            "none: the folder for data files does not exist",
        ),
        (("report",), "storage runs/ablate.journal: there is no such file: nothing has been run"),
        (
            ("data", "lin"),
            '--set: study.dataset: unknown data set, found "lin"; did you mean "line"?',
        ),
        (("chek",), 'unknown command chek; did you mean "check"?'),
        (("run", "study.toml", "--timeout", "soon"), "'soon' is not a time; write for example"),
        (("run", "study.toml", "--epochs", "3"), "No such option"),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(project, arguments, message):
    assert message in refused(project, *arguments)


def test_a_damaged_data_file_is_refused(project):
    (project.folder / "mine.npz").write_bytes(b"PK\x03\x04 not really")
    message = refused(
        project, "run", "study.toml", "--set", "study.dataset=npz", "--set", "data.file=mine.npz"
    )
    assert "mine.npz: the file cannot be read: " in message


def test_broken_toml_is_refused_with_its_line(project):
    project.study_file.write_text("[study]\nname = \n")
    message = refused(project, "run", "study.toml")
    assert message == "study.toml: not valid TOML: Invalid value (at line 2, column 8)"


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90.0), ("30m", 1800.0), ("1.5h", 5400.0), ("10", 10.0)]
)
def test_times_have_units(text, seconds):
    assert Duration().convert(text, None, None) == seconds


CHECKED = """\
compared: Are four units enough?
  file          study.toml
  data          digits: 160 training images, 5 steps an epoch
  images        digits: 8 x 8 x 1 (height x width x channels), float32, 0 to 1; 200 to train and validate, 200 to test
  classes       digits: 10, each with 20 training and 20 test images: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
  search space  space (models.py:build)
  variants      2 (one at a time), compared with units=16
                units=4
  trials        4 (2 each) of up to 2 epochs, sampler random, pruner none
  space         continuous: learning_rate 0.001 to 0.1 (log)
  replicates    6 (3 seeds each), verdicts on test accuracy
  workers       2 side by side, 1 thread each (of 2 cores)
  runs code     {models} (look at it before you run it)
  warning       6 seeds are needed for a verdict, here are 3: no difference, however large, can be told from chance

"""


def test_check_says_what_an_ablation_would_run(project, called, monkeypatch):
    monkeypatch.setattr(Machine, "here", lambda: Machine((0, 1), (), 16 * 2**30))
    project.study_file.write_text(COMPARED)
    before = project.files()
    models = project.folder / "models.py"
    assert called("check", "study.toml") == (0, CHECKED.format(models=models), "")
    assert project.files() == before


@pytest.mark.parametrize(
    ("models", "line"),
    [
        ("best", "  models        the network of each variant's best run is kept\n"),
        ("all", "  models        the networks of all complete runs are kept\n"),
    ],
)
def test_check_says_which_networks_are_kept(project, called, models, line):
    assert line in called("check", "study.toml", "--set", f"artifacts.models={models}")[1]


def test_check_of_a_comparison_speaks_of_no_trials(project, called):
    start, end = COMPARED.index("[tune]"), COMPARED.index("[replicate]")
    project.study_file.write_text(COMPARED[:start] + COMPARED[end:])
    code, output, _ = called("check", "study.toml", "--set", "replicate.seeds=1")
    assert code == 0
    assert "  replicates    2 (1 seed each), verdicts on test accuracy\n" in output
    assert "trials" not in output


def test_check_measures_the_networks_of_every_variant(project):
    project.study_file.write_text(COMPARED)
    result = project.ablate("check", "study.toml", "--models")
    assert result.returncode == 0, result.stderr
    rows = [line.split() for line in result.stdout.splitlines()[-3:-1]]
    assert [row[:4] for row in rows] == [
        ["compared", "units=16:", "default", "1,210"],
        ["compared", "units=4:", "default", "310"],
    ]


def test_a_large_factorial_design_needs_consent(project, called):
    sizes = list(range(1, 130))
    varied = f'[vary]\ndesign = "factorial"\nbatch_size = {sizes}\n'
    project.study_file.write_text(
        COMPARED.replace("[vary]\n", varied).replace("batch_size = 32\n", "")
    )
    for command in ("check", "plan", "run"):
        assert called(command, "study.toml") == (
            2,
            "",
            "study.toml: vary.design: this factorial design has 258 cells, more than 256; vary "
            "less, or consent with --yes\n",
        )
    code, output, errors = called("check", "study.toml", "--yes")
    assert (code, errors) == (0, "")
    assert "  variants      258 (factorial), compared with batch_size=128 units=16\n" in output
    assert "                and 245 more\n" in output
    assert "  trials        516 (2 each)" in output


def test_check_says_how_long_trials_are_where_epochs_are_varied(project, called):
    varied = COMPARED.replace("units = [4, 16]", "epochs = [2, 20]")
    project.study_file.write_text(varied)
    assert "of up to 20 epochs" in called("check", "study.toml")[1]


def test_plan_tells_how_long_it_takes_and_keeps_no_trial(project):
    varied = 'units = [4, 16]\ntrouble = ["none", "infeasible"]\n'
    project.study_file.write_text(COMPARED.replace("units = [4, 16]\n", varied))
    result = project.ablate("plan", "study.toml")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert "  variants      3 (one at a time), compared with baseline" in lines
    after = lines[lines.index("") + 1 :]
    assert after[0] == "trouble=infeasible cannot be built: nothing can be built here"
    seconds = r"first epoch \d+\.\d s, with compilation, later ones \d+\.\d s"
    assert re.fullmatch(rf"timed baseline: {seconds}", after[1])
    assert re.fullmatch(rf"timed units=4: {seconds}", after[2])
    assert re.fullmatch(r"\d workers train \d\.\d\d times as much as one", after[3])
    assert re.fullmatch(r"about \d+ s: \d+ s for trials; \d+ s for replicates", after[4])
    kept = {name for name in project.files() if name.startswith("runs")}
    assert "runs/ablate.journal" not in kept
    assert {name.split("/")[1] for name in kept if "/" in name} == {"data", "logs"}


def test_an_estimate_names_the_phases_that_there_are(project):
    project.study_file.write_text(COMPARED)
    study, found = project.study(), Estimate(tune=90.0, replicate=3600.0)
    assert estimate_text(study, found) == (
        "about 1 h 01 min: 1 min 30 s for trials; 1 h 00 min for replicates"
    )
    pruned = project.study('tune.pruner="median"')
    assert "1 min 30 s for trials, less where some are pruned; 1 h" in estimate_text(pruned, found)
    alone = study.model_copy(update={"tune": None})
    assert estimate_text(alone, replace(found, tune=0.0)) == (
        "about 1 h 00 min: 1 h 00 min for replicates"
    )


def test_a_complete_study_has_nothing_to_do(compared, called, monkeypatch):
    monkeypatch.chdir(compared.folder)
    before = compared.files()
    code, output, errors = called("run", "study.toml")
    assert (code, errors) == (0, "")
    first, second, summary, advice = output.splitlines()
    assert first == "compared: 4 of 4 trials are finished"
    assert second == "compared: 6 of 6 replicates are finished"
    assert re.fullmatch(
        r"compared: already complete, nothing to do \(4 complete of 4 trials; "
        r"6 complete of 6 replicates\); 0 trained now in \d+ s",
        summary,
    )
    assert advice == "see the results: ablate report compared"
    assert compared.files() == before


def test_the_plan_of_a_complete_study_says_that_nothing_is_left(compared, called, monkeypatch):
    monkeypatch.chdir(compared.folder)
    before = compared.files()
    code, output, errors = called("plan", "study.toml")
    assert (code, errors) == (0, "")
    assert output.splitlines()[-1] == (
        "nothing is left to train: 4 of 4 trials and 6 of 6 replicates are finished"
    )
    assert compared.files() == before


def test_a_run_says_how_each_phase_ended():
    tune = PhaseState("tune", 6, 6, {"complete": 4, "pruned": 1, "failed": 1})
    replicate = PhaseState("replicate", 6, 5, {"complete": 4, "missing": 1})
    summary = RunSummary((tune, replicate), trained=11, seconds=61.0, stopped=None)
    assert summary_text("mine", summary) == (
        "mine: complete (4 complete, 1 pruned, 1 failed of 6 trials; 4 complete, 1 missing of 6 "
        "replicates); 11 trained now in 1 min 01 s"
    )
    assert summary.complete == 8
    begun = replace(replicate, finished=0, counts={})
    stopped = replace(summary, phases=(tune, begun), stopped="timeout")
    none = (PhaseState("replicate", 4, 4, {"missing": 4}),)
    for trained in (4, 0):
        assert summary_text("mine", RunSummary(none, trained, 61.0, None)).startswith(
            "mine: ended, and none of 4 replicates is complete (4 missing of 4 replicates); "
        )
    assert summary_text("mine", stopped).startswith(
        "mine: stopped at the time limit (4 complete, 1 pruned, 1 failed of 6 trials; none yet of 6 "
        "replicates); "
    )


def test_trials_of_a_study_that_tunes_nothing_are_refused(project, called):
    start, end = COMPARED.index("[tune]"), COMPARED.index("[replicate]")
    project.study_file.write_text(COMPARED[:start] + COMPARED[end:])
    before = project.files()
    code, output, errors = called("run", "study.toml", "--trials", "5")
    assert (code, output) == (2, "")
    assert errors == (
        "--trials: this study tunes nothing: it has no [tune]; for more replicates give --seeds\n"
    )
    assert project.files() == before


def test_a_report_on_one_seed_says_what_cannot_be_known(project, called):
    study = ByHand(project.folder, "[replicate]\nseeds = 1\n", storage=open_storage(project.place))
    study.replicates("space", [0.9])
    code, output, errors = called("report", "asked")
    assert (code, errors) == (0, "")
    assert output.splitlines()[2:4] == [
        "space reached a test accuracy of 0.9000 with one seed; how much that varies from seed to "
        "seed cannot be known from one.",
        "replicates: 1 complete",
    ]
    assert output.splitlines()[-1] == (
        "written: reports/asked/report.html, reports/asked/report.md, reports/asked/trials.csv and 1 figure"
    )


def test_a_report_of_a_comparison_is_printed_and_written(compared, called, monkeypatch, tmp_path):
    monkeypatch.chdir(compared.folder)
    code, output, errors = called("report", "compared", "--out", str(tmp_path))
    assert (code, errors) == (0, "")
    assert output.startswith(
        "compared\nAre four units enough?\nWhether units=4 differs from units=16 cannot be told: 6 "
        "seeds are needed, there are 3.\ntrials: 4 complete\nreplicates: 6 complete\n"
    )
    names = ("report.html", "report.md", "trials.csv")
    paths = list((tmp_path / "compared").iterdir())
    figures = {path.name for path in paths} - set(names)
    assert {path.name for path in paths} - figures == set(names)
    assert {"variants.svg", "differences.svg", "curves.svg"} <= figures
    assert output.splitlines()[-1] == (
        f"written: {', '.join(str(tmp_path / 'compared' / name) for name in names[:-1])}, "
        f"{tmp_path / 'compared' / names[-1]} and {len(figures)} figures"
    )


@pytest.mark.parametrize("options", [("--sort", "accuracy"), ("--top", "3")])
def test_what_a_comparison_cannot_be_sorted_by_is_refused(compared, called, monkeypatch, options):
    monkeypatch.chdir(compared.folder)
    code, _, errors = called("report", "compared", *options)
    assert (code, errors.strip()) == (
        2,
        f"{options[0]}: the report of compared has no table of trials: it compares variants; leave it "
        "out",
    )


@pytest.mark.parametrize("names", [("compared",), ("compared", "compared")])
def test_one_study_is_no_comparison(compared, called, monkeypatch, names):
    monkeypatch.chdir(compared.folder)
    code, _, errors = called("compare", *names)
    assert (code, errors.strip()) == (
        2,
        "ablate compare: name two studies or more; about one: ablate report compared",
    )


def test_a_full_output_is_said(compared):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        result = subprocess.run(
            compared.command("report", "compared", "--format", "terminal"),
            cwd=compared.folder,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (result.returncode, result.stderr.strip()) == (
        1,
        "the output cannot be written: No space left on device",
    )


def test_results_hold_what_was_varied(compared):
    table = ablate.results("compared", storage=compared.place.url)
    assert not table["units"].isna().any()
    assert (table["variant"] == "units=" + table["units"].astype(str)).all()


def test_check_compares_with_the_stored_study_as_run_does(project, called):
    make_stored(project.study(), open_storage(project.place))
    before = project.files()
    assert called("check", "study.toml", "--storage", "runs/ablate.journal")[0] == 2, "other images"
    changed = ("study.toml", "--storage", "runs/ablate.journal", "--set", "training.epochs=7")
    code, _, errors = called("check", *changed)
    assert (code, errors) == (
        2,
        "study.toml: training.epochs: the stored study dense has 2, this file has 7; rename the "
        "study to keep both, or run with --fresh to delete the old one's trials\n",
    )
    assert called("run", *changed)[::2] == (code, errors)
    assert called("check", "study.toml", "--storage", "none.journal")[0] == 0
    assert project.files() == before


def test_check_refuses_what_cannot_be_split_as_run_does(project, called):
    asked = ("study.toml", "--set", "data.per_class=4", "--set", "data.validation=0.2")
    code, output, errors = called("check", *asked)
    assert (code, output, errors) == (
        2,
        "",
        "digits: data.validation: a share of 0.2 of 40 training examples is 8 examples, fewer than the "
        "10 classes; set it to 0.25 or more\n",
    )
    assert called("run", *asked)[::2] == (code, errors)
