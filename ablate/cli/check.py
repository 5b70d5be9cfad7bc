"""``ablate check``: what would run?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ablate import catalog
from ablate.cli.options import set_option, yes_option
from ablate.cli.readings import read_study, reading_lines
from ablate.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from ablate.data.reading import Reading
    from ablate.planning.plan import Plan
    from ablate.spec.space import SearchSpace
    from ablate.spec.study import StudySpec
    from ablate.workers.executors.local import LocalWorker
    from ablate.workers.messages import MeasureNetworks

LISTED = 12
"""Variants that are listed by name."""
KEPT = {
    "best": "the network of each variant's best run is kept",
    "all": "the networks of all complete runs are kept",
}
REFERENCE_DATA = ("mnist", "line")
"""The data sets on which `ablate check --models` builds every shipped search space."""


@click.command("check")
@click.argument("studies", nargs=-1)
@set_option
@yes_option
@click.option(
    "--storage",
    envvar="ABLATE_STORAGE",
    metavar="FILE|URL",
    help="Compare STUDIES with those of their names there, as a run with this storage does.",
)
@click.option("--models", is_flag=True, help="Also build the networks, and print their sizes.")
def command(
    studies: tuple[str, ...],
    settings: tuple[str, ...],
    yes: bool,
    storage: str | None,
    models: bool,
) -> int:
    """Check STUDIES and print what was read and what would run. Trains nothing and writes nothing.

    Refuses what ablate run refuses before it trains: with --models, networks too; with --storage,
    a study that asks something else than the one of its name there.

    Without STUDIES, checks every shipped study and those under ./studies, and with --models
    builds the default network of every shipped search space on MNIST and line images.

    \b
    ablate check studies/line_dropout.toml
    ablate check --models
    """
    from ablate.config import find_study, load_study
    from ablate.data.prepared import shape
    from ablate.planning.plan import make_plan
    from ablate.workers.executors.defaults import Machine, choose_workers, workers_text

    machine = Machine.here()
    names = studies or tuple(catalog.shipped("studies") | _own_studies())
    loaded: list[StudySpec] = []
    problems: list[Any] = []
    for name in names:
        try:
            spec = load_study(find_study(name), settings, large=yes)
            spec, readings = read_study(spec, storage)
            shapes = {data.dataset: shape(data) for data in spec.datasets}
            plan = make_plan(spec, shapes, built=models and bool(studies))
        except InputError as error:
            problems += error.problems
            continue
        loaded.append(spec)
        workers = workers_text(choose_workers(spec, machine), machine.cores)
        click.echo(plan_text(spec, plan, workers, readings))
    if problems:
        raise InputError(*problems)
    if models:
        _print_models(loaded if studies else [])
    return 0


def plan_text(study: StudySpec, plan: Plan, workers: str, readings: Sequence[Reading] = ()) -> str:
    """What a study would run, and with which workers, as plain text."""
    from ablate.planning.length import longest_training

    lines = [f"{study.name}: {study.description}", f"  file          {study.path}"]
    lines += [
        f"  data          {data.dataset}: {data.images} training images, "
        f"{_steps(data.steps)} an epoch"
        for data in plan.data
    ]
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
        seeds = f"{study.replicate.seeds} seeds" if study.replicate.seeds > 1 else "1 seed"
        lines.append(
            f"  replicates    {plan.replicates} ({seeds} each), verdicts on test "
            f"{study.replicate.metric}"
        )
    lines.append(f"  workers       {workers}")
    if study.artifacts.models != "none":
        lines.append(f"  models        {KEPT[study.artifacts.models]}")
    lines += [
        f"  runs code     {found.source} (look at it before you run it)"
        for found in study.architectures
        if found.source
    ]
    doubts = [f"{one.dataset}: {warning}" for one in readings for warning in one.warnings]
    lines += [f"  warning       {warning}" for warning in (*doubts, *plan.warnings)]
    return "\n".join(lines) + "\n"


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


def _own_studies() -> dict[str, Path]:
    return {path.stem: path for path in sorted(Path("studies").glob("*.toml"))}


def _print_models(studies: Sequence[StudySpec]) -> None:
    import tempfile

    from rich.console import Console

    from ablate.workers.executors.local import LocalWorker

    # Nothing is kept of a check but what it prints.
    with tempfile.TemporaryDirectory(prefix="ablate-check-") as folder:
        log = Path(folder) / "check.log"
        with LocalWorker(log, studies[0].training.backend if studies else "tensorflow") as worker:
            warnings: list[str] = []
            table = _study_table(studies, worker, warnings) if studies else _reference_table(worker)
    console = Console(soft_wrap=True)
    console.print(table)
    for warning in warnings:
        click.echo(f"warning: {warning}")


def _reference_table(worker: LocalWorker) -> Table:
    """The default network of every shipped search space on the reference data sets."""
    from ablate.config import load_data_settings, load_search_space
    from ablate.data.prepared import shape

    table = _table("default networks", ("search space", "data"))
    for name, path in catalog.shipped("search_spaces").items():
        space, _ = load_search_space(path)
        for dataset in REFERENCE_DATA:
            data = shape(load_data_settings(dataset, {}, {}))
            order = _order(space, None, str(path), data.image, data.classes)
            size = _measure(worker, order, set(), [space.defaults])[0]
            table.add_row(name, dataset, *_cells(size))
    return table


def _study_table(studies: Sequence[StudySpec], worker: LocalWorker, warnings: list[str]) -> Table:
    """The networks of each study; says what code made them, adds what is to be warned of."""
    from ablate.data.prepared import shape
    from ablate.planning.lag import network_lag
    from ablate.planning.length import training_images
    from ablate.planning.sizes import find_range

    table = _table("networks", ("study", "network"))
    for study in studies:
        code: set[str] = set()
        for settings in study.datasets:
            data = shape(settings)
            for variant in study.variants:
                found = study.architecture(variant.name)
                title = _title(study, settings.dataset, variant.name)
                order = _order(
                    found.search_space, found.source, study.path, data.image, data.classes
                )
                measure = partial(_measure, worker, order, code)
                given = {n: v for n, v in variant.values.items() if n in found.search_space}
                sizes = find_range(found.search_space, {**found.fix, **given}, found.tuned, measure)
                table.add_row(study.name, f"{title}default", *_cells(sizes.default))
                images = training_images(settings, data)
                if lag := network_lag(study, variant.name, images, sizes.momentum):
                    warnings.append(f"{study.name}: {title}{lag}")
                if sizes.tried == 1:
                    continue
                start = found.search_space.complete({**found.fix, **given})
                for name, end in (("smallest", sizes.smallest), ("largest", sizes.largest)):
                    if end is not None:
                        changes = _differences(start, end[0])
                        text = f"{title}{name} of {sizes.tried} built: {changes}"
                        table.add_row(study.name, text, *_cells(end[1]))
                if sizes.infeasible:
                    text = f"{title}{sizes.infeasible} of {sizes.tried} cannot be built"
                    table.add_row(study.name, text, "", "", "")
        for file in sorted(code):
            click.echo(f"{study.name} is made by {file}: edited, it is another question")
    return table


def _title(study: StudySpec, dataset: str, variant: str) -> str:
    """What tells the networks of a study apart, where there are several."""
    words = [dataset] if len(study.datasets) > 1 else []
    words += [variant] if len(study.variants) > 1 else []
    return f"{' '.join(words)}: " if words else ""


def _order(
    space: SearchSpace,
    source: str | None,
    study: str,
    image: tuple[int, int, int],
    classes: int,
) -> MeasureNetworks:
    from ablate.workers.messages import MeasureNetworks

    return MeasureNetworks(
        architecture=space.architecture,
        source=source,
        study=study,
        input_shape=image,
        classes=classes,
        configurations=(),
    )


def _measure(
    worker: LocalWorker,
    order: MeasureNetworks,
    code: set[str],
    configurations: Sequence[Any],
) -> list[dict[str, Any]]:
    """Measures networks; the user's files that made them join those of `code`."""
    from ablate.workers.messages import Done

    answer = worker.ask(order.model_copy(update={"configurations": tuple(configurations)}))
    if not isinstance(answer, Done):
        raise InputError(*answer.problems)
    sizes: list[dict[str, Any]] = answer.answer
    code.update(file for size in sizes for file in size.get("code", ()))
    return sizes


def _table(title: str, first: tuple[str, str]) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in first:
        table.add_column(name)
    for name in ("parameters", "trainable", "FLOPs"):
        table.add_column(name, justify="right")
    return table


def _cells(size: dict[str, Any]) -> tuple[str, str, str]:
    if "infeasible" in size:
        return ("infeasible", "", size["infeasible"])
    flops = "unknown" if size["flops"] is None else f"{size['flops']:,}"
    return (f"{size['parameters']:,}", f"{size['trainable_parameters']:,}", flops)


def _differences(default: Mapping[str, Any], configuration: Mapping[str, Any]) -> str:
    changed = [f"{name}={value}" for name, value in configuration.items() if value != default[name]]
    return " ".join(changed) or "the default"
