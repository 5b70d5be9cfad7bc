import inspect
import json

import optuna
import pytest
from pydantic import TypeAdapter, ValidationError

from ablate.spec.pruners import (
    Hyperband,
    Median,
    Nop,
    Patient,
    Percentile,
    PrunerSettings,
    SuccessiveHalving,
    make_pruner,
)

CLASSES = [
    (Median, optuna.pruners.MedianPruner),
    (Percentile, optuna.pruners.PercentilePruner),
    (Hyperband, optuna.pruners.HyperbandPruner),
    (SuccessiveHalving, optuna.pruners.SuccessiveHalvingPruner),
    (Patient, optuna.pruners.PatientPruner),
    (Nop, optuna.pruners.NopPruner),
]
DIFFERENT = {
    (Percentile, "percentile"): 25.0,  # Optuna requires it
    (Hyperband, "max_resource"): None,  # the study's epochs, where Optuna waits for a first trial
    (SuccessiveHalving, "min_resource"): 1,  # one epoch, where Optuna waits for a first trial
    (Patient, "wrapped_pruner"): Median(),  # Optuna requires it
    (Patient, "patience"): 2,  # Optuna requires it
}


@pytest.mark.parametrize(("settings", "theirs"), CLASSES)
def test_every_option_is_one_of_optunas_with_its_default(settings, theirs):
    known = inspect.signature(theirs.__init__).parameters
    for name, field in settings.model_fields.items():
        if name != "name":
            expected = DIFFERENT.get((settings, name), known[name].default)
            assert field.default == expected, name


@pytest.mark.parametrize(("settings", "theirs"), CLASSES)
def test_the_pruner_of_that_name_is_made(settings, theirs):
    assert type(make_pruner(settings(), 10)) is theirs


@pytest.mark.parametrize("name", [settings().name for settings, _ in CLASSES])
def test_a_bare_name_stands_for_the_pruner_with_its_defaults(name):
    adapter = TypeAdapter(PrunerSettings)
    settings = adapter.validate_python(name)
    assert settings == adapter.validate_python({"name": name})
    assert adapter.validate_json(json.dumps(settings.model_dump())) == settings


@pytest.mark.parametrize(
    "table",
    [
        {"name": "percentile", "percentile": 101.0},
        {"name": "percentile", "percentile": -1.0},
        {"name": "hyperband", "reduction_factor": 1},
        {"name": "hyperband", "min_resource": 3, "max_resource": 2},
        {"name": "median", "interval_steps": 0},
        {"name": "median", "n_warmup_steps": -1},
        {"name": "patient", "wrapped_pruner": "patient"},
        {"name": "none", "patience": 1},
    ],
)
def test_wrong_options_are_refused(table):
    with pytest.raises(ValidationError):
        TypeAdapter(PrunerSettings).validate_python(table)


@pytest.mark.parametrize(
    ("settings", "epochs", "longest"),
    [
        (Hyperband(), 27, 27),
        (Hyperband(max_resource=9), 27, 9),
        (Hyperband(min_resource=5), 3, 5),
    ],
)
def test_hyperband_reckons_with_the_studys_epochs(settings, epochs, longest):
    assert make_pruner(settings, epochs)._max_resource == longest


def test_a_wrapped_pruner_gets_the_epochs_too():
    pruner = make_pruner(Patient(wrapped_pruner=Hyperband(), patience=3), 27)
    assert pruner._wrapped_pruner._max_resource == 27
    assert pruner._patience == 3


@pytest.mark.parametrize(
    ("settings", "pruned"),
    [(Percentile(percentile=75.0), False), (Percentile(percentile=25.0), True), (Nop(), False)],
)
def test_the_percentile_is_the_share_that_is_kept(settings, pruned):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(pruner=make_pruner(settings, 3))
    for value in range(8):
        trial = study.ask()
        trial.report(value, 1)
        study.tell(trial, value)
    trial = study.ask()
    trial.report(3.5, 1)
    assert bool(trial.should_prune()) is pruned


def test_making_a_pruner_warns_of_nothing_experimental(recwarn):
    for settings, _ in CLASSES:
        make_pruner(settings(), 10)
    assert not recwarn.list
