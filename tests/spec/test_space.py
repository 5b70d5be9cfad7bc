import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ablate.spec.space import Choices, Parameter, Range, SearchSpace, count_configurations, same

# Strategies

small = st.integers(-20, 20)
scalars = st.one_of(st.booleans(), small, st.floats(-2, 2), st.text("ab", max_size=2))


def distinct(values):
    kept = []
    for value in values:
        if not any(same(value, other) for other in kept):
            kept.append(value)
    return tuple(kept)


choices = st.lists(scalars, min_size=1, max_size=4).map(lambda v: Choices(choices=distinct(v)))
whole_ranges = st.builds(
    lambda low, step, steps: Range(low=low, high=low + step * steps, step=step),
    small,
    st.integers(1, 5),
    st.integers(0, 8),
)
float_ranges = st.builds(
    lambda low, step, steps: Range(
        low=low / 10, high=round(low / 10 + step * steps, 10), step=step
    ),
    small,
    st.sampled_from([0.05, 0.1, 0.25, 0.3, 1.0]),
    st.integers(0, 12),
)
listed = st.one_of(choices, whole_ranges, float_ranges)


@st.composite
def spaces(draw):
    """A search space with conditions on parameters before, and what is tuned: at least all with one."""
    parameters = []
    for index in range(draw(st.integers(1, 5))):
        domain = draw(st.sampled_from([(0, 1), (True, False), ("a", "b", "c"), (1,), (0, 1, 2)]))
        when = {}
        if parameters and draw(st.booleans()):
            other = draw(st.sampled_from(parameters))
            values = st.lists(st.sampled_from(other.domain.values()), min_size=1, unique=True)
            when = {other.name: tuple(draw(values))}
        default = draw(st.sampled_from(domain))
        parameters.append(
            Parameter(name=f"p{index}", domain=Choices(choices=domain), default=default, when=when)
        )
    space = SearchSpace(name="s", architecture="baseline", parameters=tuple(parameters))
    conditional = {parameter.name for parameter in parameters if parameter.when}
    return space, draw(st.sets(st.sampled_from(space.names))) | conditional


def brute_force(space, tuned):
    """Every different configuration, found by trying all values."""
    found = set()
    for values in product(*(space[name].domain.values() for name in tuned)):
        complete = space.complete(dict(zip(tuned, values, strict=True)))
        found.add(tuple((type(value), value) for value in complete.values()))
    return found


# Values


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 1, True),
        (16, 16.0, True),
        (True, True, True),
        (True, 1, False),
        (0, False, False),
        ("1", 1, False),
        (0.1, 0.2, False),
    ],
)
def test_true_is_not_one_but_16_is_16(left, right, expected):
    assert same(left, right) is expected
    assert same(right, left) is expected


# Ranges


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"low": 3, "high": 1}, "low must not be above high (low = 3, high = 1)"),
        ({"low": 0, "high": 1, "log": True}, "a log range needs low above 0 (low = 0)"),
        ({"low": 1, "high": 4, "log": True, "step": 1}, "step and log cannot be used together"),
        ({"low": 1, "high": 4, "step": 0}, "step must be above 0 (step = 0)"),
        (
            {"low": 1, "high": 4, "step": 0.5},
            "a range of whole numbers needs a whole step (step = 0.5)",
        ),
        (
            {"low": 0.0, "high": 1.0, "step": 0.3},
            "high must be low plus a whole number of steps (low = 0.0, high = 1.0, step = 0.3)",
        ),
        ({"low": 0.0, "high": math.inf}, "low and high must be finite numbers"),
        ({"low": math.nan, "high": 1.0}, "low and high must be finite numbers"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(keys, message):
    with pytest.raises(ValidationError) as caught:
        Range(**keys)
    assert caught.value.errors()[0]["msg"] == f"Value error, {message}"


@pytest.mark.parametrize("step", [math.nan, math.inf])
def test_a_step_must_be_a_finite_number(step):
    with pytest.raises(ValidationError):
        Range(low=0.0, high=1.0, step=step)


@pytest.mark.parametrize("keys", [{"low": True, "high": 2}, {"low": "1", "high": 2}])
def test_a_range_converts_no_types(keys):
    with pytest.raises(ValidationError):
        Range(**keys)


@pytest.mark.parametrize(
    ("domain", "inside", "outside"),
    [
        (Range(low=1, high=3), [1, 2, 3, 2.0], [0, 4, 1.5, True, "1", None, [1]]),
        (Range(low=1, high=9, step=4), [1, 5, 9], [3, 13]),
        (Range(low=0.0, high=0.6, step=0.1), [0.3, 0, 0.6], [0.05, 0.7, -0.1]),
        (Range(low=0.0, high=1.0), [0, 0.123, 1], [1.001, False, math.nan, math.inf]),
        (Choices(choices=(True, "a", 2)), [True, "a", 2, 2.0], [1, False, "b", None, [2]]),
        (Choices(choices=(0, 1)), [0, 1.0], [True, False]),
    ],
)
def test_values_are_inside_or_outside(domain, inside, outside):
    assert all(value in domain for value in inside)
    assert not any(value in domain for value in outside)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_outside_whole_numbers(value):
    assert value not in Range(low=1, high=3)


@pytest.mark.parametrize(
    ("domain", "values"),
    [
        (Range(low=1, high=3), (1, 2, 3)),
        (Range(low=1, high=9, step=4), (1, 5, 9)),
        (Range(low=0.0, high=0.3, step=0.1), (0.0, 0.1, 0.2, 0.3)),
        (Range(low=0.5, high=0.5), (0.5,)),
        (Range(low=2, high=4, log=True), (2, 3, 4)),
        (Choices(choices=("b", "a")), ("b", "a")),
    ],
)
def test_a_domain_lists_its_values(domain, values):
    assert domain.values() == values
    assert domain.size == len(values)


def test_a_continuous_range_cannot_be_listed():
    domain = Range(low=0.0, high=1.0)
    assert domain.size is None
    assert domain.ends() == (0.0, 1.0)
    with pytest.raises(ValueError, match="a continuous range cannot be listed"):
        domain.values()


@given(listed)
def test_a_listed_value_lies_in_the_domain(domain):
    values = domain.values()
    assert all(value in domain for value in values)
    assert len(distinct(values)) == len(values) == domain.size
    assert set(domain.ends()) <= set(values)


@given(whole_ranges)
def test_whole_ranges_list_whole_numbers(domain):
    assert all(type(value) is int for value in domain.values())


@given(float_ranges)
def test_stepped_ranges_end_where_they_say(domain):
    assert domain.values()[0] == domain.low
    assert domain.values()[-1] == domain.high


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        (Range(low=1, high=3), "1 to 3"),
        (Range(low=0.1, high=0.5, log=True), "0.1 to 0.5 (log)"),
        (Range(low=1, high=9, step=4), "1 to 9 in steps of 4"),
        (Choices(choices=("max", 3)), "max, 3"),
    ],
)
def test_a_domain_can_be_read(domain, text):
    assert str(domain) == text


@given(st.one_of(listed, st.just(Range(low=1e-4, high=1e-2, log=True))))
def test_a_domain_survives_json(domain):
    parameter = Parameter(name="p", domain=domain, default=domain.ends()[0])
    assert Parameter.model_validate_json(parameter.model_dump_json()) == parameter


@pytest.mark.parametrize(
    ("values", "message"),
    [((), "choices must not be empty"), (("a", "a"), "choices must differ"), ((1, 1.0), "differ")],
)
def test_choices_that_make_no_sense_are_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        Choices(choices=values)


# Search spaces


def parameter(name, *values, when=None):
    return Parameter(name=name, domain=Choices(choices=values), default=values[0], when=when or {})


SPACE = SearchSpace(
    name="s",
    architecture="baseline",
    parameters=(
        parameter("norm", True, False),
        parameter("momentum", 0.9, 0.99, when={"norm": (True,)}),
        parameter("units", 1, 2, 3),
    ),
)


def test_a_space_knows_its_parameters():
    assert SPACE.names == ("norm", "momentum", "units")
    assert SPACE.defaults == {"norm": True, "momentum": 0.9, "units": 1}
    assert "norm" in SPACE
    assert "nrm" not in SPACE
    assert SPACE["units"].domain.size == 3


def test_what_is_not_in_use_takes_its_default():
    complete = SPACE.complete({"norm": False, "momentum": 0.99})
    assert complete == {"norm": False, "momentum": 0.9, "units": 1}


def test_a_condition_on_an_absent_parameter_does_not_hold():
    assert not SPACE["momentum"].in_use({})
    assert SPACE["momentum"].in_use({"norm": True})
    assert not SPACE["momentum"].in_use({"norm": 1})


@given(spaces(), st.data())
def test_completing_twice_changes_nothing(drawn, data):
    space, _ = drawn
    values = {
        name: data.draw(st.sampled_from(space[name].domain.values()))
        for name in data.draw(st.sets(st.sampled_from(space.names)))
    }
    once = space.complete(values)
    assert space.complete(once) == once
    assert tuple(once) == space.names


@given(spaces())
def test_configurations_are_counted_as_by_trying_all(drawn):
    space, tuned = drawn
    in_order = [name for name in space.names if name in tuned]
    counted = count_configurations(
        [
            p if p.name in tuned else p.model_copy(update={"domain": Choices(choices=(p.default,))})
            for p in space.parameters
        ]
    )
    assert counted == len(brute_force(space, in_order))


def test_one_and_true_are_counted_apart():
    parameters = [
        parameter("a", 1, True),
        parameter("b", "x", "y", when={"a": (True,)}),
    ]
    assert count_configurations(parameters) == 3


def test_a_continuous_parameter_makes_the_space_uncountable():
    rate = Parameter(name="rate", domain=Range(low=0.0, high=1.0), default=0.5)
    assert count_configurations([SPACE["units"], rate]) is None


def test_nothing_tuned_is_one_configuration():
    assert count_configurations([]) == 1
