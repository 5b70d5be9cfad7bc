"""What a worker does when it is told to train: it asks Optuna, trains, records, and tells."""

from __future__ import annotations

import errno
import hashlib
import threading
import zipfile
from functools import partial
from pathlib import Path

import optuna
import pytest
from conftest import COMPARED
from optuna.trial import FixedTrial, TrialState, create_trial

from ablate.data.prepared import prepare
from ablate.errors import InputError
from ablate.spec.space import Choices, Parameter, Range
from ablate.state.orders import TrainReplicate, TuneTrial
from ablate.store.artifacts import ArtifactStore
from ablate.store.attributes import DATA, KEPT_CODE, Digests
from ablate.store.place import open_storage
from ablate.store.studies import open_study
from ablate.store.trials import outcome_of
from ablate.workers.ask_and_tell import suggest
from ablate.workers.at_hand import part_of
from ablate.workers.messages import Finished, Started, TimeEpoch, Trained
from ablate.workers.trainer import Trainer
from tests.training.as_worker import NETWORKS


class Bench:
    """A study, opened, and a trainer for its orders."""

    def __init__(self, project, *settings, text=COMPARED):
        project.study_file.write_text(text)
        place = project.place
        self.study = project.study("training.epochs=1", *settings)
        digest = prepare(self.study.datasets[0], place.cache).digest
        self.stored = open_study(open_storage(place), self.study, {"digits": digest})
        self.events = []
        self.trainer = Trainer(self.events.append, threading.Event(), _networks=NETWORKS)
        self.place = place
        self.artifacts = place.artifacts

    def tune(self, variant=0, slot=0):
        cell = self.study.cells[variant]
        order = TuneTrial(study=self.study, place=self.place, cell=cell, slot=slot)
        self.trainer.tune(order)
        return self.stored.tuning[cell].trials[-1]

    def replicate(self, seed, variant=0, rate=0.01, chosen_from=7):
        order = TrainReplicate(
            study=self.study,
            place=self.place,
            cell=self.study.cells[variant],
            seed=seed,
            chosen_from=chosen_from,
            tuned={"learning_rate": rate},
        )
        self.trainer.replicate(order)
        return self.stored.replicates.trials[-1]


@pytest.fixture
def bench(project):
    return Bench(project)


def kinds(events):
    return [type(event).__name__ for event in events]


def test_a_tuned_trial_is_told_and_recorded_in_the_search_of_its_cell(bench):
    trial = bench.tune(variant=1)
    started, trained, finished = bench.events
    assert kinds(bench.events) == ["Started", "Trained", "Finished"]
    assert isinstance(started, Started)
    assert (started.part, started.phase, started.number) == ("compared/tune/units=4", "tune", 0)
    assert started.cell == bench.study.cells[1]
    assert started.parameters == trial.params
    assert isinstance(trained, Trained)
    assert trial.intermediate_values == {1: trained.epoch.val_loss}
    assert isinstance(finished, Finished)
    assert (finished.outcome, finished.measures["val_loss"]) == ("complete", trial.value)
    assert "test_accuracy" not in finished.measures
    assert trial.user_attrs["seed"] == bench.study.seed
    assert not any("test" in name for name in trial.user_attrs)
    assert bench.stored.tuning[bench.study.cells[0]].trials == []
    assert bench.stored.replicates.trials == []


def test_a_replicate_is_trained_from_its_seed_with_what_was_chosen_and_tested(bench):
    trial = bench.replicate(seed=2, variant=1, rate=0.03)
    started, _, finished = bench.events
    assert (started.part, started.phase) == ("compared/replicate", "replicate")
    assert started.parameters == {"seed": 2}
    assert trial.params == {"dataset": "digits", "variant": "units=4", "seed": 2}
    attributes = trial.user_attrs
    assert (attributes["seed"], attributes["chosen_from"]) == (2, 7)
    assert attributes["tuned"] == {"learning_rate": 0.03}
    assert attributes["test_images"] == 200
    assert finished.measures["test_accuracy"] == attributes["test_accuracy"]
    assert attributes["parameters"] == 64 * 4 + 4 + 4 * 10 + 10
    assert all(not study.trials for study in bench.stored.tuning.values())


def test_a_worker_that_begins_after_the_data_were_changed_trains_nothing(bench):
    DATA.write(next(iter(bench.stored.parts.values())), {"digits": "another"})
    for train in (bench.tune, partial(bench.replicate, seed=1)):
        with pytest.raises(InputError) as caught:
            train()
        assert str(caught.value) == (
            "digits: its files were changed while the study ran; what is finished is kept; put them "
            "back and run again, or ask the new question under another study.name"
        )
    assert bench.events == []


def test_a_replicate_depends_on_its_seed_and_its_configuration_alone(bench):
    first = bench.replicate(seed=1)
    bench.replicate(seed=2)
    again = bench.replicate(seed=1, chosen_from=8)
    other = bench.replicate(seed=1, rate=0.02, chosen_from=9)
    assert again.value == first.value
    assert again.user_attrs["fingerprint"] == first.user_attrs["fingerprint"]
    assert other.value != first.value
    assert other.user_attrs["fingerprint"] != first.user_attrs["fingerprint"]


def test_a_trial_needs_no_more_writes_where_many_are_stored(bench):
    journal = Path(bench.place.url)

    def writes(train):
        before = journal.read_bytes().count(b"\n")
        train()
        return journal.read_bytes().count(b"\n") - before

    bench.replicate(seed=3)  # the first one also tells how the data were split
    few = writes(lambda: bench.tune(slot=0)), writes(lambda: bench.replicate(seed=1))
    tuning, replicates = bench.stored.tuning[bench.study.cells[0]], bench.stored.replicates
    for study in (tuning, replicates):
        done = study.trials[-1]
        study.add_trials(
            create_trial(
                value=done.value,
                params=done.params,
                distributions=done.distributions,
                user_attrs=done.user_attrs | {"slot": slot},
            )
            for slot in range(1, 200)
        )
    many = writes(lambda: bench.tune(slot=200)), writes(lambda: bench.replicate(seed=2))
    assert few == many == (21, 28), "one epoch, one tuned parameter, code of the user's"


@pytest.mark.parametrize("trouble", ["raises", "infeasible"])
def test_what_fails_when_the_parent_is_gone_is_no_fault_of_the_network(project, trouble):
    """TensorFlow may swallow the interrupt, and fail of what it has left half done."""
    bench = Bench(project, f"fix.trouble={trouble}")
    bench.trainer.gone.set()
    with pytest.raises(KeyboardInterrupt):
        bench.tune()
    trial = bench.stored.tuning[bench.study.cells[0]].trials[-1]
    assert outcome_of(trial) == "running", "the next run takes it up"


def test_a_replicate_is_never_pruned(project):
    # Every search trial that is not better than all before it would be pruned.
    pruner = 'tune.pruner={ name = "percentile", percentile = 0.0, n_startup_trials = 0 }'
    bench = Bench(project, pruner, "training.epochs=2")
    # The second learns next to nothing.
    trials = [bench.replicate(seed, rate=rate) for seed, rate in ((1, 1e-1), (2, 1e-9))]
    assert [outcome_of(trial) for trial in trials] == ["complete", "complete"]
    assert trials[1].intermediate_values[1] > trials[0].intermediate_values[1]
    assert [len(trial.intermediate_values) for trial in trials] == [2, 2]


def test_a_trial_that_is_stopped_leaves_no_outcome(project):
    bench = Bench(project, "training.epochs=3")

    def tell(event):
        bench.events.append(event)
        if isinstance(event, Started):
            bench.trainer.stop.set()

    bench.trainer.tell = tell
    for train in (bench.tune, partial(bench.replicate, seed=1)):
        bench.trainer.stop.clear()
        trial = train()
        assert trial.state is TrialState.FAIL
        assert outcome_of(trial) == "interrupted"
        assert "test_accuracy" not in trial.user_attrs
        assert len(trial.intermediate_values) == 1, "it ends after its epoch"
    assert [e.outcome for e in bench.events if isinstance(e, Finished)] == ["interrupted"] * 2


def test_a_run_that_is_stopped_before_a_trial_begins_begins_none(bench):
    bench.trainer.stop.set()
    cell = bench.study.cells[0]
    bench.trainer.tune(TuneTrial(study=bench.study, place=bench.place, cell=cell, slot=0))
    assert kinds(bench.events) == ["Taken"]
    assert bench.stored.tuning[cell].trials == []


def test_an_infeasible_trial_violates_a_constraint(project):
    bench = Bench(project, 'fix.trouble="infeasible"')
    trial = bench.tune()
    assert (trial.state, outcome_of(trial)) == (TrialState.PRUNED, "infeasible")
    assert trial.user_attrs["reason"] == "nothing can be built here"
    assert any(value > 0 for value in trial.constraints.values())


def test_epochs_are_timed_and_nothing_is_stored(bench):
    cell = bench.study.cells[0]
    order = TimeEpoch(study=bench.study, cell=cell, cache=str(bench.place.cache))
    timed = bench.trainer.time_epoch(order)
    assert (timed["outcome"], timed["reason"]) == ("complete", None)
    assert timed["first"] > 0
    assert timed["later"] > 0, "two epochs, where the study has one"
    assert bench.events == []
    assert all(not study.trials for study in bench.stored.parts.values())


def test_a_failure_is_told_instead_of_seconds(project):
    bench = Bench(project, 'fix.trouble="nan"')
    order = TimeEpoch(study=bench.study, cell=bench.study.cells[0], cache=str(bench.place.cache))
    assert bench.trainer.time_epoch(order) == {
        "outcome": "failed",
        "reason": "the network's outputs are not finite for 32 of 32 images; look for a division by 0 in its layers",
        "first": None,
        "later": None,
    }


def test_an_order_belongs_to_a_part(bench):
    tune, other = (
        TuneTrial(study=bench.study, place=bench.place, cell=cell, slot=0)
        for cell in bench.study.cells
    )
    replicate = TrainReplicate(
        study=bench.study,
        place=bench.place,
        cell=bench.study.cells[0],
        seed=1,
        chosen_from=None,
        tuned={},
    )
    assert [part_of(order).name for order in (tune, other, replicate)] == [
        "compared/tune/units=16",
        "compared/tune/units=4",
        "compared/replicate",
    ]


@pytest.mark.parametrize(
    ("domain", "value", "kind"),
    [
        (Choices(choices=("a", "b")), "b", optuna.distributions.CategoricalDistribution),
        (Choices(choices=(True, False)), False, optuna.distributions.CategoricalDistribution),
        (Range(low=1, high=9, step=2), 5, optuna.distributions.IntDistribution),
        (Range(low=1, high=64, log=True), 8, optuna.distributions.IntDistribution),
        (Range(low=0.0, high=0.6, step=0.2), 0.4, optuna.distributions.FloatDistribution),
        (Range(low=1e-4, high=1e-2, log=True), 1e-3, optuna.distributions.FloatDistribution),
    ],
)
def test_every_domain_is_asked_for_as_what_it_is(domain, value, kind):
    default = domain.ends()[0]
    trial = FixedTrial({"x": value})
    found = suggest(trial, Parameter(name="x", domain=domain, default=default))
    assert found == value
    assert type(found) is type(value)
    assert isinstance(trial.distributions["x"], kind)


def models_of(bench):
    """The models in the artifact store, by what their trials say of them."""
    held = [path for path in bench.artifacts.iterdir() if zipfile.is_zipfile(path)]
    said = [
        trial.user_attrs["model"]
        for study in bench.stored.parts.values()
        for trial in study.trials
        if "model" in trial.user_attrs
    ]
    return len(held), said


def test_the_network_of_the_best_run_is_kept(project):
    bench = Bench(project, "artifacts.models=best")
    losses = [bench.replicate(seed, rate=rate).value for seed, rate in ((1, 1e-9), (2, 0.05))]
    assert losses[1] < losses[0], "the seeds should find it so"
    assert models_of(bench) == (1, ["saved"] * 2)
    bench.replicate(seed=3, rate=1e-9)
    assert models_of(bench) == (1, ["saved"] * 2)
    assert bench.tune().user_attrs.get("model") is None, "replicates come first"


def test_no_network_is_kept_unless_asked_for(bench):
    bench.replicate(seed=1)
    assert models_of(bench) == (0, [])
    assert bench.events[-1].no_model is None


def test_a_network_that_cannot_be_saved_does_not_cost_its_numbers(project):
    bench = Bench(project, "artifacts.models=all", "fix.trouble=unsaved")
    trial = bench.replicate(seed=1)
    reason = "NotImplementedError: this layer cannot be saved"
    assert bench.events[-1].no_model == reason
    assert models_of(bench) == (0, [f"not saved: {reason}"])
    assert outcome_of(trial) == "complete"
    assert trial.user_attrs["test_accuracy"] == bench.events[-1].measures["test_accuracy"]


def test_a_full_disk_costs_the_network_and_not_its_numbers(project, monkeypatch):
    written = ArtifactStore.write

    def write(self, artifact_id, body):
        if body.name.endswith(".keras"):
            raise OSError(errno.ENOSPC, "No space left on device")
        written(self, artifact_id, body)

    monkeypatch.setattr(ArtifactStore, "write", write)
    bench = Bench(project, "artifacts.models=best")
    trial = bench.replicate(seed=1)
    reason = "cannot be written: No space left on device"
    assert bench.events[-1].no_model == reason
    assert models_of(bench) == (0, [f"not saved: {reason}"])
    assert outcome_of(trial) == "complete"
    assert trial.user_attrs["test_accuracy"] == bench.events[-1].measures["test_accuracy"]


MODELS = """
def build(input_shape, num_classes, *, units=16, trouble="none"):
    from inner import build
    return build(input_shape, num_classes, units=units, trouble=trouble)
"""
CHANGED = (
    "was changed while the study ran; what is finished is kept; put it back and run again, "
    "or ask the new question under another study.name"
)


@pytest.fixture
def imports(project):
    """A study whose network is made by two files."""
    models = project.folder / "models.py"
    models.rename(project.folder / "inner.py")
    models.write_text(MODELS)
    return Bench(project)


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["models.py", "inner.py"])
@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda file: file.write_text(file.read_text() + "\n# another network\n"), CHANGED),
        (lambda file: file.unlink(), "is gone; what is finished is kept"),
    ],
)
def test_a_network_whose_code_was_edited_is_not_trained_under_its_old_name(
    imports, project, name, edit, message
):
    if name == "inner.py":  # known since it was executed
        imports.tune()
    begun = [len(study.trials) for study in imports.stored.parts.values()]
    file = project.folder / name
    edit(file)
    with pytest.raises(InputError) as caught:
        imports.tune(slot=1)
    assert str(caught.value) == f"{file}: {message}"
    assert [len(study.trials) for study in imports.stored.parts.values()] == begun


def test_a_trial_and_its_study_keep_a_digest_of_each_file_that_was_executed(imports, project):
    inner = digest(project.folder / "inner.py")
    executed = {"models.py": digest(project.folder / "models.py"), "inner.py": inner}
    assert imports.tune().user_attrs["code"] == executed
    first, *others = imports.stored.parts.values()
    assert KEPT_CODE.of(first) == {"inner.py": inner}
    written = dict(first.user_attrs)
    assert imports.replicate(seed=1).user_attrs["code"] == executed
    now = {name: v for name, v in first.user_attrs.items() if not name.startswith("split:")}
    assert now == written, "once for all"
    assert not any(KEPT_CODE.of(other) for other in others)


@pytest.mark.parametrize("when", ["as it is imported", "while it trains"])
def test_of_two_workers_that_meet_another_file_at_once_only_one_goes_on(
    imports, project, monkeypatch, when
):
    first = next(iter(imports.stored.parts.values()))
    added = Digests.add

    def add(self, study, path, digest):
        added(self, study, path, digest)
        if when == "as it is imported":
            added(self, first, path, "0")

    def tell(event):
        if isinstance(event, Trained) and when == "while it trains":
            added(KEPT_CODE, first, "inner.py", "0")

    monkeypatch.setattr(Digests, "add", add)
    imports.trainer.tell = tell
    with pytest.raises(InputError) as caught:
        imports.tune()
    assert str(caught.value) == f"{project.folder / 'inner.py'}: {CHANGED}"
    (trial,) = imports.stored.tuning[imports.study.cells[0]].trials
    assert (trial.state, outcome_of(trial)) == (TrialState.RUNNING, "running"), "owed again"
    assert KEPT_CODE.of(first) == {"inner.py": "0"}


def test_networks_in_two_folders_have_their_own_modules(project):
    for name, factor in (("one", 1), ("two", 2)):
        folder = project.folder / name
        folder.mkdir()
        (folder / "models.py").write_text(MODELS)
        text = (project.folder / "models.py").read_text()
        (folder / "inner.py").write_text(text.replace("Dense(units", f"Dense({factor} * units"))
        (folder / f"{name}.toml").write_text((project.folder / "space.toml").read_text())
    spaces = 'study.search_space=["one/one.toml", "two/two.toml"]'
    bench = Bench(project, spaces, text=COMPARED.replace("[vary]\nunits = [4, 16]\n", ""))
    for variant, size in ((0, 16), (1, 32), (0, 16)):
        trial = bench.replicate(seed=1 + len(bench.stored.replicates.trials), variant=variant)
        assert trial.user_attrs["parameters"] == 64 * size + size + size * 10 + 10
        name = ("one", "two")[variant]
        assert list(trial.user_attrs["code"]) == [f"{name}/models.py", f"{name}/inner.py"]
