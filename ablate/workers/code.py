"""Holds the user's code that a trial executes against what its study keeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna

from ablate.errors import InputError, Problem
from ablate.files import file_digest
from ablate.store.attributes import CODE, KEPT_CODE
from ablate.store.code import kept_code, stored_name
from ablate.store.studies import StoredStudy
from ablate.user_code.imported import afresh, changed


def check_files(stored: StoredStudy) -> None:
    """Makes sure, before a trial is begun, that the user's files are still those of the study.

    Raises:
        InputError: one was changed, or is gone.
    """
    for file, digest in kept_code(stored.spec, stored.describing).items():
        if not file.is_file():
            raise InputError(Problem(str(file), "is gone; what is finished is kept"))
        if file_digest(file) != digest:
            raise changed(file)


@contextmanager
def executed_code(stored: StoredStudy, source: str | None, trial: optuna.Trial) -> Iterator[None]:
    """Within it a network is built and trained; what the trial executed is noted with it after.

    Args:
        stored: the trial's study, which keeps the digest of each file that it meets for the first time.
        source: the network's file; None for a shipped or installed architecture.
        trial: the trial.

    Raises:
        InputError: a file that was executed is another than the study keeps; the trial is not over.
    """
    study, describing = stored.spec, stored.describing
    others = [metric.source for metric in study.user_metrics if metric.source]
    known = kept_code(study, describing) if source is not None or others else {}

    def meet(file: Path, digest: str) -> None:
        if file not in known:
            KEPT_CODE.add(describing, stored_name(study, file), digest)
            known.update(kept_code(study, describing))  # with what others have met in the meantime
        if known[file] != digest:
            raise changed(file)

    with afresh(source, study.path, meet, others) as code:
        yield
        if code is None:
            return
        code.meet_others()
    kept = kept_code(study, describing)
    for file, digest in code.digests.items():
        if kept[file] != digest:
            raise changed(file)
    CODE.write(trial, {stored_name(study, file): digest for file, digest in code.digests.items()})
