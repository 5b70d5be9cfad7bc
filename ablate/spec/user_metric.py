"""A measure of the user's own."""

from __future__ import annotations

from typing import Literal

from ablate.spec.measure import Measure
from ablate.spec.space import Frozen


class UserMetric(Frozen):
    """A function of a user's that tells how well outputs fit their targets."""

    name: str
    function: str
    """In the file."""
    mode: Literal["max", "min"]
    """Whether more of it is better, or less."""
    source: str
    """The Python file."""
    digest: str
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
