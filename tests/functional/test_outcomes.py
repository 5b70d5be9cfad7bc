"""What goes wrong inside a network becomes a trial with its reason, and the study goes on."""

from __future__ import annotations

import pytest
from conftest import make_project

import ablate
from ablate.running.run import run_study

pytestmark = pytest.mark.usefixtures("warm_workers")


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
        "exits": ("failed", "the worker ended with exit code 3, 3 times"),
        "nan": (
            "failed",
            "the network's outputs are not finite for 32 of 32 images; look for a division by 0 in its layers",
        ),
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
    study = troubled.study(
        'tune.sampler="brute_force"',
        "tune.parameters=[]",
        "tune.trials=20",
        'tune.trouble={ choices = ["none", "infeasible", "raises", "memory", "exits", "nan", "no_model", "outputs"] }',
    )
    summary = run_study(study, troubled.place)
    (tune,) = summary.phases
    assert (summary.trained, tune.phase, tune.total, tune.finished) == (0, "tune", 8, 8)
    assert tune.counts == {"complete": 1, "infeasible": 1, "failed": 6}
    assert (summary.complete, summary.stopped) == (1, None)


def test_ten_failures_in_a_row_stop_the_study(project):
    result = project.ablate(
        "run",
        "study.toml",
        "--set",
        'fix.trouble="raises"',
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


VARIANTS = {
    "plain": "none",
    "cannot be built": "infeasible",
    "always fails": "raises",
    "fails with seed 2": "raises_with_seed_2",
    "fails once": "raises_once",
    "dies once": "exits_once",
}
REPLICATED = """
[study]
name = "replicated"
dataset = "digits"
search_space = "troubles.toml"
[data]
per_class = 20
test_per_class = 20
validation = 0.2
[training]
epochs = 1
[vary]
baseline = "plain"
[replicate]
seeds = 3
[vary.variants]
"""


@pytest.fixture(scope="module")
def replicated(tmp_path_factory):
    """A comparison, run to its end, some of whose replicates fail."""
    project = make_project(tmp_path_factory.mktemp("replicated"))
    listed = ", ".join(f'"{trouble}"' for trouble in VARIANTS.values())
    (project.folder / "troubles.toml").write_text(
        'architecture = "models.py:build"\n[parameters]\n'
        f'trouble = {{ choices = [{listed}], default = "none" }}\n'
    )
    variants = "".join(f'"{k}" = {{ trouble = "{v}" }}\n' for k, v in VARIANTS.items())
    project.study_file.write_text(REPLICATED + variants)
    return project, run_study(project.study(), project.place)


def attempts(project):
    """The outcomes of each variant's replicates, by seed, in the order of their training."""
    table = ablate.results("replicated", storage=project.place.url)
    assert set(table["phase"]) == {"replicate"}
    found = {}
    for row in table.sort_values("number").itertuples():
        found.setdefault(row.variant, {}).setdefault(row.seed, []).append(row.outcome)
    return found


def test_a_replicate_that_fails_is_trained_once_more_and_no_more(replicated):
    project, summary = replicated
    good, made_good, lost = ["complete"], ["failed", "complete"], ["failed", "failed"]
    assert attempts(project) == {
        "plain": {1: good, 2: good, 3: good},
        "cannot be built": {1: ["infeasible"], 2: ["infeasible"], 3: ["infeasible"]},
        "always fails": {1: lost, 2: lost, 3: lost},
        "fails with seed 2": {1: good, 2: lost, 3: good},
        "fails once": {1: made_good, 2: good, 3: good},
        "dies once": {1: ["interrupted", "complete"], 2: good, 3: good},
    }
    (phase,) = summary.phases
    assert (phase.phase, phase.total, phase.finished) == ("replicate", 18, 18)
    assert phase.counts == {"complete": 11, "missing": 7}
    assert (summary.complete, summary.stopped) == (11, None)


def test_failed_replicates_are_trained_again_after_all_others(replicated):
    project, _ = replicated
    table = ablate.results("replicated", storage=project.place.url).sort_values("number")
    seen, again = set(), []
    for row in table[table["outcome"] != "interrupted"].itertuples():
        again.append((row.variant, row.seed) in seen)
        seen.add((row.variant, row.seed))
    # Three of the variant that always fails, and two that failed with one seed.
    assert again == [False] * 18 + [True] * 5


def test_missing_replicates_are_shown_with_their_reason_and_the_number_of_pairs(replicated):
    project, _ = replicated
    result = project.ablate("report", "replicated", "--format", "terminal")
    assert result.returncode == 0, result.stderr
    text = result.stdout
    assert "replicates: 11 complete, 7 missing\n" in text
    for line in (
        "cannot be built: seeds 1, 2, 3 missing: nothing can be built here",
        "always fails: seeds 1, 2, 3 missing: RuntimeError: a mistake in the model <script> | _",
        "fails with seed 2: seed 2 missing: RuntimeError: not with this seed",
        "   2  failed: RuntimeError: not with this seed",
        "   1  failed: RuntimeError: only the first time",
        "   3  infeasible: nothing can be built here",
    ):
        assert line in {row.rstrip() for row in text.splitlines()}
    assert "fails once: seed" not in text
    rows = {}
    for line in text[text.index("Differences to plain") :].splitlines():
        for name in VARIANTS:
            if line.startswith(f"{name}  "):
                rows[name] = line.removeprefix(name).split()[0]
    assert rows == {
        "cannot be built": "0",
        "always fails": "0",
        "fails with seed 2": "2",
        "fails once": "3",
        "dies once": "3",
    }
    assert (
        "cannot be built could not be trained: nothing can be built here. always fails could not "
        "be trained: RuntimeError: a mistake in the model <script> | _."
    ) in " ".join(text.split())


def test_running_a_study_with_missing_replicates_again_trains_nothing(replicated):
    project, _ = replicated
    summary = run_study(project.study(), project.place)
    assert (summary.trained, summary.phases[0].counts) == (0, {"complete": 11, "missing": 7})
