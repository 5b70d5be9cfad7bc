"""The ``[vary]`` table of a study file: which variants are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ablate.config.layout import Layout
from ablate.config.validation import validate
from ablate.config.words import own_keys
from ablate.errors import Problem, shown
from ablate.spec.space import Frozen, Scalar, same
from ablate.spec.study import SPACE, Architecture, DesignName, Variant
from ablate.spec.training import TrainingSettings


class VaryTable(Frozen):
    """The keys of ``[vary]`` that are not parameters."""

    design: DesignName | None = None
    baseline: str | None = None
    components: tuple[str, ...] | None = None
    pairs: bool = False
    variants: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Variants:
    """What a study compares, and how that was laid out."""

    design: DesignName | None
    variants: tuple[Variant, ...]
    baseline: str
    factors: Mapping[str, tuple[Scalar, ...]]


def only_defaults(architectures: Sequence[Architecture]) -> Variants:
    """Without ``[vary]``: each search space with its defaults."""
    variants = tuple(Variant(name=found.name, search_space=found.name) for found in architectures)
    design: DesignName | None = "variants" if len(variants) > 1 else None
    return Variants(design, variants, variants[0].name, {})


def parse_variants(
    table: Mapping[str, Any],
    architectures: Sequence[Architecture],
    training: TrainingSettings,
    where: str,
    problems: list[Problem],
    *,
    large: bool = False,
) -> Variants | None:
    """The variants of a ``[vary]`` table; adds what is wrong to `problems`, then returns None.

    Args:
        table: the table.
        architectures: the search spaces, with what is fixed and tuned of them.
        training: the ``[training]`` table.
        where: the file.
        problems: what is wrong with the file so far.
        large: whether a factorial design may have more than 256 cells.
    """
    before = len(problems)
    own = own_keys(VaryTable, table, [found.search_space for found in architectures])
    if isinstance(own.get("components"), list):
        own["components"] = tuple(own["components"])
    keys = validate(VaryTable, own, where, "vary", problems)
    listed = {key: value for key, value in table.items() if key not in own}
    layout = Layout(architectures, training, where, problems)
    factors = layout.factors(listed)
    if keys is None or len(problems) > before:
        return None
    design = keys.design or ("variants" if keys.variants is not None else "one_at_a_time")
    _check_keys(keys, design, factors, where, problems)
    if len(problems) > before:
        return None
    match design:
        case "one_at_a_time":
            variants = layout.one_at_a_time(factors)
        case "leave_one_out":
            variants = layout.leave_one_out(keys.components, pairs=keys.pairs)
        case "factorial":
            variants = layout.factorial(factors, large=large)
        case "variants":
            variants = layout.named(keys.variants or {})
    if len(problems) > before:
        return None
    baseline = layout.baseline(variants, keys.baseline, design)
    if len(variants) < 2 and baseline is not None:
        rule = f"nothing is compared: the only variant, {variants[0].name}, is the baseline itself"
        layout.problem(rule, "vary")
    if baseline is None or len(problems) > before:
        return None
    if design == "factorial":
        factors = _base_first(factors, architectures, baseline)
    return Variants(
        design=design,
        variants=tuple(variants),
        baseline=baseline.name,
        factors=factors if design == "factorial" else {},
    )


def check_distinct(
    variants: Sequence[Variant],
    architectures: Sequence[Architecture],
    training: TrainingSettings,
    where: str,
    problems: list[Problem],
) -> None:
    """Two variants must not be the same network, trained in the same way."""
    Layout(architectures, training, where, problems).check_distinct(variants)


def _check_keys(
    keys: VaryTable,
    design: DesignName,
    factors: Mapping[str, tuple[Scalar, ...]],
    where: str,
    problems: list[Problem],
) -> None:
    """Keys that a design would ignore are errors."""
    for key, only, given in (
        ("components", "leave_one_out", keys.components is not None),
        ("pairs", "leave_one_out", keys.pairs),
        ("variants", "variants", keys.variants is not None),
    ):
        if given and design != only:
            rule = f'is used only with design = "{only}"'
            problems.append(Problem(where, rule, f"vary.{key}", hint=f"design is {design}"))
    if design in ("leave_one_out", "variants"):
        hint = (
            'list components = ["dropout", ...]'
            if design == "leave_one_out"
            else "give the value inside of each variant's table"
        )
        rule = f"is not used with design = {shown(design)}"
        problems += [Problem(where, rule, f"vary.{name}", hint=hint) for name in factors]
    if design == "variants" and not keys.variants:
        rule = "is required: a table for each variant, for example plain = { dropout = 0.0 }"
        problems.append(Problem(where, rule, "vary.variants"))


def _base_first(
    factors: Mapping[str, tuple[Scalar, ...]],
    architectures: Sequence[Architecture],
    baseline: Variant,
) -> dict[str, tuple[Scalar, ...]]:
    """The factors of a factorial design, each with the baseline's level first."""
    ordered: dict[str, tuple[Scalar, ...]] = {}
    if len(architectures) > 1:
        names = [found.name for found in architectures]
        ordered[SPACE] = (baseline.search_space, *(n for n in names if n != baseline.search_space))
    for name, levels in factors.items():
        base = baseline.values[name]
        ordered[name] = (base, *(level for level in levels if not same(level, base)))
    return ordered
