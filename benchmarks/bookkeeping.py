"""What it costs to know what is owed, with more and more trials in the storage.

Fills a journal with trials, without training, then begins and ends some more as a run and its
worker do. Prints the CPU time of what ablate does for each of them besides sampling, pruning and
writing; then, once in a run, of the first look at the storage; and beside it what Optuna itself
takes to list all trials, and its TPE sampler to choose the next.

    python benchmarks/bookkeeping.py [--counts 100 1000 10000] [--steps 50]
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from ablate.config import load_study
from ablate.planning.plan import replicates_in_order
from ablate.spec.samplers import Tpe, make_sampler
from ablate.state.next_order import next_order, trials_for, under_way
from ablate.state.orders import TrainingOrder, TuneTrial
from ablate.state.phases import phase_states
from ablate.store.attributes import (
    CHOSEN_FROM,
    DATASET_PARAMETER,
    OUTCOME,
    SEED_PARAMETER,
    SLOT,
    VARIANT_PARAMETER,
    replicate_parameters,
)
from ablate.store.ledger import close_lost
from ablate.store.place import StoragePlace, open_storage
from ablate.store.studies import StoredStudy, find_study, open_study
from ablate.store.trials import begin

STUDY = """
[study]
name         = "bookkeeping"
dataset      = "digits"
search_space = "baseline"
"""
SEARCH = """
[tune]
trials        = {trials}
learning_rate = {{ low = 1e-4, high = 1e-1, log = true }}
batch_size    = {{ low = 16, high = 256 }}
"""
COMPARISON = """
[vary]
learning_rate = [0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.007, 0.008, 0.009, 0.01, 0.011]
[replicate]
seeds = {seeds}
"""
TUNED = {
    "learning_rate": FloatDistribution(1e-4, 1e-1, log=True),
    "batch_size": IntDistribution(16, 256),
}
HEAD = ("stored", "search", "no slots", "replicates", "first look", "Optuna's list", "TPE's ask")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--steps", type=int, default=50)
    arguments = parser.parse_args()
    print("CPU milliseconds, medians; the first three for each trial, the fourth once in a run")
    print("".join(f"{name:>15}" for name in HEAD))
    for count in arguments.counts:
        found = measure(count, arguments.steps)
        print(f"{count:>15,}" + "".join(f"{1000 * seconds:>15.3f}" for seconds in found))


def measure(count: int, steps: int) -> Iterator[float]:
    """Seconds of what `HEAD` names, with so many trials stored."""
    for fill in (fill_slots, fill_in_order, fill_replicates):
        with tempfile.TemporaryDirectory(prefix="bookkeeping-") as folder:
            yield cost_of_a_trial(fill(Path(folder), count, steps), steps)
    with tempfile.TemporaryDirectory(prefix="bookkeeping-") as folder:
        stored = opened(fill_slots(Path(folder), count, steps))
        yield seconds(lambda: phase_states(stored))
        (study,) = stored.tuning.values()
        lists = [seconds(lambda: study.get_trials(deepcopy=False)) for _ in range(steps)]
        yield statistics.median(lists)
        yield statistics.median(ask(study, number) for number in range(5))


def cost_of_a_trial(place: StoragePlace, steps: int) -> float:
    """Seconds that a run and its worker take for one trial, besides its writes."""
    run, worker = opened(place), opened(place)
    costs = [cost_of_one(run, worker, place) for _ in range(steps)]
    return statistics.median(costs[1:])  # the first look reads everything


def cost_of_one(run: StoredStudy, worker: StoredStudy, place: StoragePlace) -> float:
    started = time.process_time()
    order = next_order(run, place, ())
    cost = time.process_time() - started
    assert order is not None
    cost += seconds(lambda: trials_for(worker, order))
    is_tuned = isinstance(order, TuneTrial)
    study = worker.tuning[order.cell] if is_tuned else worker.replicates
    assert study is not None
    trial = begin(study, *described(order), lambda: ())
    cost += seconds(lambda: trials_for(worker, order))
    cost += seconds(lambda: look(run))
    OUTCOME.write(trial, "complete")
    study.tell(trial, 1.0)
    return cost


def look(run: StoredStudy) -> None:
    """All that a run does from time to time while it waits, when it begins, and when it ends."""
    for ledger in run.ledgers:
        close_lost(ledger)
    under_way(run)
    phase_states(run)


def ask(study: optuna.Study, number: int) -> float:
    """Seconds that Optuna takes to choose a trial's hyperparameters with TPE."""
    study.sampler = make_sampler(Tpe(), dict.fromkeys(TUNED), 0, number)
    return seconds(lambda: study.ask(TUNED))


def seconds(call: Callable[[], Any]) -> float:
    """The CPU seconds of a call."""
    started = time.process_time()
    call()
    return time.process_time() - started


def opened(place: StoragePlace) -> StoredStudy:
    """The study, as another process sees it."""
    found = find_study(open_storage(place), "bookkeeping")
    assert found is not None
    return found


def fill_slots(folder: Path, count: int, steps: int, *, slots: bool = True) -> StoragePlace:
    """A search in which so many trials have ended, some of them pruned."""
    place, stored = made(folder, SEARCH.format(trials=count + 2 * steps))
    rng = random.Random(0)
    (study,) = stored.tuning.values()
    for slot in range(count):
        pruned = rng.random() < 0.4
        said = OUTCOME.entry("pruned" if pruned else "complete")
        params = {"learning_rate": 10 ** rng.uniform(-4, -1), "batch_size": rng.randint(16, 256)}
        trial = create_trial(
            state=TrialState.PRUNED if pruned else TrialState.COMPLETE,
            value=rng.random(),
            params=params,
            distributions=TUNED,
            user_attrs=said | (SLOT.entry(slot) if slots else {}),
        )
        study.add_trial(trial)
    return place


def fill_in_order(folder: Path, count: int, steps: int) -> StoragePlace:
    """The same from before there were slots."""
    return fill_slots(folder, count, steps, slots=False)


def fill_replicates(folder: Path, count: int, steps: int) -> StoragePlace:
    """Eleven variants of which so many replicates are complete; nothing is tuned."""
    place, stored = made(folder, COMPARISON.format(seeds=1 + (count + 2 * steps) // 11))
    assert stored.replicates is not None
    names = CategoricalDistribution(sorted(variant.name for variant in stored.spec.variants))
    distributions = {
        DATASET_PARAMETER: CategoricalDistribution(["digits"]),
        VARIANT_PARAMETER: names,
        SEED_PARAMETER: IntDistribution(0, 2**32 - 1),
    }
    for cell, seed in replicates_in_order(stored.spec)[:count]:
        trial = create_trial(
            value=0.5,
            params=replicate_parameters(cell, seed),
            distributions=distributions,
            user_attrs=OUTCOME.entry("complete") | CHOSEN_FROM.entry(None),
        )
        stored.replicates.add_trial(trial)
    return place


def made(folder: Path, asked: str) -> tuple[StoragePlace, StoredStudy]:
    """A new study and its storage."""
    file = folder / "bookkeeping.toml"
    file.write_text(STUDY + asked)
    place = StoragePlace(str(folder / "runs" / "ablate.journal"))
    return place, open_study(open_storage(place), load_study(file, (), {}), {"digits": "0"})


def described(order: TrainingOrder) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a worker writes when it begins a trial."""
    if isinstance(order, TuneTrial):
        return SLOT.entry(order.slot), {}
    fixed = replicate_parameters(order.cell, order.seed)
    return CHOSEN_FROM.entry(order.chosen_from), {"fixed_params": fixed}


if __name__ == "__main__":
    main()
