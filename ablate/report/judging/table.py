"""A table of results: read, put into one row a run, and looked over for what cannot be judged."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ablate.document.words import plural
from ablate.errors import InputError, Problem, did_you_mean
from ablate.report.judging.asked import Asked, Columns
from ablate.report.judging.lines import check_lines, check_names
from ablate.store.results import LEFT_OUT

if TYPE_CHECKING:
    import pandas as pd

ONE_SET = "results"
"""What the data set is called where no column names one."""
LISTED = 8


@dataclass(frozen=True)
class Run:
    """One row of a table: what a variant scored."""

    row: int
    """Its line in the file, the heading being the first."""
    dataset: str
    variant: str
    seed: str | None
    measures: Mapping[str, float]
    """All that is a number, by its column."""


def read_table(
    source: str, stream: IO[str] | None = None, columns: Columns | None = None
) -> pd.DataFrame:
    """The table of a CSV file.

    In columns of numbers ``NA``, ``nan`` and the like are missing; in names and texts only empty
    cells are.

    Args:
        source: the file.
        stream: what is read in its place.
        columns: those that hold names, whatever stands in them.

    Raises:
        InputError: it is missing, or no table, or some of its lines are not as its first.
    """
    if stream is None and not Path(source).is_file():
        rule = "is a folder" if Path(source).is_dir() else "there is no such file"
        raise InputError(Problem(source, rule, hint="name a CSV file, or - "))
    try:
        text = Path(source).read_text("utf-8-sig") if stream is None else stream.read()
        check_lines(text, source)
        table, written = (_read(text, as_written=as_it_is) for as_it_is in (False, True))
    except (ValueError, UnicodeDecodeError) as error:  # pandas's own are ValueErrors
        first = next(iter(str(error).splitlines()), "")
        raise InputError(Problem(source, f"is no CSV table: {first}")) from error
    asked = columns or Columns()
    names = (asked.variant, asked.dataset or "dataset", asked.name)
    for name in table.columns[table.isna().any()]:
        known = table[name].dropna()
        if str(name).strip() in names or known.empty or any(isinstance(one, str) for one in known):
            table[name] = written[name].array
    return table


def _read(text: str, *, as_written: bool) -> pd.DataFrame:
    """What a file holds; as it is written all cells are texts, or empty."""
    import pandas as pd

    given = io.StringIO(text)
    if not as_written:
        return pd.read_csv(given, skipinitialspace=True)
    return pd.read_csv(
        given, skipinitialspace=True, dtype=str, keep_default_na=False, na_values=[""]
    )


def runs_of(table: pd.DataFrame, asked: Asked, where: str) -> tuple[list[Run], list[str]]:
    """One run a row, and what is to be told of the table.

    Raises:
        InputError: columns are missing, or rows cannot be judged; holds all of them.
    """
    frame = table.copy()
    frame.columns = [str(name).strip() for name in frame.columns]
    check_names(frame.columns, where)
    frame["_row"] = range(2, len(frame) + 2)
    told: list[str] = []
    if "phase" in frame.columns and (frame["phase"] == "replicate").any():
        frame = _counted(frame, told)
    columns = asked.columns
    dataset = columns.dataset or ("dataset" if "dataset" in frame.columns else None)
    needed = {"variant": columns.variant, "seed": columns.seed, "dataset": dataset}
    problems = [
        Problem(
            where,
            f"there is no column {name}",
            f"--{key}-column",
            hint=_nearest(name, frame, key),
        )
        for key, name in needed.items()
        if name is not None and name not in frame.columns
    ]
    if problems:
        raise InputError(*problems)
    if columns.name is not None and columns.value is not None:
        frame = _wide(frame, [one for one in needed.values() if one is not None], asked, where)
    elif columns.name is not None or columns.value is not None:
        rule = (
            "a long table needs two columns: that of the metrics' names, and that of their values"
        )
        raise InputError(Problem(where, rule, hint="give --name-column and --value-column"))
    metric = metric_column(frame, asked, where)
    numbers = [
        name
        for name in frame.columns
        if name not in (*needed.values(), "_row") and frame[name].dtype.kind in "iuf"
    ]
    missing_as_nan = {
        name: frame[name].to_numpy(dtype=float, na_value=math.nan) for name in {*numbers, metric}
    }
    frame = frame.assign(**missing_as_nan)
    runs = []
    # The metric under the name that is asked for, and no other column in its place.
    rest = [name for name in numbers if name not in (asked.metric, f"test_{asked.metric}")]
    for row in frame.to_dict("records"):
        of_row = {name: row[name] for name in rest} | {asked.metric: row[metric]}
        runs.append(
            Run(
                row=int(row["_row"]),
                dataset=ONE_SET if dataset is None else _label(row[dataset]),
                variant=_label(row[columns.variant]),
                seed=None if columns.seed is None else _label(row[columns.seed]),
                measures={n: float(v) for n, v in of_row.items() if math.isfinite(v)},
            )
        )
    _check(runs, asked, where)
    return runs, told


def _counted(frame: pd.DataFrame, told: list[str]) -> pd.DataFrame:
    """The rows of a study of ablate's that its report counts.

    Args:
        frame: all training runs, see `store.results.results_table`.
        told: takes in what is left out.
    """
    is_replicate = frame["phase"] == "replicate"
    if others := int((~is_replicate).sum()):
        told.append(f"{others} rows of a search are left out: only replicates are judged")
    frame = frame[is_replicate]
    if "outcome" in frame.columns:
        is_complete = frame["outcome"] == "complete"
        if unfinished := int((~is_complete).sum()):
            told.append(f"left out: {plural(unfinished, 'replicate')}, not complete")
        frame = frame[is_complete]
    if LEFT_OUT in frame.columns:
        for reason, count in frame[LEFT_OUT].value_counts().items():
            told.append(f"left out: {plural(count, 'replicate')}, {reason}")
        frame = frame[frame[LEFT_OUT].isna()]
    return frame


def metric_column(frame: pd.DataFrame, asked: Asked, where: str) -> str:
    """The column of the metric that is judged: called like it, or with ``test_`` before.

    Raises:
        InputError: there is none, or it holds no numbers.
    """
    name = next((n for n in (asked.metric, f"test_{asked.metric}") if n in frame.columns), None)
    if name is None:
        hint = did_you_mean(asked.metric, [str(one) for one in frame.columns if one != "_row"])
        raise InputError(
            Problem(where, f"there is no column {asked.metric}", "--metric", hint=hint)
        )
    if frame[name].dtype.kind not in "iuf":
        texts = [one for one in frame[name] if isinstance(one, str)]
        rule = f"the column {name} must hold numbers"
        raise InputError(Problem(where, rule, "--metric", texts[0] if texts else None))
    return name


def _nearest(name: str, frame: pd.DataFrame, key: str) -> str:
    hint = did_you_mean(name, [str(one) for one in frame.columns if one != "_row"])
    return hint if key != "seed" else f"{hint}; runs that are not paired are judged with --unpaired"


def _label(value: Any) -> str:
    """A cell as text: a whole number without a point, nothing for one that is empty."""
    import pandas as pd

    if pd.isna(value):
        return ""
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if is_whole else str(value)


def _wide(frame: pd.DataFrame, keys: list[str], asked: Asked, where: str) -> pd.DataFrame:
    """A long table as a wide one: a column for each metric.

    Args:
        frame: the long table.
        keys: its columns that tell which rows are of one run.
        asked: how it is judged.
        where: the file.

    Raises:
        InputError: a column or a metric's name is missing, or a run has two values of one metric.
    """
    columns = asked.columns
    name, value = columns.name or "", columns.value or ""
    for key, column in (("--name-column", name), ("--value-column", value)):
        if column not in frame.columns:
            hint = did_you_mean(column, [str(one) for one in frame.columns if one != "_row"])
            raise InputError(Problem(where, f"there is no column {column}", key, hint=hint))
    if columns.seed is None:
        rule = "a long table needs a column of seeds, that tells which rows are of one run"
        raise InputError(Problem(where, rule, "--unpaired"))
    nameless = frame["_row"][frame[name].isna()][:LISTED]
    if len(nameless):
        rule, hint = "the name of the metric is missing", "leave the line out"
        raise InputError(*(Problem(f"{where}: line {n}", rule, hint=hint) for n in nameless))
    frame = frame.assign(**{key: frame[key].map(_label) for key in keys})
    twice = frame.duplicated([*keys, name], keep=False)
    if twice.any():
        lines = ", ".join(map(str, frame["_row"][twice][:LISTED]))
        rule = f"a run has more than one value of a metric, in the lines {lines}"
        raise InputError(Problem(where, rule, hint="keep one of each"))
    wide = frame.pivot(index=keys, columns=name, values=value)
    others = frame.drop(columns=[name, value]).groupby(keys).first()
    return wide.join(others[[one for one in others if one not in wide]]).reset_index()


def _check(runs: list[Run], asked: Asked, where: str) -> None:
    """Refuses what cannot be judged.

    Raises:
        InputError: a value is missing, a run stands twice, or the baseline is not there.
    """
    empty = [
        (run, name)
        for run in runs
        for name, value in (
            ("variant", run.variant),
            ("seed", run.seed),
            ("data set", run.dataset),
            (asked.metric, asked.metric in run.measures or None),
        )
        if value == "" or (value is None and name != "seed")
    ]
    problems = [
        Problem(
            f"{where}: line {run.row}",
            f"{name} is missing, or no number",
            hint="leave the line out",
        )
        if name == asked.metric
        else Problem(
            f"{where}: line {run.row}", f"the {name} is missing", hint="leave the line out"
        )
        for run, name in empty[:LISTED]
    ]
    seen: dict[tuple[str, str, str | None], Run] = {}
    for run in runs:
        key = (run.dataset, run.variant, run.seed)
        first = seen.setdefault(key, run)
        if run.seed is not None and first is not run and len(problems) < 2 * LISTED:
            rule = f"{run.variant}, seed {run.seed}, stands in line {first.row} already"
            problems.append(Problem(f"{where}: line {run.row}", rule, hint="keep one of the two"))
    names = dict.fromkeys(run.variant for run in runs)
    if asked.baseline not in names:
        hint = did_you_mean(asked.baseline, names)
        problems.append(
            Problem(where, "there is no such variant", "--baseline", asked.baseline, hint)
        )
    elif len(names) < 2:
        problems.append(Problem(where, f"there is nothing to compare with {asked.baseline}"))
    for dataset in dict.fromkeys(run.dataset for run in runs):
        if not any(r.dataset == dataset and r.variant == asked.baseline for r in runs):
            rule = f"the data set {dataset} has no run of the baseline"
            problems.append(Problem(where, rule, "--baseline", asked.baseline))
    if problems:
        raise InputError(*problems)
