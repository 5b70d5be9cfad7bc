"""What is to be trained next: a function of what is stored and of what is under way."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ablate.state.orders import TrainingOrder, TrainReplicate, TuneTrial
from ablate.state.replicates import asked_searches, begun_replicates, owed_replicates

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from ablate.store.place import StoragePlace
    from ablate.store.studies import StoredStudy


def next_order(
    stored: StoredStudy,
    place: StoragePlace,
    given: Collection[TrainingOrder],
    workers: int = 1,
    *,
    in_turn: bool = False,
) -> TrainingOrder | None:
    """What is owed next: a trial of the cell that has fewest of them, then replicates.

    Replicates wait until every search is complete: only then is known what is replicated.

    Args:
        stored: the study.
        place: its storage.
        given: orders that are being carried out.
        workers: how many workers train side by side.
        in_turn: whether a cell's search waits while one of its trials is being carried out.

    Returns:
        None where nothing is owed, or nothing before a trial under way has ended.
    """
    taken = {(one.cell, one.slot) for one in given if isinstance(one, TuneTrial)}
    searching = bool(taken)
    owing: dict[tuple[int, int], TuneTrial] = {}
    asked = asked_searches(stored)
    for index, (cell, search) in enumerate(stored.searches.items()):
        if cell not in asked:
            continue
        total = stored.totals[cell]
        free = search.refresh().free(total, {slot for one, slot in taken if one == cell})
        searching = searching or bool(free or search.running)
        if free and not (in_turn and any(one == cell for one, _ in taken)):
            order = TuneTrial(
                study=stored.spec, place=place, cell=cell, slot=free[0], workers=workers
            )
            owing[total - len(free), index] = order
    if owing:
        return owing[min(owing)]
    if searching:
        return None
    ordered = {(one.cell, one.seed) for one in given if isinstance(one, TrainReplicate)}
    for owed in owed_replicates(stored):
        if (owed.cell, owed.seed) not in ordered:
            return TrainReplicate(
                study=stored.spec,
                place=place,
                cell=owed.cell,
                seed=owed.seed,
                chosen_from=owed.choice.number,
                tuned=owed.choice.tuned,
                workers=workers,
            )
    return None


def trials_for(stored: StoredStudy, order: TrainingOrder) -> list[FrozenTrial]:
    """The trials that were begun for the same as an order, in the order of their numbers."""
    if isinstance(order, TuneTrial):
        return stored.searches[order.cell].refresh().attempts(order.slot)
    return stored.attempts.refresh().of(
        stored.spec.searched_cell(order.cell, order.seed), order.seed, order.chosen_from
    )


def under_way(stored: StoredStudy) -> int:
    """How many trials are being trained, whoever trains them."""
    return sum(len(ledger.refresh().running) for ledger in stored.ledgers)


def cut_off(stored: StoredStudy) -> int:
    """Trials that were begun, ended too early, and will be trained again."""
    searches = stored.searches.items()
    count = sum(search.refresh().cut_off(stored.totals[cell]) for cell, search in searches)
    return count + begun_replicates(stored)
