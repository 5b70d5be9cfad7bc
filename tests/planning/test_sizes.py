import pytest

from ablate.planning.sizes import find_range
from ablate.spec.space import Choices, Parameter, Range, SearchSpace


def choice(name, *values, default=None, **others):
    domain = Choices(choices=values)
    return Parameter(
        name=name, domain=domain, default=values[0] if default is None else default, **others
    )


WIDTH = choice("width", 4, 8, 16, default=8)
DEPTH = Parameter(name="depth", domain=Range(low=1, high=5), default=2)
NORM = choice("norm", True, False)
EXTRA = choice("extra", 1, 100, when={"norm": (True,)})
RATE = choice("learning_rate", 0.1, 0.2)
SPACE = SearchSpace(name="s", architecture="baseline", parameters=(WIDTH, DEPTH, NORM, EXTRA))


class Measure:
    """Sizes by a formula; remembers what was built."""

    def __init__(self, size):
        self.size, self.built = size, []

    def __call__(self, configurations):
        self.built += configurations
        return [self.size(**configuration) for configuration in configurations]


def sized(width, depth, norm, extra):
    return {"parameters": width * depth + (extra if norm else 0)}


def test_the_smallest_and_largest_networks_are_found():
    found = find_range(SPACE, {}, (WIDTH, DEPTH, NORM, EXTRA), Measure(sized))
    assert found.default == {"parameters": 17}
    assert found.smallest == (
        {"width": 4, "depth": 1, "norm": False, "extra": 1},
        {"parameters": 4},
    )
    assert found.largest == (
        {"width": 16, "depth": 5, "norm": True, "extra": 100},
        {"parameters": 180},
    )
    assert found.infeasible == 0


def test_only_what_is_tuned_varies():
    measure = Measure(sized)
    found = find_range(SPACE, {"depth": 3, "norm": False}, (WIDTH, RATE), measure)
    assert found.default == {"parameters": 24}
    assert (found.smallest[1], found.largest[1]) == ({"parameters": 12}, {"parameters": 48})
    assert {(built["depth"], built["norm"]) for built in measure.built} == {(3, False)}
    assert "learning_rate" not in found.largest[0]


def test_no_network_is_built_twice():
    measure = Measure(sized)
    found = find_range(SPACE, {}, (WIDTH, DEPTH, NORM, EXTRA), measure)
    built = [tuple(sorted(configuration.items())) for configuration in measure.built]
    assert len(built) == len(set(built)) == found.tried


def test_networks_that_cannot_be_built_are_counted_and_passed_over():
    def deep_fails(**configuration):
        if configuration["depth"] > 2:
            return {"infeasible": "too deep"}
        return sized(**configuration)

    found = find_range(SPACE, {}, (WIDTH, DEPTH), Measure(deep_fails))
    assert found.largest[1] == {"parameters": 33}
    assert found.infeasible > 0


def test_a_default_that_cannot_be_built_does_not_end_the_search():
    def only_wide(**configuration):
        return sized(**configuration) if configuration["width"] == 16 else {"infeasible": "thin"}

    found = find_range(SPACE, {}, (WIDTH,), Measure(only_wide))
    assert found.default == {"infeasible": "thin"}
    assert found.smallest == found.largest
    assert found.largest[0]["width"] == 16


def test_when_nothing_can_be_built_there_are_no_ends():
    found = find_range(SPACE, {}, (WIDTH,), Measure(lambda **_: {"infeasible": "no"}))
    assert (found.smallest, found.largest) == (None, None)
    assert found.tried == found.infeasible == 3


@pytest.mark.parametrize(("values", "smallest", "largest"), [((16, 32), 16, 32), ((2, 4), 2, 4)])
def test_both_ends_lie_in_what_is_tuned(values, smallest, largest):
    """The default of the space may lie outside the domain that a study tunes."""
    narrowed = WIDTH.model_copy(update={"domain": Choices(choices=values)})
    found = find_range(SPACE, {}, (narrowed,), Measure(sized))
    assert found.smallest[0]["width"] == smallest
    assert found.largest[0]["width"] == largest
