import inspect
import json

import optuna
import pytest
from pydantic import TypeAdapter, ValidationError

from ablate.spec.samplers import (
    EXHAUSTIVE,
    BruteForce,
    Grid,
    Qmc,
    Random,
    SamplerSettings,
    Tpe,
    make_sampler,
)

CLASSES = [
    (Tpe, optuna.samplers.TPESampler),
    (Random, optuna.samplers.RandomSampler),
    (Qmc, optuna.samplers.QMCSampler),
    (Grid, optuna.samplers.GridSampler),
    (BruteForce, optuna.samplers.BruteForceSampler),
]
NAMES = [settings().name for settings, _ in CLASSES]
DIFFERENT = {
    (Tpe, "multivariate"): True,  # None stands for it where there is one objective
    (Qmc, "scramble"): True,  # without it the seed would not matter
}
DOMAINS = {"units": (1, 2, 3, 4), "act": ("relu", "gelu")}


def draws(settings, seed=0, ordinal=0, trials=1):
    """The parameters of the last of some trials, each drawn by a sampler of its own."""
    study = optuna.create_study()
    for number in range(trials):
        study.sampler = make_sampler(settings, DOMAINS, seed, ordinal + number)
        trial = study.ask()
        trial.suggest_int("units", 1, 4)
        trial.suggest_categorical("act", ["relu", "gelu"])
        if number < trials - 1:
            study.tell(trial, trial.params["units"])
    return trial.params


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.WARNING)


@pytest.mark.parametrize(("settings", "theirs"), CLASSES)
def test_every_option_is_one_of_optunas_with_its_default(settings, theirs):
    known = inspect.signature(theirs).parameters
    for name, field in settings.model_fields.items():
        if name != "name":
            expected = DIFFERENT.get((settings, name), known[name].default)
            assert field.default == expected, name


@pytest.mark.parametrize(("settings", "theirs"), CLASSES)
def test_the_sampler_of_that_name_is_made(settings, theirs):
    assert type(make_sampler(settings(), DOMAINS, 0, 0)) is theirs


def test_exhaustive_samplers_are_samplers():
    assert set(EXHAUSTIVE) < set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_bare_name_stands_for_the_sampler_with_its_defaults(name):
    adapter = TypeAdapter(SamplerSettings)
    settings = adapter.validate_python(name)
    assert settings == adapter.validate_python({"name": name})
    assert adapter.validate_json(json.dumps(settings.model_dump())) == settings


@pytest.mark.parametrize(
    "table",
    [
        {"name": "tpe", "n_startup_trials": -1},
        {"name": "tpe", "n_ei_candidates": 0},
        {"name": "qmc", "qmc_type": "latin"},
        {"name": "random", "seed": 1},
        {"name": "gp"},
    ],
)
def test_wrong_options_are_refused(table):
    with pytest.raises(ValidationError):
        TypeAdapter(SamplerSettings).validate_python(table)


@pytest.mark.parametrize(("settings", "_"), CLASSES)
@pytest.mark.parametrize("trials", [1, 3])
def test_the_same_seed_and_place_draw_the_same_parameters(settings, _, trials):
    assert draws(settings(), 3, 5, trials) == draws(settings(), 3, 5, trials)


@pytest.mark.parametrize("settings", [Tpe(), Random()])
def test_another_seed_or_place_draws_other_parameters(settings):
    by_seed = {tuple(draws(settings, seed, 0).items()) for seed in range(12)}
    by_place = {tuple(draws(settings, 0, ordinal).items()) for ordinal in range(12)}
    assert min(len(by_seed), len(by_place)) > 3


@pytest.mark.parametrize("settings", [Tpe(n_startup_trials=2), Random()])
def test_a_study_that_was_cut_off_goes_on_as_if_it_had_not_been(settings):
    whole, cut = optuna.create_study(), optuna.create_study()
    for ordinal in range(6):
        if ordinal == 4:
            cut.add_trials(whole.trials)
        for study in (whole, cut) if ordinal >= 4 else (whole,):
            study.sampler = make_sampler(settings, DOMAINS, 1, ordinal)
            trial = study.ask()
            trial.suggest_int("units", 1, 4)
            study.tell(trial, trial.suggest_categorical("act", ["relu", "gelu"]) == "relu")
    assert [trial.params for trial in cut.trials] == [trial.params for trial in whole.trials]


@pytest.mark.parametrize("settings", [Grid(), BruteForce()])
def test_an_exhaustive_sampler_visits_everything_once(settings):
    study = optuna.create_study()
    seen = []
    for ordinal in range(8):
        study.sampler = make_sampler(settings, DOMAINS, 0, ordinal)
        trial = study.ask()
        seen.append(
            (trial.suggest_int("units", 1, 4), trial.suggest_categorical("act", ["relu", "gelu"]))
        )
        _finish(study, trial)
    assert len(set(seen)) == 8


def _finish(study, trial):
    try:
        study.tell(trial, 0.0)
    except RuntimeError as error:  # Optuna stops a study that it does not run itself
        assert "stop" in str(error).lower()


def test_making_a_sampler_warns_of_nothing_experimental(recwarn):
    for settings, _ in CLASSES:
        make_sampler(settings(), DOMAINS, 0, 0)
    make_sampler(Tpe(group=True), DOMAINS, 0, 0)
    assert not recwarn.list
