"""A journal's lines: which of them are records, and what a damaged journal should hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Record = dict[str, Any]

CREATE_STUDY, DELETE_STUDY, CREATE_TRIAL = 0, 1, 4
NEEDED: dict[int, tuple[str, ...]] = {
    CREATE_STUDY: ("study_name", "directions"),
    DELETE_STUDY: ("study_id",),
    2: ("study_id", "user_attr"),
    3: ("study_id", "system_attr"),
    CREATE_TRIAL: ("study_id", "datetime_start"),
    5: ("trial_id", "param_name", "param_value_internal", "distribution"),
    6: ("trial_id", "state", "values"),
    7: ("trial_id", "step", "intermediate_value"),
    8: ("trial_id", "user_attr"),
    9: ("trial_id", "system_attr"),
}
"""What Optuna 5 reads from a record of each operation."""


@dataclass(frozen=True)
class Journal:
    """What a journal file held when it was read."""

    size: int
    """In bytes."""
    torn: bool
    """Whether its last line was cut off before its end."""
    damaged: tuple[int, ...]
    """The numbers, from 1, of the lines that are no records: Optuna reads no further."""
    saved: int
    """Of how many of these lines a record is saved by mending; the others hold nothing legible."""
    records: tuple[Record, ...]
    """All records, those of the mended journal where it is damaged."""
    mended: bytes
    """What the file should hold: itself, where nothing is wrong."""
    fits: bool
    """Whether the records agree with each other; where not, mending would mix up trials."""


def read_journal(path: Path) -> Journal:
    """Reads a journal and changes nothing.

    Lines count trials: a trial is known by how many were made before it. So a damaged line that
    made one is not left out where later lines count on it, but written again from what is legible.
    Where a cut-off line and the next record stand in one line, the record is kept.

    Raises:
        OSError: the file cannot be read.
    """
    content = path.read_bytes()
    lines = content.split(b"\n")
    tail = lines.pop()
    damaged = tuple(number for number, line in enumerate(lines, 1) if parse(line) is None)
    if tail:
        lines.append(tail)
    kept = [line for line in map(_legible, lines) if line is not None]
    records = _records(kept)
    if damaged and not _fits(records):
        again = [_legible(line) or _made_again(line) for line in lines]
        kept = [line for line in again if line is not None]
        records = _records(kept)
    fits = not damaged or _fits(records)
    return Journal(
        size=len(content),
        torn=bool(tail),
        damaged=damaged,
        saved=len(damaged) - (len(lines) - len(kept)) + bool(tail and _legible(tail) is None),
        records=tuple(records),
        mended=b"".join(line + b"\n" for line in kept),
        fits=fits,
    )


def parse(line: bytes) -> Record | None:
    """The record that a line holds; None where Optuna could not read it."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    if not isinstance(record, dict) or not isinstance(record.get("op_code"), int):
        return None
    needed = {*NEEDED.get(record["op_code"], ()), "worker_id"}
    numbers = [record.get(name) for name in needed & {"study_id", "trial_id"}]
    if not needed <= record.keys() or not all(isinstance(number, int) for number in numbers):
        return None
    return record


def _records(lines: Iterable[bytes]) -> list[Record]:
    return [record for record in map(parse, lines) if record is not None]


def _legible(line: bytes) -> bytes | None:
    """The record in a line: all of it, or what was written behind one that was cut off."""
    start = 0
    while start >= 0:
        if parse(line[start:]) is not None:
            return line[start:]
        start = line.find(b'{"op_code":', start + 1)
    return None


def _made_again(line: bytes) -> bytes | None:
    """A damaged line that made a trial, written anew; None for any other line."""
    text = line.decode(errors="replace")
    study = re.search(r'"study_id":\s*(\d+)', text)
    if not re.search(rf'"op_code":\s*{CREATE_TRIAL}\b', text) or study is None:
        return None
    started = re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text)
    record = {
        "op_code": CREATE_TRIAL,
        "worker_id": "lost",
        "study_id": int(study[1]),
        "datetime_start": f"{started[0]}+00:00" if started else None,
    }
    return json.dumps(record, separators=(",", ":")).encode()


def _fits(records: Sequence[Record]) -> bool:
    """Whether every study and trial that a record names had been made before.

    A process that makes a trial writes about that trial next; where it names a later one, lines
    that made trials are missing before.
    """
    studies: dict[int, str] = {}
    made = trials = 0
    asked: dict[str, int] = {}
    for record in records:
        operation = record["op_code"]
        if operation == CREATE_STUDY:
            if record["study_name"] not in studies.values():
                studies[made] = record["study_name"]
                made += 1
        elif record.get("study_id", -1) >= made:
            return False
        elif operation == DELETE_STUDY:
            studies.pop(record["study_id"], None)
        elif operation == CREATE_TRIAL:
            if record["study_id"] in studies:
                if "state" not in record:
                    asked[record["worker_id"]] = trials
                trials += 1
        elif "trial_id" in record:
            own = asked.pop(record["worker_id"], trials - 1)
            if record["trial_id"] > own:
                return False
    return True
