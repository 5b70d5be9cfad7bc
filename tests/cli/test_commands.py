"""The commands as a user meets them: output, exit codes, and errors without a traceback."""

from __future__ import annotations

import numpy as np
import pytest

from ablate.cli.options import Duration


def refused(project, *arguments, **environment):
    """A command's complaint; nothing was changed on disk and there was no traceback."""
    before = project.files()
    result = project.ablate(*arguments, **environment)
    assert result.returncode == 2, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert project.files() == before
    return result.stderr.strip()


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
    sizes = [line.split() for line in lines[-3:]]
    assert [(row[1], row[-3]) for row in sizes] == [
        ("default", "1,210"),
        ("smallest", "310"),
        ("largest", "1,210"),
    ]


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
    assert "dense: complete (1 complete of 1); 1 trained now" in result.stdout


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
