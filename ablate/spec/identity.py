"""What a question means: a study goes on under the rules that it was begun with.

A setting that came later is left out by older studies, which are then read with its default, so
that they stay what they are. Where a default changes, or what a search does, `RULES` is raised and
the old default stands in `CHANGED`: a study that was begun before goes on with it, `--fresh` begins
anew under the rules of today. So the same file means the same as long as its study is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

RULES = 1
"""The version of the rules under which studies are begun today."""
CHANGED: Mapping[int, Mapping[str, Any]] = {}
"""For each version of the rules what it changed: keys of study files, dotted, with the default that
each had before."""
FIRST = frozenset(
    {
        *("data", "data_digest", "architecture", "architecture_source", "architecture_digest"),
        *("parameters", "training", "seed"),
        *("dataset", "per_class", "test_per_class", "validation", "home", "folder", "options"),
        *("patience", "min_delta", "factor", "min_lr"),
    }
)
"""Fields of a trial's spec, besides the words of `WORDS`, that every fingerprint covers."""
LISTED = {"data": "datasets"}
"""Tables of a study file that a spec holds once for each data set, under this name."""
WORDS = frozenset(
    {
        *("backend", "batch_size", "checkpoint", "decay_rate", "dtype_policy", "early_stopping"),
        *("epochs", "label_smoothing", "learning_rate", "learning_rate_decay", "loss", "momentum"),
        *("optimizer", "plateau", "weight_decay"),
        *("trials", "sampler", "pruner", "parameters"),
        *("design", "baseline", "components", "pairs", "variants", "search_space"),
        *("seeds", "metric"),
    }
)
"""Names with a meaning of their own in study files, which no search space may give a parameter.

Closed: a setting that comes later is not among them, and a search space that has a parameter of its
name keeps that one, see `ablate.config.words`.
"""


def earlier_defaults(rules: int) -> dict[str, Any]:
    """The defaults that were others under a version of the rules, by dotted key."""
    defaults: dict[str, Any] = {}
    for version in sorted(CHANGED, reverse=True):  # of several changes the first one counts
        if version > rules:
            defaults |= CHANGED[version]
    return defaults


def under_rules(tables: Mapping[str, Any], rules: int) -> dict[str, Any]:
    """A study file's tables, or a spec as plain JSON, with the defaults of earlier rules written out.

    Only tables that are there are filled: without ``[tune]`` nothing is tuned.
    """
    filled = dict(tables)
    for key, default in earlier_defaults(rules).items():
        table, *names = key.split(".")
        place = LISTED.get(table, table)
        if isinstance(many := filled.get(place), list):
            filled[place] = [_filled(one, names, default) for one in many]
        elif table in filled or table in ("training", "data"):
            filled[table] = _filled(filled.get(table, {}), names, default)
    return filled


def identity(model: BaseModel) -> dict[str, Any]:
    """A trial's spec as plain JSON, without later settings that have their default.

    So a setting that comes later changes no fingerprint of a trial that does without it.
    """
    kept = model.model_dump(mode="json")
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if name not in FIRST | WORDS and value == field.default:
            kept.pop(name, None)  # it may be left out already
        elif isinstance(value, BaseModel):
            kept[name] = identity(value)
    return kept


def _filled(table: Any, names: list[str], default: Any) -> Any:
    """A table with a default at a place in it, where nothing stands there."""
    if not isinstance(table, Mapping):
        return table
    first, *rest = names
    if rest:
        return {**table, first: _filled(table.get(first, {}), rest, default)}
    return {first: default, **table}
