"""CSV and Parquet files, checked before pandas mends in silence what is wrong with them."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.errors import InputError, Problem, no_file

if TYPE_CHECKING:
    import pandas as pd

PARQUET = (".parquet", ".pq")


def read_table(path: Path, separator: str = ",") -> pd.DataFrame:
    """The rows of a file, its columns named by its first line.

    Raises:
        InputError: it is missing, empty, no text, or its rows differ in length.
    """
    if not path.is_file():
        raise InputError(no_file(path))
    if path.suffix.lower() in PARQUET:
        return _parquet(path)
    import pandas as pd

    _check(path, separator)
    table = pd.read_csv(path, sep=separator, encoding="utf-8-sig", skipinitialspace=True)
    table.columns = table.columns.str.strip()
    return table


def texts_of(table: pd.DataFrame, names: Iterable[str | None]) -> tuple[str, ...]:
    """Those of some columns that hold text."""
    return tuple(
        name
        for name in names
        if name is not None
        and name in table.columns
        and any(isinstance(value, str) for value in table[name])
    )


def as_written(
    table: pd.DataFrame, path: Path, separator: str, texts: Collection[str]
) -> pd.DataFrame:
    """A table that was read from a file, in which only empty cells of columns of text are missing.

    pandas takes ``NA``, ``None``, ``null`` and the like for missing, which are names here.
    """
    lacking = [name for name in texts if name in table.columns and table[name].isna().any()]
    if not lacking or path.suffix.lower() in PARQUET:
        return table
    import pandas as pd

    written = pd.read_csv(
        path,
        sep=separator,
        encoding="utf-8-sig",
        skipinitialspace=True,
        dtype=str,
        keep_default_na=False,
        na_values=[""],
    )
    written.columns = written.columns.str.strip()
    return table.assign(**{name: written[name] for name in lacking})


def _check(path: Path, separator: str) -> None:
    """Looks at every row.

    Raises:
        InputError: some are wrong.
    """
    where = str(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=separator, strict=True, skipinitialspace=True)
            header = [name.strip() for name in next(reader, [])]
            _check_header(header, where, separator)
            count = 0
            for row in reader:
                if not row:
                    continue
                count += 1
                if len(row) != len(header):
                    rule = f"line {reader.line_num} has {len(row)} values, the header {len(header)}"
                    hint = "a text that holds the separator needs quotes"
                    raise InputError(Problem(where, rule, hint=hint))
    except UnicodeDecodeError as error:
        rule = f"is not UTF-8: byte {error.start} cannot be read"
        hint = "save it as UTF-8, for example with iconv -f latin1 -t utf-8"
        raise InputError(Problem(where, rule, hint=hint)) from error
    except csv.Error as error:
        raise InputError(Problem(where, f"line {reader.line_num}: {error}")) from error
    if not count:
        raise InputError(Problem(where, "has no rows below its header"))


def _check_header(header: list[str], where: str, separator: str) -> None:
    if not header:
        raise InputError(Problem(where, "is empty; its first line must name the columns"))
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        rule = f"two columns are called {', '.join(twice)}"
        raise InputError(Problem(where, rule, hint="rename one of them"))
    if "" in header:
        rule = f"column {header.index('') + 1} has no name"
        hint = "name it in the first line; an index that pandas wrote goes with index=False"
        raise InputError(Problem(where, rule, hint=hint))
    if len(header) == 1:
        other = next((mark for mark in (";", "\t", ",") if mark in header[0]), "")
        if other and other != separator:
            rule = f"has one column with the separator {separator!r}"
            raise InputError(Problem(where, rule, hint=f"set separator = {other!r} under [data]"))


def _parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        table: pd.DataFrame = pd.read_parquet(path)
    except ImportError as error:
        hint = 'pip install "keras-ablate[parquet]", or save the table as CSV'
        raise InputError(Problem(str(path), "reading Parquet needs pyarrow", hint=hint)) from error
    except (OSError, ValueError) as error:
        raise InputError(Problem(str(path), f"the file cannot be read: {error}")) from error
    if not len(table):
        raise InputError(Problem(str(path), "has no rows"))
    return table
