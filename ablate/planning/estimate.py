"""About how long a study takes, from a few timed epochs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ablate.planning.length import longest_training
from ablate.planning.plan import trials_when_complete
from ablate.spec.study import Cell, StudySpec


@dataclass(frozen=True)
class Timing:
    """How long the epochs of a training take, in seconds."""

    first: float
    """The first epoch, with compilation."""
    later: float


@dataclass(frozen=True)
class Estimate:
    """About how long the phases of a study take, in seconds."""

    tune: float
    """As if no trial were pruned."""
    replicate: float


def estimate(
    study: StudySpec, work: Mapping[Cell, int], timings: Mapping[Cell, Timing], gain: float = 1.0
) -> Estimate:
    """Estimates from the largest and the smallest variant of each data set.

    Args:
        study: the study.
        work: the FLOPs, or parameters, of each cell's untuned network; cells that cannot be built
            are left out.
        timings: of the cells with most and least work on each data set; what lies between is
            interpolated by its work.
        gain: how many times as much all workers train together as one does. A single search gains
            nothing: its trials follow each other.
    """
    tune = replicate = 0.0
    searches = len(study.searched_cells) / len(study.cells)
    for cell in work:
        timed = {c: t for c, t in timings.items() if c.dataset == cell.dataset}
        timing = _between(work[cell], {work[c]: t for c, t in timed.items()})
        epochs = longest_training(study, cell.variant)
        seconds = timing.first + (epochs - 1) * timing.later
        tune += searches * seconds * trials_when_complete(study, cell.variant)
        replicate += seconds * len(study.seeds)
    return Estimate(tune / (gain if len(study.searched_cells) > 1 else 1.0), replicate / gain)


def _between(work: int, timed: Mapping[int, Timing]) -> Timing:
    low, high = min(timed), max(timed)
    share = (work - low) / (high - low) if high > low else 0.0
    first, last = timed[low], timed[high]
    return Timing(
        first=first.first + share * (last.first - first.first),
        later=first.later + share * (last.later - first.later),
    )
