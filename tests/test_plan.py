import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.datasets._base import DataShape
from ablate.plan import (
    configure,
    lag_warnings,
    make_plan,
    size_of_space,
    trial_spec,
    trials_when_complete,
)
from ablate.samplers import BruteForce, Grid, Tpe
from ablate.space import Choices, Parameter, Range, SearchSpace
from ablate.spec import DataSettings, StudySpec, TrainingSettings, TuneSettings

MOMENTUM = "batch_norm_momentum"


def choice(name, *values, **others):
    return Parameter(name=name, domain=Choices(choices=values), default=values[0], **others)


def number(name, low, high, default, **others):
    return Parameter(name=name, domain=Range(low=low, high=high), default=default, **others)


SPACE = (
    choice("batch_norm", True, False),
    number(MOMENTUM, 0.5, 0.999, 0.99, when={"batch_norm": (True,)}),
    choice("units", 8, 16, 32),
)


def study(*tuned, space=SPACE, fix=None, trials=100, sampler=None, **training):
    return StudySpec(
        name="s",
        seed=5,
        data=DataSettings(dataset="digits", validation=0.1),
        search_space=SearchSpace(name="space", architecture="baseline", parameters=space),
        training=TrainingSettings(**{"batch_size": 10, **training}),
        fix=fix or {},
        tune=TuneSettings(trials=trials, sampler=sampler or Tpe(), parameters=tuned),
        path="s.toml",
    )


def pick(**values):
    return lambda parameter: values[parameter.name]


# Sizes


def test_a_plan_counts_images_and_steps():
    plan = make_plan(study(SPACE[2]), DataShape(1437, 360, (8, 8, 1), 10))
    assert (plan.images, plan.steps_per_epoch) == (1437 - 144, 130)
    assert (plan.trials, plan.configurations) == (100, 3)
    assert plan.tuned == (SPACE[2],)


@pytest.mark.parametrize(
    ("sampler", "trials", "expected"),
    [
        (Tpe(), 100, 100),
        (Grid(), 100, 6),
        (BruteForce(), 100, 6),
        (BruteForce(), 6, 6),
        (Grid(), 5, 5),
    ],
)
def test_an_exhaustive_sampler_runs_out_of_configurations(sampler, trials, expected):
    asked = study(SPACE[0], SPACE[2], trials=trials, sampler=sampler)
    assert trials_when_complete(asked) == expected


def test_configurations_follow_conditions():
    momentum = choice(MOMENTUM, 0.9, 0.99, when={"batch_norm": (True,)})
    space = (SPACE[0], momentum, SPACE[2])
    assert size_of_space(study(SPACE[0], momentum, SPACE[2], space=space)) == (2 + 1) * 3
    assert size_of_space(study(momentum, space=space, fix={"batch_norm": False})) == 1
    assert size_of_space(study(momentum, space=space)) == 2
    assert size_of_space(study(SPACE[1], SPACE[2])) is None


def test_tuned_training_settings_count_too():
    optimizer = choice("optimizer", "adam", "sgd")
    momentum = choice("momentum", 0.5, 0.8, when={"optimizer": ("sgd",)})
    assert size_of_space(study(SPACE[2], optimizer, momentum)) == 3 * (1 + 2)
    assert size_of_space(study(momentum, optimizer="sgd")) == 2
    assert size_of_space(study(momentum)) == 1


@st.composite
def conditional_studies(draw):
    parameters = []
    for index in range(draw(st.integers(1, 5))):
        when = {}
        if parameters and draw(st.booleans()):
            other = draw(st.sampled_from(parameters))
            when = {other.name: (draw(st.sampled_from(other.domain.values())),)}
        parameters.append(choice(f"p{index}", *range(draw(st.integers(1, 3))), when=when))
    tuned = draw(st.sets(st.sampled_from(parameters).map(lambda p: p.name)))
    fix = {
        p.name: draw(st.sampled_from(p.domain.values())) for p in parameters if p.name not in tuned
    }
    return study(*(p for p in parameters if p.name in tuned), space=tuple(parameters), fix=fix)


def all_configurations(asked):
    """Every configuration that trials can have: each choice in turn takes every value."""
    found, waiting = set(), [()]
    while waiting:
        path, asked_for = waiting.pop(), []

        def suggest(parameter, path=path, asked_for=asked_for):
            asked_for.append(parameter)
            place = len(asked_for) - 1
            return path[place] if place < len(path) else parameter.domain.values()[0]

        parameters, training = configure(asked, suggest)
        if len(asked_for) > len(path):
            waiting += [(*path, value) for value in asked_for[len(path)].domain.values()]
        else:
            found.add((*parameters.items(), training.model_dump_json()))
    return found


@settings(deadline=None, max_examples=60)
@given(conditional_studies())
def test_the_size_of_the_space_is_the_number_of_different_trials(asked):
    assert size_of_space(asked) == len(all_configurations(asked))


def test_a_condition_through_a_fixed_parameter_that_is_not_in_use_does_not_hold():
    space = (
        choice("a", 0, 1),
        choice("b", 0, 1, when={"a": (1,)}),
        choice("c", 0, 1, 2, when={"b": (0,)}),
    )
    asked = study(space[0], space[2], space=space, sampler=BruteForce())
    assert trials_when_complete(asked) == len(all_configurations(asked)) == 4


# Configurations


def test_a_trial_takes_what_is_tuned_fixed_or_default():
    asked = study(SPACE[2], choice("learning_rate", 0.1, 0.2), fix={MOMENTUM: 0.9}, epochs=3)
    parameters, training = configure(asked, pick(units=32, learning_rate=0.2))
    assert parameters == {"batch_norm": True, MOMENTUM: 0.9, "units": 32}
    assert training == TrainingSettings(batch_size=10, epochs=3, learning_rate=0.2)


def test_only_what_is_in_use_is_suggested():
    asked = study(*SPACE)
    parameters, _ = configure(asked, pick(batch_norm=False, units=16))
    assert parameters == {"batch_norm": False, MOMENTUM: 0.99, "units": 16}
    parameters, _ = configure(asked, pick(batch_norm=True, units=16, batch_norm_momentum=0.6))
    assert parameters == {"batch_norm": True, MOMENTUM: 0.6, "units": 16}


def test_a_fixed_value_that_is_not_in_use_makes_no_other_network():
    fix = {"batch_norm": False, MOMENTUM: 0.7}
    assert configure(study(SPACE[2], fix=fix), pick(units=8))[0][MOMENTUM] == 0.99


def test_a_tuned_setting_may_depend_on_another():
    optimizer = choice("optimizer", "adam", "sgd")
    momentum = choice("momentum", 0.5, 0.8, when={"optimizer": ("sgd",)})
    asked = study(optimizer, momentum)
    assert configure(asked, pick(optimizer="adam"))[1].momentum == 0.9
    assert configure(asked, pick(optimizer="sgd", momentum=0.8))[1].momentum == 0.8


def test_a_trial_spec_holds_all_that_the_trial_depends_on():
    asked = study(SPACE[2])
    spec = trial_spec(asked, "digest", pick(units=16))
    assert (spec.data, spec.data_digest, spec.seed) == (asked.data, "digest", 5)
    assert (spec.architecture, spec.training) == ("baseline", asked.training)
    assert spec.parameters == {"batch_norm": True, MOMENTUM: 0.99, "units": 16}


# Batch norm that lags


def test_the_warning_names_steps_momentum_and_remedy():
    assert lag_warnings(study(SPACE[2]), 410) == (
        "an epoch has 41 steps, but with batch_norm_momentum = 0.99 the moving averages of batch "
        "norm need about 300 to settle: early validation losses, and pruning, would judge that "
        "lag; set batch_norm_momentum = 0.9 under [fix], or train on more images",
    )


@pytest.mark.parametrize(
    ("momentum", "steps", "warns"),
    [
        (0.99, 299, True),
        (0.99, 301, False),
        (0.9, 29, True),
        (0.9, 30, False),
        (0.9, 31, False),
        (0.5, 5, True),
        (0.5, 6, False),
    ],
)
def test_the_warning_starts_below_three_times_the_memory(momentum, steps, warns):
    asked = study(SPACE[2], fix={MOMENTUM: momentum})
    assert bool(lag_warnings(asked, steps * 10)) is warns


@settings(deadline=None)
@given(st.integers(6, 400), st.sampled_from([0.6, 0.8, 0.9, 0.95, 0.99]))
def test_the_remedy_removes_the_warning(steps, momentum):
    asked = study(SPACE[2], fix={MOMENTUM: momentum})
    for text in lag_warnings(asked, steps * 10):
        better = float(text.partition("; set batch_norm_momentum = ")[2].split()[0])
        assert better < momentum
        assert better in SPACE[1].domain
        assert not lag_warnings(study(SPACE[2], fix={MOMENTUM: better}), steps * 10)


@pytest.mark.parametrize("steps", [1, 2, 4, 5])
def test_the_remedy_lies_in_the_search_space(steps):
    for text in lag_warnings(study(SPACE[2]), steps * 10):
        _, named, rest = text.partition("; set batch_norm_momentum = ")
        assert not named or float(rest.split()[0]) in SPACE[1].domain


def test_the_largest_momentum_and_batch_that_are_tuned_count():
    momentum = number(MOMENTUM, 0.5, 0.9, 0.9, when={"batch_norm": (True,)})
    assert not lag_warnings(study(momentum), 350)
    assert "35 steps" in lag_warnings(study(SPACE[1]), 350)[0]
    (text,) = lag_warnings(study(momentum, choice("batch_size", 10, 20)), 350)
    assert "18 steps" in text


def test_without_batch_norm_nothing_lags():
    assert not lag_warnings(study(SPACE[2], fix={"batch_norm": False}), 10)
    assert not lag_warnings(study(SPACE[2], space=(SPACE[2],)), 10)


def test_a_momentum_of_one_never_settles_and_is_no_crash():
    momentum = number(MOMENTUM, 0.5, 1.0, 1.0)
    assert lag_warnings(study(SPACE[2], space=(momentum, SPACE[2])), 10)
