"""``ablate check``: what would run?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ablate import catalog
from ablate.cli.options import set_option
from ablate.config import find_study, load_data_settings, load_search_space, load_study
from ablate.data import shape
from ablate.errors import InputError
from ablate.messages import Done, MeasureNetworks
from ablate.plan import Plan, make_plan
from ablate.spec import StudySpec

if TYPE_CHECKING:
    from rich.table import Table

    from ablate.executors.local import LocalWorker
    from ablate.space import SearchSpace

REFERENCE_DATA = ("mnist", "line")
"""The data sets on which `ablate check --models` builds every shipped search space."""


@click.command("check")
@click.argument("studies", nargs=-1)
@set_option
@click.option("--models", is_flag=True, help="Also build the networks, and print their sizes.")
def command(studies: tuple[str, ...], settings: tuple[str, ...], models: bool) -> int:
    """Check STUDIES and print what would run. Trains nothing and writes nothing.

    Without STUDIES, checks every shipped study and those under ./studies, and with --models
    builds the default network of every shipped search space on MNIST and line images.

    \b
    ablate check studies/line_dropout.toml
    ablate check --models
    """
    names = studies or tuple(catalog.shipped("studies") | _own_studies())
    loaded: list[StudySpec] = []
    problems: list[Any] = []
    for name in names:
        try:
            spec = load_study(find_study(name), settings)
            plan = make_plan(spec, shape(spec.data))
        except InputError as error:
            problems += error.problems
            continue
        loaded.append(spec)
        click.echo(plan_text(spec, plan))
    if problems:
        raise InputError(*problems)
    if models:
        _print_models(loaded if studies else [])
    return 0


def plan_text(study: StudySpec, plan: Plan) -> str:
    """What a study would run, as plain text."""
    size = "continuous" if plan.configurations is None else f"{plan.configurations} configurations"
    lines = [
        f"{study.name}: {study.description}",
        f"  file          {study.path}",
        f"  data          {study.data.dataset}: {plan.images} training images, "
        f"{plan.steps_per_epoch} steps an epoch",
        f"  search space  {study.search_space.name} ({study.search_space.architecture})",
        "  variants      1 (the search space's defaults with [fix])",
        f"  trials        {plan.trials} of up to {study.training.epochs} epochs, "
        f"sampler {study.tune.sampler.name}, pruner {study.tune.pruner.name}",
        f"  space         {size}: "
        + "; ".join(f"{parameter.name} {parameter.domain}" for parameter in plan.tuned),
    ]
    if study.architecture_source:
        lines.append(f"  runs code     {study.architecture_source} (look at it before you run it)")
    lines += [f"  warning       {warning}" for warning in plan.warnings]
    return "\n".join(lines) + "\n"


def _own_studies() -> dict[str, Path]:
    return {path.stem: path for path in sorted(Path("studies").glob("*.toml"))}


def _print_models(studies: Sequence[StudySpec]) -> None:
    import tempfile

    from rich.console import Console

    from ablate.executors.local import LocalWorker

    # Nothing is kept of a check but what it prints.
    with tempfile.TemporaryDirectory(prefix="ablate-check-") as folder:
        log = Path(folder) / "check.log"
        with LocalWorker(log, studies[0].training.backend if studies else "tensorflow") as worker:
            table = _study_table(studies, worker) if studies else _reference_table(worker)
    console = Console(soft_wrap=True)
    console.print(table)


def _reference_table(worker: LocalWorker) -> Table:
    """The default network of every shipped search space on the reference data sets."""
    table = _table("default networks", ("search space", "data"))
    for name, path in catalog.shipped("search_spaces").items():
        space, _ = load_search_space(path)
        for dataset in REFERENCE_DATA:
            data = shape(load_data_settings(dataset, {}, {}))
            size = _measure(worker, space, None, data.image, data.classes, [space.defaults])[0]
            table.add_row(name, dataset, *_cells(size))
    return table


def _study_table(studies: Sequence[StudySpec], worker: LocalWorker) -> Table:
    """The default, smallest and largest network of each study."""
    from ablate.networks import find_range

    table = _table("networks", ("study", "network"))
    for study in studies:
        data = shape(study.data)
        space = study.search_space
        found = find_range(
            space,
            dict(study.fix),
            study.tune.parameters,
            partial(_measure, worker, space, study.architecture_source, data.image, data.classes),
        )
        table.add_row(study.name, "default", *_cells(found.default))
        for title, end in (("smallest", found.smallest), ("largest", found.largest)):
            if end is not None:
                text = f"{title} of {found.tried} built: {_differences(space, study, end[0])}"
                table.add_row(study.name, text, *_cells(end[1]))
        if found.infeasible:
            table.add_row(
                study.name, f"{found.infeasible} of {found.tried} cannot be built", "", "", ""
            )
    return table


def _measure(
    worker: LocalWorker,
    space: SearchSpace,
    source: str | None,
    image: tuple[int, int, int],
    classes: int,
    configurations: Sequence[Any],
) -> list[dict[str, Any]]:
    answer = worker.ask(
        MeasureNetworks(
            architecture=space.architecture,
            source=source,
            input_shape=image,
            classes=classes,
            configurations=tuple(configurations),
        )
    )
    if not isinstance(answer, Done):
        raise InputError(*answer.problems)
    sizes: list[dict[str, Any]] = answer.answer
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


def _differences(space: SearchSpace, study: StudySpec, configuration: Any) -> str:
    default = space.complete(dict(study.fix))
    changed = [f"{name}={value}" for name, value in configuration.items() if value != default[name]]
    return " ".join(changed) or "the default"
