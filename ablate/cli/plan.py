"""``ablate plan``: how many trainings, and about how long?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ablate.cli.options import set_option, storage_option, storage_place, yes_option
from ablate.cli.planned import plan_text
from ablate.errors import InputError, RunError
from ablate.spec.outcomes import PHASES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ablate.planning.estimate import Estimate, Timing
    from ablate.spec.study import Cell, StudySpec
    from ablate.store.place import StoragePlace
    from ablate.workers.executors.local import LocalWorker
    from ablate.workers.executors.shares import Share
    from ablate.workers.messages import Order


@click.command("plan")
@click.argument("study")
@set_option
@yes_option
@storage_option
def command(study: str, settings: tuple[str, ...], yes: bool, storage: str) -> int:
    """Print how many trainings STUDY needs, and about how long they take on this machine.

    Trains the variants with most and least work for two epochs on every data set, and keeps
    nothing of them but the prepared data. Of a study that is complete, says that nothing is left.

    \b
    ablate plan studies/line_dropout.toml
    """
    from ablate.config import find_study, load_study
    from ablate.data.prepared import shape
    from ablate.planning.estimate import estimate
    from ablate.planning.plan import make_plan
    from ablate.workers.executors.defaults import Machine, choose_workers, workers_text
    from ablate.workers.executors.local import LocalWorker
    from ablate.workers.executors.shares import Share

    spec = load_study(find_study(study), settings, large=yes)
    shapes = {data.dataset: shape(data) for data in spec.datasets}
    plan = make_plan(spec, shapes, built=True)
    place = storage_place(storage)
    place.check()
    machine = Machine.here()
    workers = choose_workers(spec, machine)
    click.echo(plan_text(spec, plan, workers_text(workers, machine.cores)))
    if phases := _finished(spec, place):
        click.echo(f"nothing is left to train: {' and '.join(phases)} are finished")
        return 0
    work: dict[Cell, int] = {}
    timings: dict[Cell, Timing] = {}
    share = Share(threads=workers.threads)
    with LocalWorker(place.logs / "plan.log", spec.training.backend, share) as worker:
        for data in spec.datasets:
            own = _work(worker, spec, data.dataset)
            work |= own
            for cell in dict.fromkeys(
                (max(own, key=own.__getitem__), min(own, key=own.__getitem__))
            ):
                timings[cell] = _time(worker, spec, cell, str(place.cache))
                click.echo(
                    f"timed {_name(spec, cell)}: first epoch {timings[cell].first:.1f} s, with "
                    f"compilation, later ones {timings[cell].later:.1f} s"
                )
    gain = _gain(spec, place, workers.shares(machine), timings)
    click.echo(estimate_text(spec, estimate(spec, work, timings, gain)))
    return 0


def _finished(study: StudySpec, place: StoragePlace) -> list[str]:
    """How much each phase of a study holds that is complete; nothing of another one."""
    from ablate.housekeeping.reading import is_empty, open_to_read
    from ablate.running.run import as_stored
    from ablate.state.phases import phase_states
    from ablate.store.studies import find_study, stored_as

    try:
        storage = None if is_empty(place) else open_to_read(place)
        if storage is None or find_study(storage, study.name) is None:
            return []
        states = phase_states(stored_as(storage, as_stored(storage, study)))
    except InputError:  # a run would say so
        return []
    if any(state.finished < state.total for state in states):
        return []
    return [f"{s.finished} of {s.total} {PHASES[s.phase].many}" for s in states]


def _gain(
    study: StudySpec, place: StoragePlace, shares: Sequence[Share], timings: Mapping[Cell, Timing]
) -> float:
    """How many times as much the workers train together as one of them does alone."""
    from ablate.workers.executors.worker_count import epochs_a_second

    if len(shares) == 1:
        return 1.0
    cell, alone = next(iter(timings.items()))
    gain = epochs_a_second(study, cell, place, shares) * alone.later
    click.echo(f"{len(shares)} workers train {gain:.2f} times as much as one")
    return gain


def estimate_text(study: StudySpec, found: Estimate) -> str:
    """How long a study takes, in a line."""
    from ablate.document.words import duration

    parts = []
    if study.tune is not None:
        pruned = "" if study.tune.pruner.name == "none" else ", less where some are pruned"
        parts.append(f"{duration(found.tune)} for trials{pruned}")
    if study.replicate is not None:
        saved = ", less where looks decide" if study.looks else ""
        parts.append(f"{duration(found.replicate)} for replicates{saved}")
    return f"about {duration(found.tune + found.replicate)}: {'; '.join(parts)}"


def _name(study: StudySpec, cell: Cell) -> str:
    return f"{cell.dataset} {cell.variant}" if len(study.datasets) > 1 else cell.variant


def _work(worker: LocalWorker, study: StudySpec, dataset: str) -> dict[Cell, int]:
    """The FLOPs, or else the parameters, of each variant that can be built, untuned.

    Warns of averages that lag, in the networks at the ends of what is tuned too.
    """
    from ablate.data.prepared import shape
    from ablate.planning.lag import network_lag
    from ablate.planning.length import training_images
    from ablate.planning.plan import configurations_at_ends
    from ablate.workers.messages import MeasureNetworks

    data = shape(study.data(dataset))
    sizes: dict[Cell, dict[str, Any]] = {}
    for cell in (cell for cell in study.cells if cell.dataset == dataset):
        architecture = study.architecture(cell.variant)
        order = MeasureNetworks(
            architecture=architecture.search_space.architecture,
            source=architecture.source,
            study=study.path,
            input_shape=data.example,
            classes=data.classes,
            task=study.task,
            data=study.data(dataset),
            configurations=configurations_at_ends(study, cell.variant),
        )
        found = _ask(worker, order)
        sizes[cell] = found[0]
        momenta = [size["momentum"] for size in found if size.get("momentum") is not None]
        images = training_images(study.data(dataset), data)
        if lag := network_lag(study, cell.variant, images, max(momenta, default=None)):
            click.echo(f"warning: {_name(study, cell)}: {lag}")
        if "infeasible" in sizes[cell]:
            reason = sizes.pop(cell)["infeasible"]
            click.echo(f"{_name(study, cell)} cannot be built: {reason}")
    if not sizes:
        raise RunError(f"no variant can be built on {dataset}")
    measure = "flops" if all(size["flops"] for size in sizes.values()) else "parameters"
    return {cell: int(size[measure]) for cell, size in sizes.items()}


def _time(worker: LocalWorker, study: StudySpec, cell: Cell, cache: str) -> Timing:
    from ablate.planning.estimate import Timing
    from ablate.workers.messages import TimeEpoch

    answer = _ask(worker, TimeEpoch(study=study, cell=cell, cache=cache))
    if answer["later"] is None:
        raise RunError(f"{_name(study, cell)} {answer['outcome']}: {answer['reason']}")
    return Timing(answer["first"], answer["later"])


def _ask(worker: LocalWorker, order: Order) -> Any:
    from ablate.workers.messages import Done

    answer = worker.ask(order)
    if not isinstance(answer, Done):
        raise InputError(*answer.problems)
    return answer.answer
