"""A user's table in a CSV or Parquet file: columns of numbers and of categories, and what to predict."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ablate import tasks
from ablate.datasets._base import DatasetOptions, Examples, Places
from ablate.datasets._columns import Columns, columns_of
from ablate.datasets._csv_files import as_written, read_table, texts_of
from ablate.datasets._marks import read_marks
from ablate.datasets._tables import Scale, Share, check_test_rows, with_test_rows
from ablate.datasets._targets import read_targets
from ablate.errors import InputError, Problem, no_file
from ablate.spec.data import DataShape

if TYPE_CHECKING:
    import pandas as pd


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else _tuple(value)


LISTED = 8
"""Rows that are named."""
LATER = Field(exclude_if=lambda value: value is None)
LOCAL = True
ORDERED = True
TASK = tasks.DEFAULT
"""Unless the study says otherwise."""
Names = Annotated[tuple[str, ...], BeforeValidator(_tuple)]


class Options(DatasetOptions):
    """Where the table is, and what its columns are."""

    file: str
    """The CSV or Parquet file, relative to the study file; its first line names the columns."""
    target: Annotated[tuple[str, ...], BeforeValidator(_names), Field(min_length=1)]
    """The column to predict, or several."""
    test_file: str | None = None
    """A file of the same columns, for testing."""
    test_share: Share | None = None
    """Of the rows, for testing; drawn once, the same for every study. 0.2 without a test file."""
    val_file: Annotated[str | None, LATER] = None
    """A file of the same columns, for validation, in place of a share of the rows."""
    groups: Annotated[str | None, LATER] = None
    """A column that says which rows are kept together; no network sees it."""
    sample_weight: Annotated[str | None, LATER] = None
    """A column that says how much each row counts; no network sees it."""
    drop: Names = ()
    """Columns that are left out."""
    categorical: Names = ()
    """Columns of categories: each becomes a column of 0 and 1, and one more for all others."""
    impute: Literal["median"] | None = None
    """What is put where a number is missing: the median of the training rows of a split."""
    scale: Scale = "standard"
    """Whether the numbers of a column get mean 0 and deviation 1, by the training rows of a split."""
    separator: Annotated[str, Field(min_length=1, max_length=1)] = ","


def source(options: Options, places: Places) -> str:
    """The files with sizes and times, and how they are read."""
    found = []
    for path in _files(options, places):
        if not path.is_file():
            raise InputError(no_file(path))
        status = path.stat()
        found.append(f"({status.st_size} bytes, {status.st_mtime_ns})")
    return f"{options.model_dump_json()} {' '.join(found)}"


def shape(options: Options, places: Places) -> DataShape:
    """The sizes, which the table must be read for."""
    found = load(options, places)
    (columns,) = found.x_train.shape[1:]  # type: ignore[union-attr]
    return DataShape(
        train=len(found.y_train),
        test=len(found.y_test),
        example=(columns,),
        classes=len(found.class_names),
        validation=0 if found.y_val is None else len(found.y_val),
    )


def load(options: Options, places: Places) -> Examples:
    """The table as arrays: numbers as they are, categories as columns of 0 and 1."""
    return _loaded(options.model_dump_json(), places, source(options, places))


@lru_cache(maxsize=2)
def _loaded(written: str, places: Places, state: str) -> Examples:
    """The table in a state of its files; several questions in a row may read the same."""
    options = Options.model_validate_json(written, strict=False)
    path = places.folder / options.file
    problems: list[Problem] = []
    if options.test_file is not None and options.test_share is not None:
        rule = "is given beside test_file; give one of them"
        problems.append(Problem(str(path), rule, "data.test_share", options.test_share))
    named = {"test": options.test_file, "val": options.val_file}
    tables = {"train": read_table(path, options.separator)}
    tables |= {
        part: read_table(places.folder / name, options.separator)
        for part, name in named.items()
        if name is not None
    }
    # Of categories NA was missing from the first version on, and stored studies are of such data.
    texts = texts_of(tables["train"], (*options.target, options.groups))
    tables = {
        part: as_written(
            one, places.folder / (named.get(part) or options.file), options.separator, texts
        )
        for part, one in tables.items()
    }
    columns = columns_of(tables["train"], options, path, problems)
    for part, name in named.items():
        if name is not None:
            file = places.folder / name
            _check_same_columns(tables["train"], tables[part], file, problems)
    if problems or columns is None:
        raise InputError(*problems)
    parts = {**tables, "test": tables.get("test", tables["train"][:0])}
    targets = read_targets(list(parts.values()), options.target, places.task, path, problems)
    marks = read_marks(parts, options, path, problems)
    if problems or targets is None:
        raise InputError(*problems)
    files = {part: places.folder / (named.get(part) or options.file) for part in parts}
    x = {part: _numbers(columns, one, files[part], options) for part, one in parts.items()}
    y = dict(zip(parts, targets.parts, strict=True))
    fitted = columns.fitted(scaled=options.scale == "standard", filled=options.impute is not None)
    whole = Examples(
        x_train=x["train"],
        y_train=y["train"],
        x_test=x["test"],
        y_test=y["test"],
        class_names=targets.names,
        fitted=fitted,
        x_val=x.get("val"),
        y_val=y.get("val"),
        groups=marks.groups,
        weights=marks.weights,
    )
    if options.test_file is not None or places.folded:
        return whole
    share = 0.2 if options.test_share is None else options.test_share
    check_test_rows(y["train"], targets.names, share, places.task, str(path))
    return with_test_rows(whole, share, places)


def _files(options: Options, places: Places) -> list[Path]:
    named = [options.file, options.test_file, options.val_file]
    return [places.folder / name for name in named if name is not None]


def _numbers(columns: Columns, table: pd.DataFrame, path: Path, options: Options) -> Any:
    """The columns that are trained on, as numbers.

    Raises:
        InputError: some are text or infinite, or missing, and nothing says what to put there.
    """
    if texts := columns.texts(table):
        raise InputError(*(_text(path, name, *found) for name, found in texts.items()))
    if infinite := columns.infinite(table):
        raise InputError(*(_infinite(path, *found) for found in infinite.items()))
    if options.impute is None and (missing := columns.missing(table)):
        counted = ", ".join(f"{name} ({count})" for name, count in missing.items())
        rule = f"numbers are missing in {counted} of {len(table)} rows"
        hint = 'set impute = "median" under [data], or drop the columns'
        raise InputError(Problem(str(path), rule, hint=hint))
    return columns.numbers(table)


def _text(path: Path, name: str, row: int, text: str) -> Problem:
    """Tells of a row, from 1, with text in a column that holds numbers in the training file."""
    rule = f"must hold numbers, as in the training file, and row {row} below the header does not"
    hint = "mend the cell, or name the column in categorical or drop under [data]"
    return Problem(str(path), rule, name, text, hint)


def _infinite(path: Path, name: str, rows: Sequence[int]) -> Problem:
    """Tells of the rows, from 1, in which a column is infinite."""
    listed = ", ".join(map(str, rows[:LISTED])) + (", ..." if len(rows) > LISTED else "")
    rule = (
        f"numbers must be finite, and row{'s' if len(rows) > 1 else ''} {listed} below the header"
    )
    rule += " are not" if len(rows) > 1 else " is not"
    hint = 'leave the cell empty and set impute = "median" under [data], or leave the row out'
    return Problem(str(path), rule, name, hint=hint)


def _check_same_columns(
    table: pd.DataFrame, test_table: pd.DataFrame, path: Path, problems: list[Problem]
) -> None:
    lacking = [name for name in table.columns if name not in test_table.columns]
    if lacking:
        rule = f"must have the columns of the training file, lacks {', '.join(lacking)}"
        problems.append(Problem(str(path), rule))
