"""Which of the names in a study file are settings, and which are parameters of its search spaces.

``[tune]`` and ``[vary]`` hold settings, keys of their own and parameters side by side. A word that
came after a search space was written does not take the name of one of its parameters away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ablate.spec.identity import WORDS
from ablate.spec.space import Frozen, SearchSpace
from ablate.spec.training import SETTINGS


def is_setting(name: str, spaces: Iterable[SearchSpace]) -> bool:
    """Whether a name is that of a training setting, and of no parameter of these search spaces."""
    return name in SETTINGS and not _is_parameter(name, spaces)


def own_keys(
    model: type[Frozen], table: Mapping[str, Any], spaces: Iterable[SearchSpace]
) -> dict[str, Any]:
    """What stands in a table under keys of its own; the rest are settings and parameters."""
    listed = tuple(spaces)
    return {
        key: value
        for key, value in table.items()
        if key in model.model_fields and not _is_parameter(key, listed)
    }


def _is_parameter(name: str, spaces: Iterable[SearchSpace]) -> bool:
    return name not in WORDS and any(name in space for space in spaces)
