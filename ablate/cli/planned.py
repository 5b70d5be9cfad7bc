"""What a study would run, in words, for the commands that show it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ablate.cli.readings import reading_lines

if TYPE_CHECKING:
    from ablate.data.reading import Reading
    from ablate.planning.plan import DataPlan, Plan
    from ablate.spec.study import StudySpec

LISTED = 12
"""Variants that are listed by name."""
KEPT = {
    "best": "the network of each variant's best run is kept",
    "all": "the networks of all complete runs are kept",
}


def plan_text(study: StudySpec, plan: Plan, workers: str, readings: Sequence[Reading] = ()) -> str:
    """What a study would run, and with which workers, as plain text."""
    from ablate.document import words
    from ablate.planning.length import longest_training
    from ablate.planning.verdicts import verdict_warning

    lines = [f"{study.name}: {study.description}", f"  file          {study.path}"]
    lines += [f"  data          {data.dataset}: {_counted(data)}" for data in plan.data]
    lines += reading_lines(readings)
    lines += [
        f"  search space  {found.name} ({found.search_space.architecture})"
        for found in study.architectures
    ]
    lines += _variant_lines(study, plan)
    if study.tune is not None:
        each = "" if len(study.cells) == 1 else f" ({_range(v.trials for v in plan.variants)} each)"
        epochs = max(longest_training(study, variant.name) for variant in study.variants)
        lines.append(
            f"  trials        {plan.trials}{each} of up to {epochs} epochs, "
            f"sampler {study.tune.sampler.name}, pruner {study.tune.pruner.name}"
        )
        lines += _space_lines(study, plan)
    if study.replicate is not None:
        each = words.replicates(study.replicate)
        lines.append(
            f"  replicates    {plan.replicates} ({each} each), verdicts on test "
            f"{study.replicate.metric}"
        )
        if study.looks:
            lines.append(f"  looks         {_looks(study)}")
    lines.append(f"  workers       {workers}")
    if study.artifacts.models != "none":
        lines.append(f"  models        {KEPT[study.artifacts.models]}")
    lines += [
        f"  runs code     {found.source} (look at it before you run it)"
        for found in study.architectures
        if found.source
    ]
    doubts = [f"{one.dataset}: {warning}" for one in readings for warning in one.warnings]
    few = verdict_warning(study)
    warnings = (*doubts, *([few] if few else []), *plan.warnings)
    lines += [f"  warning       {warning}" for warning in warnings]
    return "\n".join(lines) + "\n"


def _counted(data: DataPlan) -> str:
    """How much a study trains on, in words."""
    from ablate.document import words

    noun = words.examples(data.shape)[0]
    if not data.images:
        return f"how many training {noun} there are is not known before they are read"
    return f"{data.images} training {noun}, {_steps(data.steps)} an epoch"


def _looks(study: StudySpec) -> str:
    """After how many seeds comparisons are looked at, and how many trainings that may save."""
    from ablate.document import words

    looks, cells = study.looks, len(study.cells)
    further = len(study.seeds) - looks[-1]
    counts = [(look + further) * cells for look in looks]
    middle = counts[(len(counts) - 1) // 2 + (len(counts) > 2)]
    after = words.listed([str(look) for look in looks])
    more = f", and {words.plural(further, 'seed')} more to confirm" if further else ""
    return (
        f"after {after} seeds{more}: {counts[0]} trainings if the first decides all, {middle} in the middle, "
        f"{counts[-1]} at most"
    )


def _variant_lines(study: StudySpec, plan: Plan) -> list[str]:
    if study.design is None:
        return ["  variants      1 (the search space's defaults with [fix])"]
    design = "" if study.design == "variants" else f" ({study.design.replace('_', ' ')})"
    lines = [f"  variants      {len(plan.variants)}{design}, compared with {study.baseline}"]
    names = [variant.name for variant in study.variants if variant.name != study.baseline]
    lines += [f"                {name}" for name in names[:LISTED]]
    if len(names) > LISTED:
        lines.append(f"                and {len(names) - LISTED} more")
    return lines


def _space_lines(study: StudySpec, plan: Plan) -> list[str]:
    """What is tuned, once where it is the same for all variants."""
    spaces: dict[str, list[str]] = {}
    for variant in plan.variants:
        count = variant.configurations
        size = "continuous" if count is None else f"{count} configurations"
        tuned = "; ".join(f"{parameter.name} {parameter.domain}" for parameter in variant.tuned)
        spaces.setdefault(f"{size}: {tuned}", []).append(variant.name)
    if len(spaces) == 1:
        return [f"  space         {text}" for text in spaces]
    return [
        f"  space         {text} ({names[0]}{f' and {len(names) - 1} more' if names[1:] else ''})"
        for text, names in spaces.items()
    ]


def _range(counts: Iterable[int]) -> str:
    found = sorted(set(counts))
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"


def _steps(steps: tuple[int, int]) -> str:
    fewest, most = steps
    counts = str(fewest) if fewest == most else f"{fewest} to {most}"
    return f"{counts} step" if most == 1 else f"{counts} steps"
