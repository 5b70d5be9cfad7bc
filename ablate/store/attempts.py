"""The attempts at a study's replicates: each is begun again until it is settled.

An attempt is a trial that was begun for a replicate. Settled is a replicate that is complete or
hopeless: its network cannot be built, or it failed as often as it is tried.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ablate.limits import ATTEMPTS
from ablate.planning.plan import parts, replicates_in_order
from ablate.spec.study import Cell, StudySpec
from ablate.store.attributes import CHOSEN_FROM, DIED
from ablate.store.ledger import Ledger
from ablate.store.runs import RunReader
from ablate.store.trials import outcome_of

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

Choices = Mapping[Cell, int | None]
"""The number of the trial that each cell's replicates are chosen from; None where none is tuned. Cells
are those of `StudySpec.searched_cells`, here and below."""
Key = tuple[Cell, int, Any]
"""A replicate: its cell, its seed, and the number of the trial that it was chosen from."""


@dataclass
class Settled:
    """What became of the replicates of one cell that were chosen from one trial."""

    complete: dict[int, FrozenTrial] = field(default_factory=dict)
    """The first complete trial of each seed that the study asks for."""
    hopeless: set[int] = field(default_factory=set)
    """Seeds that it asks for and that cannot be had."""
    beyond: set[int] = field(default_factory=set)
    """Seeds of complete trials that it does not ask for any more."""
    trials: int = 0
    """How many trials are complete, also where several are for the same seed."""

    def joined(self, other: Settled) -> Settled:
        """What became of these and of others."""
        return Settled(
            complete=self.complete | other.complete,
            hopeless=self.hopeless | other.hopeless,
            beyond=self.beyond | other.beyond,
            trials=self.trials + other.trials,
        )


class Attempts(Ledger):
    """The trials of a study's replicates, and which replicates are owed.

    Args:
        spec: the study.
        study: the Optuna study of its replicates; None where there is none.
    """

    def __init__(self, spec: StudySpec, study: Study | None = None) -> None:
        super().__init__(study)
        self._spec, self._reader = spec, RunReader(spec)
        self._part = next((part for part in parts(spec) if part.phase == "replicate"), None)
        self._seeds = frozenset(spec.seeds)
        self._trials: defaultdict[Key, dict[int, FrozenTrial]] = defaultdict(dict)
        self._settled: defaultdict[Cell, defaultdict[Any, Settled]] = defaultdict(
            lambda: defaultdict(Settled)
        )
        self._choices: Choices = {}
        """For which choices the next three hold; they are made anew when a choice changes."""
        self._places: dict[tuple[Cell, int], int] = {}
        """The place of each replicate in their order."""
        self._first: dict[tuple[Cell, int], None] = {}
        """Replicates that are not settled and have not failed, in their order."""
        self._again: set[tuple[Cell, int]] = set()
        """Replicates that are not settled and have failed."""

    def enter(self, trial: FrozenTrial) -> None:
        """Takes in a trial that is new, or that was not finished when it was last entered."""
        before = self.unfinished.get(trial.number)
        super().enter(trial)
        old = None if before is None else self._key(before)
        if old is not None:
            del self._trials[old][trial.number]
        key = self._key(trial)
        if key is not None:
            self._trials[key][trial.number] = trial
            if trial.state.is_finished():
                self._settle(key, trial)

    def of(self, cell: Cell, seed: int, chosen_from: int | None) -> list[FrozenTrial]:
        """The trials begun for one replicate, in the order of their numbers."""
        trials = self._trials.get((cell, seed, chosen_from), {})
        return [trials[number] for number in sorted(trials)]

    def settled(self, cell: Cell, chosen_from: int | None) -> Settled:
        """What became of the replicates of a cell that were chosen from one trial."""
        return self._settled[cell][chosen_from]

    def complete_trials(self, cell: Cell) -> int:
        """How many trials of a cell are complete, whichever trial they were chosen from."""
        return sum(settled.trials for settled in self._settled[cell].values())

    def owed(self, choices: Choices) -> Iterator[tuple[Cell, int]]:
        """The replicates that are to be trained, in order; those that failed once come last."""
        if choices != self._choices:
            self._choices = dict(choices)
            searched = self._spec.searched_cell
            ordered = ((searched(*pair), pair[1]) for pair in replicates_in_order(self._spec))
            pairs = [pair for pair in ordered if pair[0] in choices]
            self._places = {pair: place for place, pair in enumerate(pairs)}
            self._first, self._again = dict.fromkeys(pairs), set()
            for pair in pairs:
                self._place(*pair)
        yield from (pair for pair in self._first if not self._is_running(*pair))
        again = sorted(self._again, key=self._places.__getitem__)
        yield from (pair for pair in again if not self._is_running(*pair))

    def _is_running(self, cell: Cell, seed: int) -> bool:
        trials = self._trials.get((cell, seed, self._choices[cell]), {})
        return any(outcome_of(trial) == "running" for trial in trials.values())

    def _settle(self, key: Key, trial: FrozenTrial) -> None:
        """Notes what a finished trial changes."""
        cell, seed, number = key
        settled, trials = self._settled[cell][number], self.of(*key)
        settled.trials += outcome_of(trial) == "complete"
        done = next((one for one in trials if outcome_of(one) == "complete"), None)
        if seed not in self._seeds:
            settled.beyond |= {seed} if done is not None else set()
        elif done is not None:
            settled.complete[seed] = done
            settled.hopeless.discard(seed)
        elif _is_hopeless(trials):
            settled.hopeless.add(seed)
        if cell in self._choices and self._choices[cell] == number:
            self._place(cell, seed)

    def _place(self, cell: Cell, seed: int) -> None:
        """Puts a replicate with those that have failed, or leaves it out once it is settled."""
        pair = (cell, seed)
        if pair not in self._places:  # the study does not ask for it any more
            return
        settled = self._settled[cell][self._choices[cell]]
        trials = self._trials.get((cell, seed, self._choices[cell]), {})
        self._again.discard(pair)
        if seed in settled.complete or seed in settled.hopeless:
            self._first.pop(pair, None)
        elif any(outcome_of(trial) == "failed" for trial in trials.values()):
            self._first.pop(pair, None)
            self._again.add(pair)

    def _key(self, trial: FrozenTrial) -> Key | None:
        run = None if self._part is None else self._reader.read(self._part, trial)
        if run is None:
            return None
        return self._spec.searched_cell(run.cell, run.seed), run.seed, CHOSEN_FROM.of(trial)


def _is_hopeless(trials: list[FrozenTrial]) -> bool:
    """Whether a replicate failed as often as it is tried, or its network cannot be built."""
    outcomes = [outcome_of(trial) for trial in trials]
    took_workers_down = any(outcome_of(t) == "failed" and DIED.is_on(t) for t in trials)
    return "infeasible" in outcomes or outcomes.count("failed") >= ATTEMPTS or took_workers_down
