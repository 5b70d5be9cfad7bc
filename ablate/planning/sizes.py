"""Which networks of a search space are measured to show its range."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ablate.spec.space import Parameter, Scalar, SearchSpace

Configuration = Mapping[str, Scalar]
Measure = Callable[[Sequence[Configuration]], list[dict[str, Any]]]
"""Measures networks: their sizes, or ``{"infeasible": reason}``, in the order given."""


@dataclass(frozen=True)
class NetworkRange:
    """The default network of a space, and the smallest and largest found."""

    default: dict[str, Any]
    smallest: tuple[Configuration, dict[str, Any]] | None
    largest: tuple[Configuration, dict[str, Any]] | None
    tried: int
    """How many networks were built."""
    infeasible: int
    """How many of them could not be built."""
    momentum: float | None
    """The largest among the batch norms of those built; None where they have none."""


def find_range(
    space: SearchSpace, fixed: Configuration, tuned: Sequence[Parameter], measure: Measure
) -> NetworkRange:
    """Looks for the smallest and the largest network, one parameter after the other.

    Starting from the default, each parameter in turn takes the value with the fewest (or most)
    weights, twice over. In spaces in which a parameter's effect on size does not turn round with
    the others this finds the true ends; in any other it finds good ones.

    Args:
        space: the search space.
        fixed: parameters that keep one value.
        tuned: parameters that are searched; training settings among them do not matter.
        measure: builds and measures networks.
    """
    known: dict[tuple[tuple[str, Scalar], ...], dict[str, Any]] = {}
    varied = [parameter for parameter in tuned if parameter.name in space]

    def sizes(configurations: Sequence[Configuration]) -> list[dict[str, Any]]:
        keys = [tuple(sorted(c.items())) for c in configurations]
        new = list(dict.fromkeys(key for key in keys if key not in known))
        known.update(zip(new, measure([dict(key) for key in new]), strict=True))
        return [known[key] for key in keys]

    default = sizes([space.complete(fixed)])[0]
    # A default may lie outside of what is tuned.
    inside = {p.name: p.domain.ends()[0] for p in varied if p.default not in p.domain}
    start = space.complete({**fixed, **inside})
    start_size = sizes([start])[0]

    def search(sign: int) -> tuple[Configuration, dict[str, Any]] | None:
        current, size = start, start_size
        for parameter in [*varied, *varied]:
            candidates = [
                space.complete({**current, parameter.name: value})
                for value in parameter.domain.ends()
            ]
            for candidate, found in zip(candidates, sizes(candidates), strict=True):
                better = "parameters" in found and (
                    "parameters" not in size
                    or sign * found["parameters"] > sign * size["parameters"]
                )
                if better:
                    current, size = candidate, found
        return (current, size) if "parameters" in size else None

    smallest, largest = search(-1), search(+1)
    infeasible = sum("infeasible" in size for size in known.values())
    momenta = [size["momentum"] for size in known.values() if size.get("momentum") is not None]
    momentum = max(momenta, default=None)
    return NetworkRange(default, smallest, largest, len(known), infeasible, momentum)
