"""``ablate check``: what would run?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ablate import catalog
from ablate.cli.networks import print_networks
from ablate.cli.options import set_option, yes_option
from ablate.cli.planned import plan_text
from ablate.cli.readings import read_study
from ablate.errors import InputError

if TYPE_CHECKING:
    from ablate.spec.study import StudySpec


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
        print_networks(loaded if studies else [])
    return 0


def _own_studies() -> dict[str, Path]:
    return {path.stem: path for path in sorted(Path("studies").glob("*.toml"))}
