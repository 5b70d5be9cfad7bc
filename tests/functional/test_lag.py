"""A user's own batch norm that lags, whatever its parameters are called: told before, during and after."""

from __future__ import annotations

from dataclasses import asdict

import pytest

import ablate
from ablate.cli import plan
from ablate.config import load_study
from ablate.report.writing import write_report
from ablate.spec.averages import MovingAverages
from ablate.store.attributes import AVERAGES
from ablate.store.place import open_existing
from ablate.store.studies import named_study
from ablate.workers.messages import Done

OWN = """
import keras


class Norm(keras.layers.BatchNormalization):
    pass


class Block(keras.layers.Layer):
    def __init__(self, mom):
        super().__init__()
        self.norm = Norm(momentum=mom)

    def build(self, shape):
        self.norm.build(shape)

    def call(self, x, training=None):
        return self.norm(x, training=training)


def build(input_shape, num_classes, *, mom=0.99):
    inputs = keras.Input(input_shape)
    x = Block(mom)(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(num_classes, "softmax")(x))
"""
SPACE = """
architecture = "own.py:build"
[parameters]
mom = { low = 0.0, high = 0.99, default = 0.9 }
"""
STUDY = """
[study]
name = "own"
dataset = "digits"
search_space = "own_space.toml"
[data]
per_class = 20
test_per_class = 20
validation = 0.2
[training]
epochs = 2
"""
COMPARED = """
[vary]
design = "variants"
baseline = "fast"
[vary.variants]
fast = { mom = 0.0 }
slow = { mom = 0.99 }
"""
SLOW = (
    "slow: with a momentum of 0.99 and 2 steps an epoch the moving averages of batch norm lag in all "
    "2 epochs, and still hold 96.1 % of their start after them: validation, pruning and verdicts "
    'would judge that lag; set batch_norm_averages = "recalibrated" under [training]'
)


@pytest.fixture
def own(project):
    (project.folder / "own.py").write_text(OWN)
    (project.folder / "own_space.toml").write_text(SPACE)

    def write(tables):
        (project.folder / "own.toml").write_text(STUDY + tables)
        return project

    return write


def test_check_run_and_report_tell_of_it(own):
    project = own(f"{COMPARED}[replicate]\nseeds = 1\n")
    checked = project.ablate("check", "own.toml", "--models").stdout
    assert f"warning: own: {SLOW}" in checked
    ran = project.ablate("run", "own.toml", "--no-report", "--plain", "--workers", "1")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("warning: ") == 1, "of the variant that lags"
    assert f"warning: {SLOW}\n" in ran.stdout
    stored = named_study(open_existing(project.place), "own")
    known = [AVERAGES.of(trial) for trial in stored.replicates.get_trials(deepcopy=False)]
    assert MovingAverages(momentum=0.99, steps=2) in known
    written = write_report(project.place, "own", ("markdown",), project.folder / "reports")
    text = written.files[0].read_text()
    assert "slow: batch norm's moving averages lagged in all 2 epochs; those that were" in text


class Worker:
    """Tells of networks whose momentum is their parameter's."""

    def ask(self, order):
        sizes = [
            {"parameters": 5, "flops": 5, "momentum": one["mom"]} for one in order.configurations
        ]
        return Done(answer=sizes)


def test_plan_looks_at_the_ends_of_what_is_tuned(own, capsys):
    """At the largest batch, and the largest momentum; the default of neither lags so."""
    tables = "[tune]\ntrials = 2\nparameters = ['mom']\nbatch_size = { low = 4, high = 32 }\n"
    project = own(tables)
    study = load_study(project.folder / "own.toml", (), {})
    plan._work(Worker(), study, "digits")
    assert "with a momentum of 0.99 and 5 steps an epoch" in capsys.readouterr().out
    recalibrated = ['training.batch_norm_averages="recalibrated"']
    plan._work(Worker(), load_study(project.folder / "own.toml", recalibrated, {}), "digits")
    assert capsys.readouterr().out == ""


def test_check_tells_the_steps_of_tuned_batch_sizes(own):
    project = own("[tune]\ntrials = 2\nbatch_size = { low = 16, high = 64 }\n")
    assert (
        "160 training images, 3 to 10 steps an epoch" in project.ablate("check", "own.toml").stdout
    )


def test_what_a_network_has_is_told_with_its_sizes(own):
    from ablate.training.network import build_network, measure

    project = own("")
    source = str(project.folder / "own.py")
    network = build_network("own.py:build", source, (8, 8, 1), 10, {"mom": 0.7})
    assert asdict(measure(network))["momentum"] == 0.7
    network.trainable = False
    assert measure(network).momentum is None


def test_averages_are_a_setting_that_may_be_varied_and_not_tuned(own):
    vary = '[vary]\nbatch_norm_averages = ["moving", "recalibrated"]\n[replicate]\nseeds = 1\n'
    study = load_study(own(vary).folder / "own.toml", (), {})
    assert [variant.values for variant in study.variants] == [
        {"batch_norm_averages": "moving"},
        {"batch_norm_averages": "recalibrated"},
    ]
    tune = '[tune]\ntrials = 1\nbatch_norm_averages = { choices = ["moving"] }\n'
    with pytest.raises(ablate.errors.InputError) as caught:
        load_study(own(tune).folder / "own.toml", (), {})
    assert str(caught.value).endswith(
        "tune.batch_norm_averages: cannot be tuned; set it under [training]"
    )
