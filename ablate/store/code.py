"""The user's code that a study was begun with: a digest of each file, kept when it is first executed.

Studies of earlier versions know the network's own file only, by the digest in their spec; what it
imports is kept when they go on.
"""

from __future__ import annotations

import os
from pathlib import Path

from ablate.errors import Problem
from ablate.files import file_digest
from ablate.spec.study import StudySpec
from ablate.store.attributes import KEPT_CODE, Bearer


def stored_name(study: StudySpec, file: Path) -> str:
    """What a file of the user's code is called in the storage.

    That is its path from the folder that holds all network files of the study, so that the code may
    be moved as a whole, and the study file by itself.
    """
    try:
        return Path(os.path.relpath(file, _root(study))).as_posix()
    except ValueError:  # on another drive
        return file.as_posix()


def kept_code(study: StudySpec, described: Bearer) -> dict[Path, str]:
    """The digest of each file of a study's code, by where it lies now.

    Args:
        study: the study.
        described: its part that says what is asked.
    """
    own = {Path(a.source): a.digest for a in study.architectures if a.source and a.digest}
    if not own and not any(metric.source for metric in study.user_metrics):
        return {}
    root, kept = _root(study), KEPT_CODE.of(described)
    known = {Path(os.path.normpath(root / name)): digest for name, digest in kept.items()}
    return {**known, **own}  # a metric's file is kept as it was executed first


def code_problems(study: StudySpec, described: Bearer, hint: str) -> list[Problem]:
    """Where the user's files are no longer those that a stored study has executed.

    Nothing of them is run or imported.

    Args:
        study: the study file.
        described: the stored study's part that says what is asked.
        hint: what to do.
    """
    problems = []
    for file, digest in kept_code(study, described).items():
        if not file.is_file():
            rule = f"{file} is gone, which the study {study.name} was begun with"
            problems.append(Problem(study.path, rule, "study.search_space", hint=hint))
        elif file_digest(file) != digest:
            rule = f"{file} has changed since the study {study.name} was begun"
            problems.append(Problem(study.path, rule, "study.search_space", hint=hint))
    return problems


def _root(study: StudySpec) -> Path:
    folders = [Path(a.source).parent for a in study.architectures if a.source]
    folders = folders or [Path(one.source).parent for one in study.user_metrics if one.source]
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:  # on several drives
        return folders[0]
