"""Search spaces: the hyperparameters of an architecture and the values they may take."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Tag, model_validator

Scalar = bool | int | float | str
"""A value of a hyperparameter."""


class Frozen(BaseModel):
    """A record that never changes, refuses unknown keys, and converts no types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def same(left: Scalar, right: Scalar) -> bool:
    """Whether two values are the same to a user: ``true`` is not ``1``, but ``16.0`` is ``16``."""
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def label(value: Scalar | None) -> str:
    """A value as it is written in TOML, a text without its quotes."""
    return value if isinstance(value, str) else json.dumps(value)


class Range(Frozen):
    """Numbers from `low` to `high`, both included; whole numbers when both ends are whole."""

    low: int | float
    high: int | float
    step: int | float | None = None
    log: bool = False

    @property
    def is_integer(self) -> bool:
        """Whether the range holds whole numbers only."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise ValueError("low and high must be finite numbers")
        if self.low > self.high:
            raise ValueError(f"low must not be above high (low = {self.low}, high = {self.high})")
        if self.log and self.low <= 0:
            raise ValueError(f"a log range needs low above 0 (low = {self.low})")
        if self.step is not None:
            self._check_step(self.step)
        return self

    def _check_step(self, step: int | float) -> None:
        if self.log:
            raise ValueError("step and log cannot be used together")
        if not math.isfinite(step):
            raise ValueError("step must be a finite number")
        if step <= 0:
            raise ValueError(f"step must be above 0 (step = {step})")
        if self.is_integer and not isinstance(step, int):
            raise ValueError(f"a range of whole numbers needs a whole step (step = {step})")
        steps = (self.high - self.low) / step
        if abs(steps - round(steps)) > 1e-8:
            raise ValueError(
                f"high must be low plus a whole number of steps "
                f"(low = {self.low}, high = {self.high}, step = {step})"
            )

    def __contains__(self, value: object) -> bool:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            return False
        if self.is_integer and value != int(value):
            return False
        if not self.low <= value <= self.high:
            return False
        if self.step is None:
            return True
        steps = (value - self.low) / self.step
        return abs(steps - round(steps)) < 1e-8

    def cast(self, value: Scalar) -> int | float:
        """A value of this range in the range's own type: whole or not."""
        return int(value) if self.is_integer else float(value)

    def as_floats(self) -> Range:
        """The same range, not of whole numbers."""
        step = None if self.step is None else float(self.step)
        return Range(low=float(self.low), high=float(self.high), step=step, log=self.log)

    def as_integers(self) -> Range:
        """The same range of whole numbers, where its ends and its step are whole."""
        parts = {"low": self.low, "high": self.high, "step": self.step}
        if any(part is not None and part != int(part) for part in parts.values()):
            return self
        whole = {name: None if part is None else int(part) for name, part in parts.items()}
        return Range.model_validate({**whole, "log": self.log})

    @property
    def size(self) -> int | None:
        """How many values there are; None for a continuous range."""
        if self.low == self.high:
            return 1
        if self.step is not None:
            return round((self.high - self.low) / self.step) + 1
        return int(self.high - self.low) + 1 if self.is_integer else None

    def values(self) -> tuple[int | float, ...]:
        """Every value of a range that is not continuous.

        Raises:
            ValueError: the range is continuous.
        """
        if self.size is None:
            raise ValueError("a continuous range cannot be listed")
        step = self.step or 1
        values = (self.low + index * step for index in range(self.size))
        return tuple(values if self.is_integer else (round(value, 10) for value in values))

    def ends(self) -> tuple[int | float, ...]:
        """The lowest and the highest value."""
        return (self.low,) if self.low == self.high else (self.low, self.high)

    def __str__(self) -> str:
        extra = " (log)" if self.log else f" in steps of {self.step}" if self.step else ""
        return f"{self.low} to {self.high}{extra}"


class Choices(Frozen):
    """A list of values without an order."""

    choices: tuple[Scalar, ...]

    @model_validator(mode="before")
    @classmethod
    def _list(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and isinstance(data.get("choices"), list):
            return {**data, "choices": tuple(data["choices"])}
        return data

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if not self.choices:
            raise ValueError("choices must not be empty")
        for index, choice in enumerate(self.choices):
            if any(same(choice, other) for other in self.choices[:index]):
                raise ValueError(f"choices must differ, {choice!r} stands there twice")
        return self

    def __contains__(self, value: object) -> bool:
        return isinstance(value, bool | int | float | str) and any(
            same(value, choice) for choice in self.choices
        )

    def cast(self, value: Scalar) -> Scalar:
        """The choice that is the same as `value`, in the type in which it was listed."""
        return next(choice for choice in self.choices if same(value, choice))

    @property
    def size(self) -> int:
        """How many choices there are: unlike a range, always finitely many."""
        return len(self.choices)

    def values(self) -> tuple[Scalar, ...]:
        """The choices in the order in which they are listed."""
        return self.choices

    def ends(self) -> tuple[Scalar, ...]:
        """All of them, as none is an end: choices have no order."""
        return self.choices

    def __str__(self) -> str:
        return ", ".join(str(choice) for choice in self.choices)


def _kind(data: Any) -> str:
    if isinstance(data, Mapping):
        return "choices" if "choices" in data else "range"
    return "choices" if isinstance(data, Choices) else "range"


Domain = Annotated[
    Annotated[Range, Tag("range")] | Annotated[Choices, Tag("choices")], Discriminator(_kind)
]
"""The values a hyperparameter may take."""

Condition = Mapping[str, tuple[Scalar, ...]]
"""Names of other parameters, each with the values for which this one is in use."""


class Parameter(Frozen):
    """One hyperparameter of an architecture."""

    name: str
    domain: Domain
    default: Scalar
    off: Scalar | None = None
    """The value that takes the component out; None where there is no such value."""
    when: Condition = {}
    """The parameter is in use only when every parameter named here has one of these values."""

    def in_use(self, values: Mapping[str, Scalar]) -> bool:
        """Whether this parameter matters, given the values of the others."""
        return all(
            name in values and any(same(values[name], allowed) for allowed in allowed_values)
            for name, allowed_values in self.when.items()
        )


class SearchSpace(Frozen):
    """An architecture and its hyperparameters, a condition's parameter always before its user."""

    name: str
    description: str = ""
    architecture: str
    """The name of a shipped or installed architecture, or ``path/to/file.py:function``."""
    parameters: tuple[Parameter, ...]

    def __getitem__(self, name: str) -> Parameter:
        return next(parameter for parameter in self.parameters if parameter.name == name)

    def __contains__(self, name: str) -> bool:
        return any(parameter.name == name for parameter in self.parameters)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters, conditions before their users."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def defaults(self) -> dict[str, Scalar]:
        """The default of every parameter."""
        return {parameter.name: parameter.default for parameter in self.parameters}

    def complete(self, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """All parameters with their values; those not in use, or not given, at their default.

        Two configurations that build the same network therefore compare equal.
        """
        in_use: dict[str, Scalar] = {}
        for parameter in self.parameters:
            if parameter.in_use(in_use):
                in_use[parameter.name] = values.get(parameter.name, parameter.default)
        return self.defaults | in_use


def count_configurations(parameters: Sequence[Parameter]) -> int | None:
    """How many different configurations `parameters` span; None when one is continuous.

    Args:
        parameters: all of them, conditions before their users; one that is not searched has a
            domain of one value.
    """
    if any(parameter.domain.size is None for parameter in parameters):
        return None
    controlling = {name for parameter in parameters for name in parameter.when}
    free = [parameter for parameter in parameters if parameter.name not in controlling]
    total = 0
    for values in _assignments([p for p in parameters if p.name in controlling]):
        total += math.prod(p.domain.size or 1 for p in free if p.in_use(values))
    return total


def _assignments(parameters: Sequence[Parameter]) -> Iterator[dict[str, Scalar]]:
    """Every combination of values of the parameters that are in use."""
    seen: set[tuple[tuple[str, type, Scalar], ...]] = set()
    for combination in product(*(parameter.domain.values() for parameter in parameters)):
        values: dict[str, Scalar] = {}
        for parameter, value in zip(parameters, combination, strict=True):
            if parameter.in_use(values):
                values[parameter.name] = value
        key = tuple((name, type(value), value) for name, value in values.items())
        if key not in seen:
            seen.add(key)
            yield values
