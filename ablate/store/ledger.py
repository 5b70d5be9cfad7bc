"""What became of an Optuna study's trials, kept so that a look costs no more than what is new."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Self

from optuna import exceptions, storages
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from ablate.store.attributes import OWNER
from ablate.store.owner import Owner
from ablate.store.trials import FILLING, cost_of, outcome_of

if TYPE_CHECKING:
    from optuna import Study


class Ledger:
    """The trials of an Optuna study, and what became of them, as a process knows it.

    A ledger knows what it last saw. `refresh` reads from the storage what may have changed since: the
    trials that are new, and those that were not finished; a finished one never changes.

    Args:
        study: the Optuna study; None where there is none, or trials are entered by hand.
    """

    def __init__(self, study: Study | None = None) -> None:
        self.study = study
        self.unfinished: dict[int, FrozenTrial] = {}
        """The trials that are waiting or running, by number."""
        self.best: FrozenTrial | None = None
        """The best complete trial by what the search goes by, the earliest where several are."""
        self.ended: list[FrozenTrial] = []
        """Those that have ended, in the order in which that was seen; only ever added to."""
        self._outcomes: Counter[str] = Counter()
        """How many trials have ended with each outcome."""
        self._read = 0
        """How many trials were read: their numbers begin at 0 and have no gaps."""

    @property
    def counts(self) -> Counter[str]:
        """How many trials have each outcome, waiting and running ones included."""
        return self._outcomes + Counter(map(outcome_of, self.unfinished.values()))

    @property
    def finished(self) -> int:
        """How many trials count: complete, pruned, infeasible and failed ones."""
        return sum(self._outcomes[outcome] for outcome in FILLING)

    @property
    def running(self) -> list[FrozenTrial]:
        """The trials that are being trained."""
        return [t for t in self.unfinished.values() if t.state is TrialState.RUNNING]

    def refresh(self) -> Self:
        """Takes in what is new in the storage."""
        for trial in self._news():
            self.enter(trial)
        return self

    def enter(self, trial: FrozenTrial) -> None:
        """Takes in a trial that is new, or that was not finished when it was last entered."""
        outcome = outcome_of(trial)
        self.unfinished.pop(trial.number, None)
        if outcome in ("waiting", "running"):
            self.unfinished[trial.number] = trial
            return
        self.ended.append(trial)
        self._outcomes[outcome] += 1
        if outcome == "complete" and (
            self.best is None or self._rank(trial) < self._rank(self.best)
        ):
            self.best = trial

    def _news(self) -> list[FrozenTrial]:
        """The trials that may have changed since the last look, then those that are new."""
        if self.study is None:
            return []
        storage = self.study._storage
        # A journal is read into memory, where it takes long to list all trials. Of a database
        # Optuna's cache asks all that it needs at once, which is better than one by one.
        if self._read and isinstance(storage, storages.JournalStorage):
            known = self.unfinished.values()
            news = [storage.get_trial(trial._trial_id) for trial in known]
            news += self._new_of(storage, self.study._study_id)
        else:
            trials = storage.get_all_trials(self.study._study_id, deepcopy=False)
            news = [trials[number] for number in self.unfinished] + trials[self._read :]
            self._read = len(trials)
        return news

    def _rank(self, trial: FrozenTrial) -> tuple[float, int]:
        """Where a complete trial stands among others, the best lowest."""
        return cost_of(trial, self._sign), trial.number

    @cached_property
    def _sign(self) -> int:
        """What a value is multiplied by so that less of it is better; asked for once."""
        is_more_better = self.study is not None and self.study.direction is StudyDirection.MAXIMIZE
        return -1 if is_more_better else 1

    def _new_of(self, storage: storages.BaseStorage, study_id: int) -> Iterator[FrozenTrial]:
        while True:
            try:
                found = storage.get_trial_id_from_study_id_trial_number(study_id, self._read)
            except KeyError:
                return
            self._read += 1
            yield storage.get_trial(found)


def close_lost(ledger: Ledger, is_gone: Callable[[Owner], bool] = Owner.is_gone) -> int:
    """Closes every trial whose owner is gone, so that another can be begun in its place.

    Such a trial is lost: it is marked as running, and nobody trains it.

    Where the storage keeps heartbeats, also those of other machines whose heart has stopped.

    Args:
        ledger: the trials of an Optuna study, which is refreshed first.
        is_gone: whether a process has ended.

    Returns:
        How many trials there were.
    """
    study = ledger.study
    if study is None:
        return 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", exceptions.ExperimentalWarning)
        storages.fail_stale_trials(study)
    lost = [trial for trial in ledger.refresh().running if _is_lost(trial, is_gone)]
    for trial in lost:
        # Another run may have closed it in the meantime.
        study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
    return len(lost)


def _is_lost(trial: FrozenTrial, is_gone: Callable[[Owner], bool]) -> bool:
    """Whether the owner of a running trial is gone, or not known."""
    owner = OWNER.of(trial)
    return owner is None or is_gone(owner)
