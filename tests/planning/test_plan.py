from collections import Counter
from itertools import groupby, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.planning.lag import lag_text, lag_warnings, network_lag
from ablate.planning.length import longest_training, steps_of_epoch
from ablate.planning.plan import (
    configurations_at_ends,
    configure,
    make_plan,
    parts,
    replicates_in_order,
    size_of_space,
    trial_spec,
    trials_when_complete,
    untuned,
)
from ablate.spec.averages import MovingAverages
from ablate.spec.data import DataSettings, DataShape
from ablate.spec.samplers import BruteForce, Grid, Tpe
from ablate.spec.space import Choices, Parameter, Range, SearchSpace
from ablate.spec.study import (
    Architecture,
    Cell,
    ReplicateSettings,
    StudySpec,
    TuneSettings,
    Variant,
)
from ablate.spec.training import TrainingSettings

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


def study(
    *tuned,
    space=SPACE,
    fix=None,
    trials=100,
    sampler=None,
    variants=None,
    seeds=0,
    datasets=("digits",),
    others=(),
    **training,
):
    """A study of one search space, or of `others` as well; `variants` are values by name."""
    spaces = SearchSpace(name="space", architecture="baseline", parameters=space)
    first = Architecture(search_space=spaces, fix=fix or {}, tuned=tuned)
    named = {"only": {}} if variants is None else variants
    return StudySpec(
        name="s",
        seed=5,
        datasets=tuple(DataSettings(dataset=name, validation=0.1) for name in datasets),
        architectures=(first, *others),
        training=TrainingSettings(**{"batch_size": 10, **training}),
        design=None if variants is None else "variants",
        variants=tuple(
            Variant(
                name=name,
                search_space=values.get("search_space", "space"),
                values={n: v for n, v in values.items() if n != "search_space"},
            )
            for name, values in named.items()
        ),
        baseline=next(iter(named)),
        tune=TuneSettings(trials=trials, sampler=sampler or Tpe()) if trials else None,
        replicate=ReplicateSettings(seeds=seeds) if seeds else None,
        path="s.toml",
    )


def pick(**values):
    return lambda parameter: values[parameter.name]


def cell(variant="only", dataset="digits"):
    return Cell(dataset=dataset, variant=variant)


OTHER = Architecture(
    search_space=SearchSpace(
        name="other", architecture="variation", parameters=(choice("depth", 1, 2),)
    ),
    source="/mine.py",
    digest="abc",
)
DIGITS = DataShape(1437, 360, (8, 8, 1), 10)


# Sizes


def test_a_plan_counts_images_and_steps():
    plan = make_plan(study(SPACE[2]), {"digits": DIGITS})
    (data,), (variant,) = plan.data, plan.variants
    assert (data.dataset, data.images, data.steps) == ("digits", 1437 - 144, (130, 130))
    assert (plan.trials, plan.replicates) == (100, 0)
    assert (variant.name, variant.trials, variant.configurations) == ("only", 100, 3)
    assert variant.tuned == (SPACE[2],)


def test_a_plan_of_several_variants_and_data_sets_counts_all_cells():
    asked = study(
        SPACE[2],
        trials=4,
        seeds=3,
        datasets=("digits", "line"),
        variants={"plain": {}, "bare": {"batch_norm": False}, "else": {"search_space": "other"}},
        others=(OTHER,),
    )
    plan = make_plan(asked, {"digits": DIGITS, "line": DataShape(100, 40, (28, 28, 3), 96)})
    assert [(data.dataset, data.images, data.steps) for data in plan.data] == [
        ("digits", 1293, (130, 130)),
        ("line", 90, (9, 9)),
    ]
    # Nothing of the third is tuned: one trial says all.
    assert [variant.trials for variant in plan.variants] == [4, 4, 1]
    assert [variant.configurations for variant in plan.variants] == [3, 3, 1]
    assert (plan.trials, plan.replicates) == (2 * (4 + 4 + 1), 2 * 3 * 3)


def test_a_comparison_without_a_search_tunes_nothing():
    plan = make_plan(study(trials=0, seeds=6), {"digits": DIGITS})
    assert (plan.trials, plan.replicates) == (0, 6)
    assert (plan.variants[0].trials, plan.variants[0].tuned) == (0, ())


def test_a_warning_that_several_variants_share_is_said_once():
    asked = study(
        SPACE[2], variants={"plain": {}, "wide": {"units": 32}}, datasets=("digits", "line")
    )
    small = DataShape(100, 40, (8, 8, 1), 10)
    repeats, lag = make_plan(asked, {"digits": small, "line": small}).warnings
    assert repeats == (
        "the search of plain and 1 more has 3 configurations for 100 trials: at least 97 trials "
        "repeat another, whose result is taken over where that is complete"
    )
    assert "moving averages" in lag


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
    assert trials_when_complete(asked, "only") == expected


def test_configurations_follow_conditions():
    momentum = choice(MOMENTUM, 0.9, 0.99, when={"batch_norm": (True,)})
    space = (SPACE[0], momentum, SPACE[2])
    assert size_of_space(study(SPACE[0], momentum, SPACE[2], space=space), "only") == (2 + 1) * 3
    assert size_of_space(study(momentum, space=space, fix={"batch_norm": False}), "only") == 1
    assert size_of_space(study(momentum, space=space), "only") == 2
    assert size_of_space(study(SPACE[1], SPACE[2]), "only") is None


def test_tuned_training_settings_count_too():
    optimizer = choice("optimizer", "adam", "sgd")
    momentum = choice("momentum", 0.5, 0.8, when={"optimizer": ("sgd",)})
    assert size_of_space(study(SPACE[2], optimizer, momentum), "only") == 3 * (1 + 2)
    assert size_of_space(study(momentum, optimizer="sgd"), "only") == 2
    assert size_of_space(study(momentum), "only") == 1


def test_where_there_is_one_configuration_one_trial_is_enough():
    only = choice("units", 8)
    assert trials_when_complete(study(only, space=(only,), trials=5), "only") == 1
    assert trials_when_complete(study(trials=5), "only") == 1
    assert trials_when_complete(study(trials=0, seeds=5), "only") == 0


def test_the_space_of_a_variant_follows_its_values():
    momentum = choice(MOMENTUM, 0.9, 0.99, when={"batch_norm": (True,)})
    optimizer = choice("momentum", 0.5, 0.8, when={"optimizer": ("sgd",)})
    asked = study(
        momentum,
        optimizer,
        space=(SPACE[0], momentum, SPACE[2]),
        sampler=Grid(),
        variants={
            "plain": {},
            "bare": {"batch_norm": False},
            "sgd": {"optimizer": "sgd"},
            "bare sgd": {"batch_norm": False, "optimizer": "sgd"},
        },
    )
    sizes = {variant.name: size_of_space(asked, variant.name) for variant in asked.variants}
    assert sizes == {"plain": 2, "bare": 1, "sgd": 4, "bare sgd": 2}
    assert trials_when_complete(asked, "sgd") == 4


def test_a_varied_value_counts_more_than_a_fixed_one():
    momentum = choice(MOMENTUM, 0.9, 0.99, when={"batch_norm": (True,)})
    asked = study(
        momentum,
        space=(SPACE[0], momentum),
        fix={"batch_norm": False},
        variants={"bare": {}, "normed": {"batch_norm": True}},
    )
    assert size_of_space(asked, "bare") == 1
    assert size_of_space(asked, "normed") == 2


@pytest.mark.parametrize(
    ("tuned", "values", "expected"),
    [
        ((), {}, 3),
        ((), {"epochs": 7}, 7),
        ((number("epochs", 2, 9, 2),), {}, 9),
        ((choice("epochs", 5, 4),), {}, 5),
    ],
)
def test_the_longest_training_is_that_of_the_variant(tuned, values, expected):
    asked = study(*tuned, variants={"plain": {}, "v": values}, epochs=3)
    assert longest_training(asked, "v") == expected


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

        parameters, training = configure(asked, "only", suggest)
        if len(asked_for) > len(path):
            waiting += [(*path, value) for value in asked_for[len(path)].domain.values()]
        else:
            found.add((*parameters.items(), training.model_dump_json()))
    return found


@settings(max_examples=60)
@given(conditional_studies())
def test_the_size_of_the_space_is_the_number_of_different_trials(asked):
    assert size_of_space(asked, "only") == len(all_configurations(asked))


def test_a_condition_through_a_fixed_parameter_that_is_not_in_use_does_not_hold():
    space = (
        choice("a", 0, 1),
        choice("b", 0, 1, when={"a": (1,)}),
        choice("c", 0, 1, 2, when={"b": (0,)}),
    )
    asked = study(space[0], space[2], space=space, sampler=BruteForce())
    assert trials_when_complete(asked, "only") == len(all_configurations(asked)) == 4


# Configurations


def test_a_trial_takes_what_is_tuned_fixed_or_default():
    asked = study(SPACE[2], choice("learning_rate", 0.1, 0.2), fix={MOMENTUM: 0.9}, epochs=3)
    parameters, training = configure(asked, "only", pick(units=32, learning_rate=0.2))
    assert parameters == {"batch_norm": True, MOMENTUM: 0.9, "units": 32}
    assert training == TrainingSettings(batch_size=10, epochs=3, learning_rate=0.2)


def test_only_what_is_in_use_is_suggested():
    asked = study(*SPACE)
    parameters, _ = configure(asked, "only", pick(batch_norm=False, units=16))
    assert parameters == {"batch_norm": False, MOMENTUM: 0.99, "units": 16}
    parameters, _ = configure(
        asked, "only", pick(batch_norm=True, units=16, batch_norm_momentum=0.6)
    )
    assert parameters == {"batch_norm": True, MOMENTUM: 0.6, "units": 16}


def test_a_fixed_value_that_is_not_in_use_makes_no_other_network():
    fix = {"batch_norm": False, MOMENTUM: 0.7}
    assert configure(study(SPACE[2], fix=fix), "only", pick(units=8))[0][MOMENTUM] == 0.99


def test_a_tuned_setting_may_depend_on_another():
    optimizer = choice("optimizer", "adam", "sgd")
    momentum = choice("momentum", 0.5, 0.8, when={"optimizer": ("sgd",)})
    asked = study(optimizer, momentum)
    assert configure(asked, "only", pick(optimizer="adam"))[1].momentum == 0.9
    assert configure(asked, "only", pick(optimizer="sgd", momentum=0.8))[1].momentum == 0.8


def test_a_trial_spec_holds_all_that_the_trial_depends_on():
    asked = study(SPACE[2])
    spec = trial_spec(asked, cell(), "digest", 7, pick(units=16))
    assert (spec.data, spec.data_digest, spec.seed) == (asked.datasets[0], "digest", 7)
    assert (spec.architecture, spec.training) == ("baseline", asked.training)
    assert spec.parameters == {"batch_norm": True, MOMENTUM: 0.99, "units": 16}


def test_a_trial_spec_is_that_of_its_variant():
    asked = study(
        SPACE[2],
        fix={"batch_norm": False, "units": 8},
        variants={
            "normed": {"batch_norm": True, MOMENTUM: 0.9, "epochs": 3},
            "else": {"search_space": "other", "depth": 2},
        },
        others=(OTHER,),
        datasets=("digits", "line"),
    )
    spec = trial_spec(asked, cell("normed", "line"), "d", 6, pick(units=32))
    assert spec.data.dataset == "line"
    assert spec.parameters == {"batch_norm": True, MOMENTUM: 0.9, "units": 32}
    assert (spec.training.epochs, asked.training.epochs) == (3, 10)
    other = trial_spec(asked, cell("else"), "d", 6, pick())
    assert (other.architecture, other.architecture_source) == ("variation", "/mine.py")
    assert (other.architecture_digest, other.parameters) == ("abc", {"depth": 2})


def test_a_setting_may_be_tuned_where_a_varied_one_allows_it():
    momentum = choice("momentum", 0.5, 0.8, when={"optimizer": ("sgd",)})
    asked = study(momentum, variants={"adam": {}, "sgd": {"optimizer": "sgd"}})
    assert configure(asked, "adam", pick())[1].momentum == 0.9
    assert configure(asked, "sgd", pick(momentum=0.8))[1].momentum == 0.8


def test_a_variant_whose_settings_do_not_fit_is_an_error():
    with pytest.raises(ValueError, match="epochs"):
        configure(study(variants={"none": {"epochs": 0}}), "none", pick())


def test_untuned_is_the_default_or_else_the_first_end():
    assert untuned(number("rate", 0.1, 0.9, 0.5)) == 0.5
    assert untuned(number("rate", 0.6, 0.9, 0.5)) == 0.6
    assert untuned(Parameter(name="a", domain=Choices(choices=(3, 2)), default=1)) == 3


# Parts


def test_the_search_of_one_cell_has_the_studys_name():
    assert [(part.name, part.phase, part.cell) for part in parts(study(SPACE[2]))] == [
        ("s", "tune", cell())
    ]


def test_every_cell_has_a_search_and_all_share_their_replicates():
    asked = study(SPACE[2], seeds=2, variants={"a": {}, "b": {"batch_norm": False}})
    assert [(part.name, part.phase, part.cell) for part in parts(asked)] == [
        ("s/tune/a", "tune", cell("a")),
        ("s/tune/b", "tune", cell("b")),
        ("s/replicate", "replicate", None),
    ]


def test_parts_name_the_data_set_where_there_are_several():
    assert [part.name for part in parts(study(datasets=("digits", "line")))] == [
        "s/tune/digits/only",
        "s/tune/line/only",
    ]


def test_a_comparison_has_one_part():
    asked = study(trials=0, seeds=2, variants={"a": {}, "b": {"batch_norm": False}})
    assert [part.name for part in parts(asked)] == ["s/replicate"]


# The order of replicates


def test_replicates_go_seed_by_seed_and_variants_take_turns_in_being_first():
    asked = study(trials=0, seeds=4, variants={"a": {}, "b": {"units": 16}, "c": {"units": 32}})
    assert [(cell.variant, seed) for cell, seed in replicates_in_order(asked)] == [
        *(("a", 6), ("b", 6), ("c", 6)),
        *(("b", 7), ("c", 7), ("a", 7)),
        *(("c", 8), ("a", 8), ("b", 8)),
        *(("a", 9), ("b", 9), ("c", 9)),
    ]


def test_each_data_set_is_replicated_with_a_seed_before_the_next_seed():
    asked = study(
        trials=0, seeds=2, datasets=("digits", "line"), variants={"a": {}, "b": {"units": 16}}
    )
    assert [(cell.dataset, cell.variant, seed) for cell, seed in replicates_in_order(asked)] == [
        *(("digits", "a", 6), ("digits", "b", 6), ("line", "a", 6), ("line", "b", 6)),
        *(("digits", "b", 7), ("digits", "a", 7), ("line", "b", 7), ("line", "a", 7)),
    ]


def test_without_seeds_nothing_is_replicated():
    assert replicates_in_order(study(SPACE[2])) == []


@given(st.integers(1, 5), st.integers(1, 3), st.integers(1, 12))
def test_every_cell_meets_every_seed_once_and_seeds_do_not_mix(variants, datasets, seeds):
    asked = study(
        trials=0,
        seeds=seeds,
        variants={f"v{index}": {} for index in range(variants)},
        datasets=("digits", "line", "mnist")[:datasets],
    )
    order = replicates_in_order(asked)
    assert len(order) == len(set(order))
    assert set(order) == set(product(asked.cells, asked.seeds))
    assert list(dict.fromkeys(seed for _, seed in order)) == list(asked.seeds)
    runs = [seed for seed, _ in groupby(seed for _, seed in order)]
    assert len(runs) == seeds
    first = Counter(order[index][0].variant for index in range(0, len(order), len(asked.cells)))
    assert max(first.values()) - min(first[v.name] for v in asked.variants) <= 1


# Batch norm that lags


def test_the_warning_names_steps_momentum_and_remedy():
    assert lag_warnings(study(SPACE[2]), "only", 410) == (
        "an epoch has 41 steps, but with batch_norm_momentum = 0.99 the moving averages of batch "
        "norm need 299 to settle: early validation losses, and pruning, would judge that "
        "lag; set batch_norm_momentum = 0.9 under [fix], or batch_norm_averages = "
        '"recalibrated" under [training]',
    )


@pytest.mark.parametrize(
    ("momentum", "steps", "warns"),
    [
        (0.99, 298, True),
        (0.99, 299, False),
        (0.9, 28, True),
        (0.9, 29, False),
        (0.5, 4, True),
        (0.5, 5, False),
    ],
)
def test_the_warning_starts_above_a_twentieth_of_the_start(momentum, steps, warns):
    asked = study(SPACE[2], fix={MOMENTUM: momentum})
    assert bool(lag_warnings(asked, "only", steps * 10)) is warns


@given(st.integers(6, 400), st.sampled_from([0.6, 0.8, 0.9, 0.95, 0.99]))
def test_the_remedy_removes_the_warning(steps, momentum):
    asked = study(SPACE[2], fix={MOMENTUM: momentum})
    for text in lag_warnings(asked, "only", steps * 10):
        better = float(text.partition("; set batch_norm_momentum = ")[2].split()[0])
        assert better < momentum
        assert better in SPACE[1].domain
        assert not lag_warnings(study(SPACE[2], fix={MOMENTUM: better}), "only", steps * 10)


@pytest.mark.parametrize("steps", [1, 2, 4, 5])
def test_the_remedy_lies_in_the_search_space(steps):
    for text in lag_warnings(study(SPACE[2]), "only", steps * 10):
        _, named, rest = text.partition("; set batch_norm_momentum = ")
        assert not named or float(rest.split()[0]) in SPACE[1].domain


def test_the_largest_momentum_and_batch_that_are_tuned_count():
    momentum = number(MOMENTUM, 0.5, 0.9, 0.9, when={"batch_norm": (True,)})
    assert not lag_warnings(study(momentum), "only", 350)
    assert "35 steps" in lag_warnings(study(SPACE[1]), "only", 350)[0]
    (text,) = lag_warnings(study(momentum, choice("batch_size", 10, 20)), "only", 350)
    assert "18 steps" in text


def test_without_batch_norm_nothing_lags():
    assert not lag_warnings(study(SPACE[2], fix={"batch_norm": False}), "only", 10)
    assert not lag_warnings(study(SPACE[2], space=(SPACE[2],)), "only", 10)


def test_a_momentum_of_one_never_settles_and_is_no_crash():
    momentum = number(MOMENTUM, 0.5, 1.0, 1.0)
    assert lag_warnings(study(SPACE[2], space=(momentum, SPACE[2])), "only", 10)


def test_only_the_variant_that_lags_is_warned_of():
    asked = study(
        variants={
            "slow": {},
            "quick": {MOMENTUM: 0.9},
            "bare": {"batch_norm": False},
            "large batches": {"batch_size": 100},
            "else": {"search_space": "other"},
        },
        others=(OTHER,),
    )
    said = {v.name: bool(lag_warnings(asked, v.name, 3500)) for v in asked.variants}
    assert said == {
        "slow": False,
        "quick": False,
        "bare": False,
        "large batches": True,
        "else": False,
    }
    assert "35 steps" in lag_warnings(asked, "large batches", 3500)[0]
    assert "35 steps" in lag_warnings(asked, "slow", 350)[0]
    assert lag_warnings(asked, "quick", 350) == ()


@pytest.mark.parametrize(
    ("tuned", "values", "remedy"),
    [
        ((), {}, "set batch_norm_momentum = 0.9 under [fix]"),
        ((SPACE[1],), {}, "tune it up to 0.9"),
        ((), {MOMENTUM: 0.99}, "vary it up to 0.9"),
    ],
)
def test_the_remedy_names_the_table_that_holds_the_momentum(tuned, values, remedy):
    asked = study(*tuned, variants={"plain": {"units": 16}, "v": values})
    assert f"; {remedy}, or batch_norm_averages = " in lag_warnings(asked, "v", 410)[0]


def test_steps_are_those_of_all_batch_sizes_that_trials_can_have():
    tuned = choice("batch_size", 16, 64)
    assert steps_of_epoch(study(tuned, batch_size=128), "only", 1000) == (16, 63)
    sometimes = choice("batch_size", 16, 64, when={"optimizer": ("sgd",)})
    assert steps_of_epoch(study(sometimes, batch_size=128), "only", 1000) == (8, 63)
    asked = study(trials=0, seeds=1, variants={"a": {}, "b": {"batch_size": 50}})
    assert steps_of_epoch(asked, "b", 1000) == (20, 20)
    assert make_plan(asked, {"digits": DIGITS}).data[0].steps == (26, 130)


@pytest.mark.parametrize(
    ("momentum", "steps", "epochs", "lag"),
    [
        (0.99, 4, 5, 5),
        (0.99, 100, 10, 2),
        (0.99, 298, 2, 1),
        (0.99, 299, 2, 0),
        (1.0, 1000, 7, 7),
        (1.5, 1000, 7, 7),
        (0.0, 1, 3, 0),
        (-1.0, 1, 3, 0),
    ],
)
def test_averages_lag_as_long_as_they_hold_more_than_a_twentieth(momentum, steps, epochs, lag):
    averages = MovingAverages(momentum=momentum, steps=steps)
    assert averages.lag(epochs) == lag
    assert [averages.held(epoch) > 0.05 for epoch in range(1, epochs + 1)] == [
        epoch <= lag for epoch in range(1, epochs + 1)
    ]


@pytest.mark.parametrize(
    ("steps", "epochs", "text"),
    [
        (
            4,
            5,
            "4 steps an epoch the moving averages of batch norm lag in all 5 epochs, and still "
            "hold 81.8 % of their start after them",
        ),
        (
            100,
            10,
            "lag in the first 2 of 10 epochs, and still hold 13.4 % of their start after them",
        ),
        (200, 10, "lag in the first of 10 epochs, and still hold 13.4 % of their start after it"),
        (
            1,
            1,
            "1 step an epoch the moving averages of batch norm lag in the only epoch, and still",
        ),
    ],
)
def test_what_is_told_of_averages_that_lag(steps, epochs, text):
    told = lag_text(MovingAverages(momentum=0.99, steps=steps), epochs)
    assert text in told
    assert told.startswith("with a momentum of 0.99 and ")
    assert told.endswith(
        ": validation, pruning and verdicts would judge that lag; "
        'set batch_norm_averages = "recalibrated" under [training]'
    )
    assert lag_text(MovingAverages(momentum=0.99, steps=400), epochs) == ""


def test_a_built_network_is_warned_of_whatever_its_parameters_are_called():
    asked = study(choice("batch_size", 16, 64), batch_size=128, epochs=2, space=(SPACE[2],))
    assert "16 steps an epoch" in network_lag(asked, "only", 1000, 0.99)
    assert network_lag(asked, "only", 1000, 0.5) == ""
    assert network_lag(asked, "only", 1000, None) == ""


def test_recalibrated_averages_do_not_lag():
    asked = study(
        trials=0,
        seeds=1,
        variants={"moving": {}, "cured": {"batch_norm_averages": "recalibrated"}},
    )
    assert network_lag(asked, "moving", 100, 0.99)
    assert lag_warnings(asked, "moving", 100)
    assert network_lag(asked, "cured", 100, 0.99) == ""
    assert lag_warnings(asked, "cured", 100) == ()
    everywhere = study(batch_norm_averages="recalibrated")
    assert network_lag(everywhere, "only", 100, 0.99) == ""
    # A parameter of that name is the search space's own.
    space = (*SPACE, choice("batch_norm_averages", "moving", "recalibrated"))
    own = study(space=space, variants={"a": {"batch_norm_averages": "recalibrated"}, "b": {}})
    assert network_lag(own, "a", 100, 0.99)


def test_networks_are_built_at_each_end_of_what_is_tuned():
    momentum = number(MOMENTUM, 0.5, 0.99, 0.9, when={"batch_norm": (True,)})
    asked = study(momentum, choice("learning_rate", 0.1, 0.2))
    assert [one[MOMENTUM] for one in configurations_at_ends(asked, "only")] == [0.9, 0.5, 0.99]
