"""The networks of studies and of search spaces, built and measured for `ablate check --models`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ablate import catalog
from ablate.errors import InputError, Problem

if TYPE_CHECKING:
    from rich.table import Table

    from ablate.planning.sizes import NetworkRange
    from ablate.spec.data import InputShape
    from ablate.spec.space import Parameter, Scalar, SearchSpace
    from ablate.spec.study import StudySpec
    from ablate.workers.executors.local import LocalWorker
    from ablate.workers.messages import MeasureNetworks

NOT_REPEATED = (
    "trained twice from one seed it gives other numbers: variants are compared seed by seed, which "
    "rests on the same numbers; look for what draws without Keras's seed, such as numpy.random"
)
REFERENCE_DATA = ("mnist", "line")
"""The data sets on which `ablate check --models` builds every shipped search space."""


def print_networks(studies: Sequence[StudySpec]) -> None:
    """Prints the networks of studies; without studies, the defaults of the shipped spaces.

    Raises:
        InputError: one cannot be trained.
    """
    import tempfile

    from rich.console import Console

    from ablate.planning.backend import usual_backend
    from ablate.workers.executors.local import LocalWorker

    # Nothing is kept of a check but what it prints.
    with tempfile.TemporaryDirectory(prefix="ablate-check-") as folder:
        log = Path(folder) / "check.log"
        backend = studies[0].training.backend if studies else usual_backend(os.environ)
        with LocalWorker(log, backend) as worker:
            warnings: list[str] = []
            table = _study_table(studies, worker, warnings) if studies else _reference_table(worker)
    console = Console(soft_wrap=True)
    console.print(table)
    if studies and not any(NOT_REPEATED in warning for warning in warnings):
        click.echo("trained for two steps, twice from one seed: the same numbers")
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
            order = _order(space, None, str(path), data.example, data.classes)
            size = _measure(worker, order, set(), [space.defaults])[0]
            table.add_row(name, dataset, *_cells(size))
    return table


def _study_table(studies: Sequence[StudySpec], worker: LocalWorker, warnings: list[str]) -> Table:
    """The networks of each study; says what code made them, adds what is to be warned of."""
    from ablate.data.prepared import shape
    from ablate.planning.lag import network_lag
    from ablate.planning.length import training_images
    from ablate.planning.plan import configure
    from ablate.planning.sizes import find_range

    table = _table("networks", ("study", "network"))
    for study in studies:
        code: set[str] = set()
        ranges: list[NetworkRange] = []
        for settings in study.datasets:
            data = shape(settings)
            for variant in study.variants:
                found = study.architecture(variant.name)
                title = _title(study, settings.dataset, variant.name)
                order = _order(
                    found.search_space, found.source, study.path, data.example, data.classes
                )
                order = order.model_copy(
                    update={
                        "training": configure(study, variant.name, _untuned)[1],
                        "task": study.task,
                        "data": settings,
                    }
                )
                measure = partial(_measure, worker, order, code)
                given = {n: v for n, v in variant.values.items() if n in found.search_space}
                sizes = find_range(found.search_space, {**found.fix, **given}, found.tuned, measure)
                ranges.append(sizes)
                if not _trained_twice(
                    worker, order, sizes, {**found.fix, **given}, found.search_space
                ):
                    warnings.append(f"{study.name}: {title}{NOT_REPEATED}")
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
        _check_any_built(study, ranges)
        for file in sorted(code):
            click.echo(f"{study.name} is made by {file}: edited, it is another question")
    return table


def _untuned(parameter: Parameter) -> Scalar:
    """The value of a parameter before anything is tuned.

    Of a setting that a compiled network would ignore one that it does not have anyway.
    """
    from ablate.planning.plan import untuned
    from ablate.spec.training import OF_COMPILE

    usual = untuned(parameter)
    if parameter.name not in OF_COMPILE:
        return usual
    return next((end for end in parameter.domain.ends() if end != usual), usual)


def _check_any_built(study: StudySpec, ranges: Sequence[NetworkRange]) -> None:
    """Makes sure that there is something to train.

    Raises:
        InputError: each cell has one network, and none of them can be built.
    """
    if all(found.tried == found.infeasible == 1 for found in ranges):
        reasons = dict.fromkeys(found.default["infeasible"] for found in ranges)
        raise InputError(Problem(study.path, f"no network can be built: {'; '.join(reasons)}"))


def _trained_twice(
    worker: LocalWorker,
    order: MeasureNetworks,
    sizes: NetworkRange,
    fixed: Mapping[str, Any],
    space: SearchSpace,
) -> bool:
    """Whether the default network gives the same numbers twice; one that cannot be built does."""
    if "infeasible" in sizes.default:
        return True
    twice = order.model_copy(update={"twice": True})
    return bool(_measure(worker, twice, set(), [space.complete(fixed)])[0]["repeats"])


def _title(study: StudySpec, dataset: str, variant: str) -> str:
    """What tells the networks of a study apart, where there are several."""
    words = [dataset] if len(study.datasets) > 1 else []
    words += [variant] if len(study.variants) > 1 else []
    return f"{' '.join(words)}: " if words else ""


def _order(
    space: SearchSpace,
    source: str | None,
    study: str,
    image: InputShape,
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
