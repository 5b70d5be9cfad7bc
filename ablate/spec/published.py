"""What somebody else has published of a variant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, create_model

from ablate.spec.measures import EVERY
from ablate.spec.space import Frozen
from ablate.spec.training import NotNegative, Positive


class _Sourced(Frozen):
    """What somebody else has published of a variant; None where they do not say."""

    source: Annotated[str, Field(min_length=1)]
    """Where it was published."""

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers that there are, by name."""
        values = self.model_dump(exclude={"source"}, exclude_none=True)
        return {name: float(value) for name, value in values.items()}


if TYPE_CHECKING:
    PublishedValues = _Sourced
else:  # a field for each measure that may be published
    _LIMITS = {"share": Annotated[float, Field(ge=0, le=1)], "loss": NotNegative}
    PublishedValues = create_model(
        "PublishedValues",
        __base__=_Sourced,
        __module__=__name__,
        __doc__=_Sourced.__doc__,
        **{
            name: (_LIMITS.get(measure.kind, Positive) | None, None)
            for name, measure in EVERY.published.items()
        },
    )


class Published(Frozen):
    """Published numbers of a variant on a data set."""

    variant: str
    dataset: str
    values: PublishedValues
