"""What goes wrong inside a network becomes a trial with its reason, and the study goes on."""

from __future__ import annotations

import ablate


def outcomes(project):
    table = ablate.results("dense", storage=project.place.url)
    table = table.astype(object).where(table.notna(), None)
    return {row.trouble: (row.outcome, row.reason) for row in table.itertuples()}


def test_every_trouble_is_recorded_with_its_reason(troubled):
    assert outcomes(troubled) == {
        "none": ("complete", None),
        "infeasible": ("infeasible", "nothing can be built here"),
        "raises": ("failed", "RuntimeError: a mistake in the model <script> | _"),
        "memory": ("failed", "out of memory"),
        "exits": ("failed", "the worker ended with exit code 3"),
        "nan": ("failed", "the training loss is nan after epoch 1"),
        "no_model": ("failed", "build returned str, not a keras.Model"),
        "outputs": (
            "failed",
            "build returned a network with output shape (None, 11), but the data have 10 classes",
        ),
    }


def test_the_log_holds_the_traceback(troubled):
    log = (troubled.folder / "runs" / "logs" / "dense.log").read_text()
    assert 'raise RuntimeError("a mistake in the model <script> | _")' in log


def test_running_again_trains_nothing(troubled):
    from ablate.study import run_study

    study = troubled.study(
        'tune.sampler="brute_force"',
        "tune.parameters=[]",
        "tune.trials=20",
        'tune.trouble={ choices = ["none", "infeasible", "raises", "memory", "exits", "nan", "no_model", "outputs"] }',
    )
    summary = run_study(study, troubled.place)
    assert (summary.trained, summary.total) == (0, 8)
    assert summary.counts == {"complete": 1, "infeasible": 1, "failed": 6}


def test_ten_failures_in_a_row_stop_the_study(project):
    result = project.ablate(
        "run",
        "study.toml",
        "--set",
        "tune.parameters=[]",
        "--set",
        'tune.trouble={ choices = ["raises"] }',
        "--trials",
        "20",
    )
    assert result.returncode == 1
    assert (
        "10 trials in a row failed and none succeeded; the last one: RuntimeError: "
        "a mistake in the model <script> | _; the worker's log: runs/logs/dense.log"
    ) in result.stderr
    assert "Traceback" not in result.stderr
    assert ablate.results("dense", storage=project.place.url)["outcome"].tolist() == ["failed"] * 10
