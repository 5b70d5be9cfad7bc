"""Where studies are kept: Optuna's storage, its artifacts, and their mending after a crash."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from optuna import (
    artifacts,
    create_study,
    delete_study,
    exceptions,
    get_all_study_summaries,
    load_study,
    logging,
)
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalFileSymlinkLock

from ablate.errors import InputError, Problem, shown
from ablate.files import replacing
from ablate.spec import StudySpec

if TYPE_CHECKING:
    from optuna import Study

METRIC = "val_loss"
QUESTION, DATA, DESCRIPTION, TRIALS = "question", "data", "description", "trials"


@dataclass(frozen=True)
class StoragePlace:
    """Where a storage is: a journal file, or the URL of a database."""

    url: str

    @property
    def is_database(self) -> bool:
        """Whether it is a database and not a journal file."""
        return "://" in self.url

    @property
    def folder(self) -> Path:
        """The folder for artifacts, logs and prepared data."""
        return Path("runs") if self.is_database else Path(self.url).parent

    @property
    def artifacts(self) -> Path:
        """The folder of the artifact store."""
        return self.folder / "artifacts"

    @property
    def cache(self) -> Path:
        """The folder of prepared data sets."""
        return self.folder / "data"

    @property
    def logs(self) -> Path:
        """The folder of the workers' logs."""
        return self.folder / "logs"

    def check(self) -> None:
        """Makes sure, without changing anything, that the storage can be opened for writing.

        Raises:
            InputError: it is a folder, not ours, or cannot be written.
        """
        if self.is_database:
            return
        path = Path(self.url)
        where = f"storage {path}"
        if path.is_dir():
            raise InputError(
                Problem(where, "is a folder; name a file, for example runs/ablate.journal")
            )
        if path.exists():
            self._check_content(path, where)
            if not os.access(path, os.W_OK):
                raise InputError(Problem(where, "cannot be written: it is read-only"))
        nearest = next(folder for folder in path.absolute().parents if folder.exists())
        if not nearest.is_dir():
            raise InputError(Problem(where, f"{nearest} is not a folder"))
        if not os.access(nearest, os.W_OK):
            raise InputError(Problem(where, f"the folder {nearest} cannot be written"))

    @staticmethod
    def _check_content(path: Path, where: str) -> None:
        try:
            with path.open("rb") as file:
                first = file.readline(65536)
        except OSError as error:
            raise InputError(Problem(where, f"cannot be read: {error.strerror}")) from error
        if first.endswith(b"\n") and not _is_record(first):
            raise InputError(Problem(where, "is not an Optuna journal", hint="name another file"))


def open_storage(place: StoragePlace) -> BaseStorage:
    """Opens a storage, made when it is absent; a journal's torn last line is mended first.

    Raises:
        InputError: the storage cannot be opened.
    """
    logging.set_verbosity(logging.WARNING)
    if place.is_database:
        try:
            return RDBStorage(place.url)
        except Exception as error:
            rule = f"cannot be opened: {str(error).splitlines()[0]}"
            raise InputError(Problem("storage", rule)) from error
    place.check()
    path = Path(place.url)
    path.parent.mkdir(parents=True, exist_ok=True)
    mend_torn_line(path)
    return JournalStorage(JournalFileBackend(str(path), lock_obj=_lock(path)))


def open_existing(place: StoragePlace) -> BaseStorage:
    """Opens a storage to read what is in it.

    Raises:
        InputError: there is none yet.
    """
    if not place.is_database and not Path(place.url).exists():
        rule = "there is no such file: nothing has been run here yet"
        hint = "run a study first, for example: ablate run smoke"
        raise InputError(Problem(f"storage {place.url}", rule, hint=hint))
    return open_storage(place)


def mend_torn_line(path: Path) -> bool:
    """Ends a journal's last line that a crash cut off, or removes what is left of it.

    Returns:
        Whether there was one.
    """
    if not path.exists() or _ends_well(path):
        return False
    lock = _lock(path)
    lock.acquire()
    try:
        if _ends_well(path):
            return False
        with path.open("r+b") as file:
            content = file.read()
            start = content.rfind(b"\n") + 1
            if _is_record(content[start:]):
                file.write(b"\n")
            else:
                file.truncate(start)
            file.flush()
            os.fsync(file.fileno())
        return True
    finally:
        lock.release()


def mend_journal(place: StoragePlace) -> bool:
    """Mends a journal after one of its writers was killed; a database mends itself."""
    return not place.is_database and mend_torn_line(Path(place.url))


class ArtifactStore(artifacts.FileSystemArtifactStore):
    """A folder of artifacts, each written whole or not at all."""

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Writes an artifact beside its place, then renames it."""
        with replacing(self._get_filepath(artifact_id)) as file:
            shutil.copyfileobj(content_body, file)


def study_names(storage: BaseStorage) -> list[str]:
    """The names of all studies, the one with the latest trial first."""
    summaries = get_all_study_summaries(storage)
    summaries.sort(key=lambda s: s.datetime_start.timestamp() if s.datetime_start else 0.0)
    return [summary.study_name for summary in reversed(summaries)]


def find_study(storage: BaseStorage, name: str) -> Study | None:
    """The Optuna study of a name; None where there is none."""
    try:
        return load_study(study_name=name, storage=storage)
    except KeyError:
        return None


def check_question(optuna_study: Study, study: StudySpec, data_digest: str | None = None) -> None:
    """Makes sure that a stored study asks what the study file asks.

    Args:
        optuna_study: the stored study.
        study: the study file.
        data_digest: the digest of its images, where it is known already.

    Raises:
        InputError: it asks something else; holds every difference.
    """
    attributes = optuna_study.user_attrs
    if QUESTION not in attributes:
        rule = f"the storage holds a study {study.name} that was not made by ablate"
        raise InputError(Problem(study.path, rule, "study.name", hint="rename yours"))
    old, new = _flat(attributes[QUESTION]), _flat(study.question())
    remedy = "rename the study to keep both, or run with --fresh to delete the old one's trials"
    problems = []
    for key in sorted(old.keys() | new.keys()):
        then, now = old.get(key), new.get(key)
        if then == now:
            continue
        rule = f"the stored study {study.name} has {shown(then)}, this file has {shown(now)}"
        if key == "architecture_digest" and then and now:  # two hashes would tell nobody anything
            source = study.architecture_source
            rule = f"{source} has changed since the study {study.name} was begun"
        where = "study.search_space" if key == "architecture_digest" else key
        problems.append(Problem(study.path, rule, where, hint=remedy))
    if not problems and data_digest is not None and attributes.get(DATA) != data_digest:
        rule = f"the images are not those that the stored study {study.name} was trained on"
        problems.append(Problem(study.path, rule, "study.dataset", hint=remedy))
    if problems:
        raise InputError(*problems)


def is_undescribed(optuna_study: Study) -> bool:
    """Whether a study was made but does not say yet what it asks: new, or cut off in between."""
    return set(optuna_study.user_attrs) <= {DATA} and not optuna_study.get_trials(deepcopy=False)


def open_study(storage: BaseStorage, study: StudySpec, data_digest: str) -> Study:
    """The Optuna study of a spec, made when it is absent.

    Raises:
        InputError: a stored study of that name asks something else.
    """
    found = find_study(storage, study.name)
    if found is None:
        found = create_study(study_name=study.name, storage=storage, direction="minimize")
    if is_undescribed(found):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", exceptions.ExperimentalWarning)
            found.set_metric_names([METRIC])
        found.set_user_attr(DATA, data_digest)
        found.set_user_attr(QUESTION, study.question())
    check_question(found, study, data_digest)
    for key, value in ((DESCRIPTION, study.description), (TRIALS, study.tune.trials)):
        if found.user_attrs.get(key) != value:
            found.set_user_attr(key, value)
    return found


def remove_study(storage: BaseStorage, name: str, store: ArtifactStore) -> None:
    """Deletes a study, its trials and their artifacts, where there is one."""
    found = find_study(storage, name)
    if found is None:
        return
    metas = [
        meta
        for trial in found.get_trials(deepcopy=False)
        for meta in artifacts.get_all_artifact_meta(trial, storage=storage)
    ]
    delete_study(study_name=name, storage=storage)
    for meta in metas:
        try:
            store.remove(meta.artifact_id)
        except artifacts.exceptions.ArtifactNotFound:
            continue


def _lock(path: Path) -> JournalFileSymlinkLock | JournalFileOpenLock:
    # Symbolic links need a privilege on Windows.
    return JournalFileOpenLock(str(path)) if os.name == "nt" else JournalFileSymlinkLock(str(path))


def _ends_well(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _is_record(line: bytes) -> bool:
    try:
        record = json.loads(line)
    except ValueError:
        return False
    return isinstance(record, dict) and "op_code" in record


def _flat(value: object, prefix: str = "") -> dict[str, object]:
    """Nested tables as dotted keys; lists of named tables by their names."""
    if (
        isinstance(value, list)
        and value
        and all(isinstance(v, dict) and "name" in v for v in value)
    ):
        value = {cast("dict[str, object]", item)["name"]: item for item in value}
    if not isinstance(value, dict):
        return {prefix: value}
    flat: dict[str, object] = {}
    for key, inner in value.items():
        flat |= _flat(inner, f"{prefix}.{key}" if prefix else str(key))
    return flat
