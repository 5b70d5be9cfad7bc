"""Hyperparameter search and ablation for Keras: which design choice matters, and at what cost?

>>> import ablate
>>> study = ablate.load_study("studies/smoke.toml")
>>> ablate.run(study)                                                    # doctest: +SKIP
>>> ablate.results(study)[["number", "val_accuracy", "parameters"]]      # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ablate.errors import AblateError, InputError, RunError
from ablate.store import DEFAULT_STORAGE

if TYPE_CHECKING:
    import pandas as pd

    from ablate.running.run import RunSummary
    from ablate.spec.study import StudySpec

__all__ = [
    "AblateError",
    "InputError",
    "RunError",
    "StudySpec",
    "judge",
    "load_study",
    "results",
    "run",
]


def __getattr__(name: str) -> Any:
    """Loads `StudySpec` when it is first used: it takes longer than all else here."""
    if name == "StudySpec":
        from ablate.spec.study import StudySpec

        return StudySpec
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_study(path: str | PathLike[str], settings: Sequence[str] = ()) -> StudySpec:
    """Reads and checks a study file.

    Args:
        path: the study file, or the name of a shipped study.
        settings: ``dotted.key=value`` overrides, as for ``ablate run --set``.

    Raises:
        InputError: anything is wrong; holds every problem found.
    """
    from ablate import config

    return config.load_study(config.find_study(str(Path(path))), settings)


def run(
    study: StudySpec,
    *,
    storage: str = DEFAULT_STORAGE,
    timeout: float | None = None,
    fresh: bool = False,
    workers: int | None = None,
    threads: int | None = None,
) -> RunSummary:
    """Trains the trials that a study still lacks, silently, in worker processes.

    Args:
        study: the question.
        storage: a journal file, or the URL of a database. Artifacts, prepared data and the
            worker's log lie beside the file.
        timeout: seconds after which the run ends once its running epoch is over.
        fresh: whether the study's earlier trials are deleted first.
        workers: how many train side by side; None for one for each GPU, otherwise as many as the
            study keeps busy on this machine's cores, with one trial of each search at a time.
        threads: how many threads each computes with; None for those that the study was begun with.

    Returns:
        How the run ended, with the number of trials of each outcome.

    Raises:
        InputError: the storage, the data or an earlier study of that name do not fit.
        RunError: trial after trial failed and none succeeded.
    """
    from ablate.running.run import log_path, run_study
    from ablate.store.place import StoragePlace
    from ablate.workers.executors.defaults import Machine, choose_workers
    from ablate.workers.executors.local import LocalExecutor

    place = StoragePlace(storage)
    machine = Machine.here()

    def executor(recorded: int | None) -> LocalExecutor:
        chosen = choose_workers(study, machine, count=workers, threads=threads, recorded=recorded)
        shares = chosen.shares(machine)
        return LocalExecutor(log_path(place, study), study.training.backend, shares)

    in_turn = workers is None and not machine.gpus
    return run_study(study, place, executor=executor, in_turn=in_turn, timeout=timeout, fresh=fresh)


def results(study: StudySpec | str, *, storage: str = DEFAULT_STORAGE) -> pd.DataFrame:
    """All training runs of a study, one row each, those waiting or running included.

    Args:
        study: the study, or its name.
        storage: where it was run.

    Returns:
        Columns ``phase`` (tune or replicate), ``dataset``, ``variant``, ``number``, ``outcome``,
        ``val_loss`` (the task's plain loss: of classes crossentropy) and the other scores of the
        study, of classes ``val_accuracy`` and ``val_f1`` (0 to 1, macro),
        ``parameters``, ``trainable_parameters``, ``flops`` (of one image), ``training_seconds``,
        ``seconds_per_epoch``, ``epochs``, ``best_epoch`` (from 1); of replicates ``test_loss``,
        ``test_accuracy``, ``test_f1``, ``test_images`` and ``inference_seconds`` (of one image);
        ``reason``, ``seed``, ``fingerprint``, ``device``, where complete replicates do not count
        ``left_out``, the reason, and one for each tuned parameter.

    Raises:
        InputError: nothing was run there, or no study of that name.
    """
    from ablate.state.replicates import cell_replicates, left_out_replicates
    from ablate.store.place import StoragePlace, open_existing
    from ablate.store.results import results_table
    from ablate.store.studies import named_study

    name = study if isinstance(study, str) else study.name
    stored = named_study(open_existing(StoragePlace(storage)), name)
    return results_table(stored, left_out_replicates(stored, cell_replicates(stored)))


def judge(
    table: pd.DataFrame,
    *,
    baseline: str,
    metric: str = "accuracy",
    mode: Literal["max", "min"] | None = None,
    margin: float | None = None,
    looks: bool | Sequence[int] = False,
    planned: int | None = None,
    folds: int | None = None,
    variant: str = "variant",
    seed: str | None = "seed",
    dataset: str | None = None,
) -> pd.DataFrame:
    """Judges runs that were trained elsewhere, as a study's replicates are judged.

    Args:
        table: one row a run, with columns for its variant, its seed and its metrics.
        baseline: the variant that all others are compared with.
        metric: what the verdicts are about, a column.
        mode: whether more of it is better, or less; of metrics that ablate knows it is known.
        margin: what two variants may differ by and still be alike, of accuracies and the like in points.
        looks: after how many seeds the results are looked at; True for the usual looks.
        planned: how many seeds were planned before results were seen; those of the table unless given.
        folds: how many folds the data were cut into, where the seeds are folds.
        variant: the column of the variants.
        seed: that of the seeds; None where runs share none, which are compared by Welch's t test.
        dataset: that of the data sets; one called ``dataset`` unless given.

    Returns:
        A row for each comparison: ``dataset``, ``variant``, ``pairs``, ``difference``, ``low`` and ``high``
        (its 95 % interval), all in the metric's own unit, ``median``, ``p`` (adjusted for all comparisons;
        missing where looks decide) and ``verdict``.

    Raises:
        InputError: the table cannot be judged; holds every reason.
    """
    import pandas as pd

    from ablate.config.validation import validate
    from ablate.report.judging.asked import Asked
    from ablate.report.judging.judge import judge_table

    problems: list[Any] = []
    columns = {"variant": variant, "seed": seed, "dataset": dataset}
    given: dict[str, Any] = {"baseline": baseline, "metric": metric, "mode": mode, "margin": margin}
    given |= {"planned": planned, "folds": folds, "columns": columns}
    given |= {"looks": looks if isinstance(looks, bool) else tuple(looks)}
    asked = validate(Asked, given, "ablate.judge", "", problems)
    if asked is None:
        raise InputError(*problems)
    ablation = judge_table(table, asked, "the table", "results")[0].ablation
    assert ablation is not None
    rows = []
    for block in ablation.blocks:
        for row in block.rows:
            found = row.comparisons.get(ablation.metric.key)
            if found is not None:
                rows.append(
                    {
                        "dataset": block.dataset,
                        "variant": row.variant,
                        "pairs": found.difference.n,
                        "difference": found.difference.mean,
                        "low": found.difference.low,
                        "high": found.difference.high,
                        "median": found.median.mean,
                        "p": found.adjusted_p,
                        "verdict": found.verdict,
                    }
                )
    return pd.DataFrame(rows)
