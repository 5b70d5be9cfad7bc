"""What the looks at a study's comparisons say, from what is stored alone, and which replicates they ask for.

A look is complete when every replicate that it asks for is settled. So it says the same to every worker,
on every machine and after every restart, whatever the order in which replicates have come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ablate.spec.study import Cell, StudySpec
from ablate.statistics import Looking, Seen
from ablate.statistics.arrays import resolution_of
from ablate.store.trials import measured

if TYPE_CHECKING:
    from ablate.store.attempts import Settled

Scores = Mapping[Cell, Mapping[int, float | None]]
"""For each cell what each settled replicate scored, by the place of its seed; None for one that is
missing for good."""


@dataclass(frozen=True)
class Looked:
    """After the looks that are complete."""

    looking: Looking[Cell]
    seen: Mapping[Cell, Seen]
    """The pairs of each comparison at the last look that it went on to; those without a pair are left
    out."""
    done: int
    """How many looks are complete."""
    asked: Mapping[Cell, int]
    """How many seeds each cell is trained from before anything further is known."""
    most: Mapping[Cell, int]
    """How many it will be at most, as far as is known by now."""

    @property
    def is_over(self) -> bool:
        """Whether nothing is looked at any more: all is decided, or the last look was made."""
        return self.done == len(self.looking.looks)


def looked(spec: StudySpec, settled: Mapping[Cell, Settled]) -> Looked | None:
    """What the looks say; None where a study has none.

    Args:
        spec: the study.
        settled: what became of each cell's replicates.
    """
    if not spec.looks or spec.replicate is None:
        return None
    metric, margin = spec.measures.metrics[spec.replicate.metric], spec.replicate.margin
    places = {seed: place for place, seed in enumerate(spec.seeds)}
    scores = []
    for cell, one in settled.items():
        found: dict[int, float | None] = {places[seed]: None for seed in one.hopeless}
        for seed, trial in one.complete.items():
            found[places[seed]] = measured(trial, metric.attribute)
        scores.append((cell, tuple(sorted(found.items()))))
    pairs = tuple((cell, spec.baseline_of(cell)) for cell in spec.comparisons)
    return _looked(
        spec.looks, None if margin is None else margin / metric.scale, pairs, tuple(scores)
    )


@lru_cache(maxsize=4)  # every order asks
def _looked(
    looks: tuple[int, ...],
    margin: float | None,
    compared: tuple[tuple[Cell, Cell], ...],
    written: tuple[tuple[Cell, tuple[tuple[int, float | None], ...]], ...],
) -> Looked:
    """The same, of each comparison's cell and baseline, and of what each cell has scored."""
    scores: Scores = {cell: dict(pairs) for cell, pairs in written}
    looking: Looking[Cell] = Looking(looks, len(compared), margin)
    seen: dict[Cell, Seen] = {}
    done = 0
    for index, count in enumerate(looks):
        going = [(cell, base) for cell, base in compared if looking.goes_on(cell)]
        needed = {cell for pair in going for cell in pair}
        if any(place not in scores[cell] for cell in needed for place in range(count)):
            break
        found = {pair[0]: _seen(scores, *pair, looks[: index + 1]) for pair in going}
        known = {cell: one for cell, one in found.items() if one is not None}
        looking.look(index, known)
        seen |= known
        done = index + 1
    asked: dict[Cell, int] = {}
    most: dict[Cell, int] = {}
    for cell, base in compared:
        last = looking.last_look(cell)
        now = looks[min(done, len(looks) - 1) if last is None else last]
        for one in (cell, base):
            asked[one] = max(asked.get(one, 0), now)
            most[one] = max(most.get(one, 0), looks[-1 if last is None else last])
    return Looked(looking, seen, done, asked, most)


def _seen(scores: Scores, cell: Cell, base: Cell, looks: tuple[int, ...]) -> Seen | None:
    """The pairs of a comparison up to a look; None where there is none."""
    own, other = scores[cell], scores[base]
    shared = [
        place
        for place in range(looks[-1])
        if own.get(place) is not None and other.get(place) is not None
    ]
    if not shared:
        return None
    left, right = (np.array([values[place] for place in shared], float) for values in (own, other))
    counts = tuple(sum(place < count for place in shared) for count in looks)
    return Seen(left - right, counts, resolution_of(left, right))
