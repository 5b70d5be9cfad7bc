"""A measure of the user's own."""

from __future__ import annotations

from typing import Literal

from ablate.spec.measure import Measure
from ablate.spec.space import Frozen


class UserMetric(Frozen):
    """What a function of a user's gives of outputs and their targets, or `evaluate` of a network."""

    name: str
    function: str | None = None
    """In the file; None where `evaluate` gives it."""
    mode: Literal["max", "min"]
    """Whether more of it is better, or less."""
    source: str | None = None
    """The Python file; None where `evaluate` gives it."""
    digest: str | None = None
    """SHA-256 of that file."""

    @property
    def measure(self) -> Measure:
        """Its entry in the study's table of measures."""
        return Measure(
            self.name,
            self.name.replace("_", " "),
            "number",
            ("validation", "test"),
            ("export", "trials", "variants"),
            better="higher" if self.mode == "max" else "lower",
            asked=True,
        )
