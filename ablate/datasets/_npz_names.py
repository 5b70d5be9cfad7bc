"""What the arrays of a user's file are called, and which of them it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Names:
    """The arrays of a data set, by part: ``train`` first, then ``test`` and ``val`` as far as held."""

    inputs_of: Mapping[str, Mapping[str, str]]
    """Those of the inputs; the only one has no name."""
    targets_of: Mapping[str, str]
    groups_of: Mapping[str, str]
    """Which groups examples belong to; empty where nothing is kept together."""
    weights_of: Mapping[str, str]
    """How much examples count; empty where all count alike."""

    @classmethod
    def held(
        cls,
        called: Mapping[str, tuple[str, str]],
        groups: str | None,
        weights: str | None,
        names: Iterable[str],
    ) -> Self:
        """Those that a file or folder of these arrays holds, and those that it must hold.

        Args:
            called: for each part what its inputs and its targets are called.
            groups: what the groups of the training examples are called, where there are any.
            weights: what their weights are called, likewise.
            names: the arrays.
        """
        held = tuple(names)
        inputs = {part: _inputs(x, held) for part, (x, _) in called.items()}
        is_held = any(name in held for name in inputs["train"].values())
        parts = [
            part
            for part, (_, y) in called.items()
            if part == "train"
            or (part == "test" and not is_held)  # a file without anything lacks these four
            or any(name in held for name in (*inputs[part].values(), y))
        ]
        return cls(
            inputs_of={part: inputs[part] for part in parts},
            targets_of={part: called[part][1] for part in parts},
            groups_of=_of_parts(groups, parts, held),
            weights_of=_of_parts(weights, parts, held),
        )

    @property
    def inputs(self) -> tuple[str, ...]:
        """All arrays of inputs."""
        return tuple(name for of_part in self.inputs_of.values() for name in of_part.values())

    @property
    def others(self) -> tuple[str, ...]:
        """All other arrays."""
        found = (self.targets_of, self.groups_of, self.weights_of)
        return tuple(name for of_kind in found for name in of_kind.values())

    @property
    def every(self) -> tuple[str, ...]:
        """All arrays."""
        return (*self.inputs, *self.others)


def _inputs(key: str, held: Sequence[str]) -> dict[str, str]:
    """The arrays of a part, by input: one of that name, or ``KEY.NAME`` for each of several."""
    several = [name for name in held if name.startswith(f"{key}.")]
    if key in held or not several:
        return {"": key}
    return {name.removeprefix(f"{key}."): name for name in several}


def _of_parts(name: str | None, parts: Iterable[str], held: Sequence[str]) -> dict[str, str]:
    """The array ``NAME`` of the training examples, and ``NAME_test``, ``NAME_val`` where held."""
    if name is None:
        return {}
    others = {part: f"{name}_{part}" for part in parts if part != "train"}
    return {"train": name} | {part: own for part, own in others.items() if own in held}
