"""The trade-off table: what each finished trial scored, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ablate.errors import InputError, Problem, did_you_mean
from ablate.spec.measure import OBJECTIVE, MeasureTable
from ablate.spec.measures import EVERY
from ablate.store.attributes import REPEATS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

FRONT = "pareto"


def headings(measures: MeasureTable) -> dict[str, str]:
    """What a column is called in a report."""
    return {
        "dataset": "data set",
        "variant": "variant",
        "number": "trial",
        **{measure.key("validation"): measure.heading for measure in measures.shown("trials")},
        FRONT: "Pareto",
    }


def tradeoff_table(
    results: pd.DataFrame, tuned: Sequence[str], measures: MeasureTable, sort: str = OBJECTIVE
) -> pd.DataFrame:
    """One row for each complete tuned trial, the best first; those that repeat another left out.

    Args:
        results: all training runs, see `store.results.results_table`.
        tuned: the columns of the tuned parameters.
        measures: those of the study.
        sort: the column to sort by, or its heading; scores from the highest, all else from the
            lowest.

    Returns:
        Columns ``dataset`` and ``variant``, where there are several, ``number``, the tuned
        parameters, the measures that are shown of trials, and ``pareto``: whether no other trial is
        at least as good in all that is weighed and better in one.

    Raises:
        InputError: there is no column to sort by of that name.
    """
    several = [name for name in ("dataset", "variant") if results[name].nunique() > 1]
    keys = {measure.key("validation"): measure for measure in measures.shown("trials")}
    missing = {key for key, one in keys.items() if one.optional and results[key].isna().all()}
    measured = [key for key in keys if key not in missing]
    columns = [*several, "number", *tuned, *measured]
    named = headings(measures)
    sort = {name.lower(): column for column, name in named.items()}.get(sort.lower(), sort)
    if sort not in columns:
        hint = did_you_mean(sort, columns)
        raise InputError(Problem("--sort", f"there is no column {sort}", hint=hint))
    complete = results[(results["phase"] == "tune") & (results["outcome"] == "complete")]
    if REPEATS.name in complete:
        complete = complete[complete[REPEATS.name].isna()]
    table = complete[columns].sort_values(
        list(dict.fromkeys([sort, "number"])),
        ascending=[not higher_is_better(sort, measures), True][: 1 + (sort != "number")],
        kind="stable",
    )
    table = table.reset_index(drop=True)
    weighed = [one.key("validation") for one in measures.weighed]
    table[FRONT] = pareto_front(table, weighed, measures)
    return table


def pareto_front(
    table: pd.DataFrame, objectives: Sequence[str], measures: MeasureTable = EVERY
) -> list[bool]:
    """Which rows no other row dominates; a row that lacks a value is not on the front."""
    import numpy as np

    columns = [
        table[name].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        * (-1 if higher_is_better(name, measures) else 1)
        for name in objectives
    ]
    return undominated(
        np.column_stack(columns), [measures.by_key[name].same for name in objectives]
    )


def higher_is_better(column: str, measures: MeasureTable = EVERY) -> bool:
    """Whether it holds a measure of which more is better."""
    return column in measures.by_key and measures.by_key[column].better == "higher"


def undominated(costs: NDArray[np.float64], tolerances: Sequence[float]) -> list[bool]:
    """Which rows of costs no other row beats: no dearer in any column, cheaper in one.

    Args:
        costs: ``(rows, objectives)``; a row that holds NaN is never on the front.
        tolerances: for each column the share by which two costs may differ and still be the same.
    """
    import numpy as np

    columns = np.ascontiguousarray(costs.T)  # NumPy is far quicker along many than along three
    slack = 1 + np.asarray(tolerances)
    whole = np.isfinite(columns).all(axis=0)
    front = []
    for cost, is_whole in zip(costs, np.atleast_1d(whole), strict=True):
        # Of a negative cost the larger is the nearer to 0.
        low, high = np.sort([cost / slack, cost * slack], axis=0)[:, :, None]
        beaten = (columns <= high).all(axis=0) & (columns < low).any(axis=0) & whole
        front.append(bool(is_whole) and not bool(beaten.any()))
    return front
