"""A user's modules, imported afresh and known by what was executed."""

from __future__ import annotations

import hashlib
import importlib.util
import linecache
import os
import sys
import sysconfig
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from importlib.machinery import SourceFileLoader
from itertools import chain
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any, Self

from ablate.backends import BACKENDS
from ablate.errors import InputError, Problem
from ablate.files import file_digest

Meet = Callable[[Path, str], None]
"""Is told of a file that is about to be executed, and of its digest; may raise."""
_BACKENDS = chain(*(backend.modules for backend in BACKENDS.values()))
NOT_THE_USERS = frozenset(("__main__", "ablate", "keras", "numpy", *_BACKENDS))
"""Packages that are one for the whole process, wherever they lie."""
INSTALLED = ("site-packages", "dist-packages")
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))


def load(file: Path) -> ModuleType:
    """Imports a file, which may import its neighbours."""
    name = f"ablate_user_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    folder = str(file.parent)
    sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    return module


def afresh(
    source: str | None, study: str, meet: Meet | None = None, others: Sequence[str] = ()
) -> AbstractContextManager[UserCode | None]:
    """The user's code of one network, imported afresh; nothing where none of it is the user's.

    Args:
        source: the network's file; None for a shipped or installed architecture.
        study: the study file.
        meet: see `UserCode`.
        others: files of the user's that are executed with it, such as those of metrics.
    """
    own = [*([source] if source is not None else []), *others]
    if not own:
        return nullcontext()
    files, folder = [Path(one) for one in own], Path(study).absolute().parent
    return UserCode(files[0], (*(one.parent for one in files), folder, folder.resolve()), meet)


class UserCode:
    """All modules of the user's own that are imported within this context, and nothing of them after.

    A module is the user's where it lies below one of the folders and was not installed there. Within
    the context each is imported anew, and neither bytecode that was kept nor a later look at the
    file gets between what is digested and what is executed. The network's folder is on the path.

    Args:
        file: the network's file.
        folders: where the user's code lies.
        meet: is told of each file just before it is executed.
    """

    def __init__(self, file: Path, folders: Sequence[Path], meet: Meet | None = None) -> None:
        self.file = file
        self.digests: dict[Path, str] = {}
        """SHA-256 of each file that was executed."""
        self._folders = tuple(dict.fromkeys(str(folder / "_")[:-1] for folder in folders))
        self._meet = meet
        self._path: list[str] = []
        self._others: dict[str, ModuleType] = {}
        """Modules that were imported before, for something else."""

    def __enter__(self) -> Self:
        self._path, self._others = sys.path[:], self._take_out()
        sys.path.insert(0, str(self.file.parent))
        importlib.invalidate_caches()
        _redirect(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        SourceFileLoader.get_code = _read_code  # type: ignore[method-assign]
        sys.path[:] = self._path
        self._take_out()
        for name, module in self._others.items():
            sys.modules[name] = module
            _set_in_package(name, module)

    def holds(self, file: str) -> bool:
        """Whether a file is the user's own code."""
        return _is_own(file, self._folders)

    def met(self, file: Path, digest: str) -> None:
        """Notes a file that is executed.

        Raises:
            InputError: it was met before, and was another.
        """
        if self.digests.setdefault(file, digest) != digest:
            raise changed(file)
        if self._meet is not None:
            self._meet(file, digest)

    def meet_others(self) -> None:
        """Notes what was imported and is no Python source: it counts as it lies there now."""
        for name, module in list(sys.modules.items()):
            place = self._place(name, module)
            # What lies in an archive has the archive's digest.
            above = (place, *place.parents) if place else ()
            file = next((path for path in above if path.is_file()), None)
            if file is not None and file not in self.digests:
                self.met(file, file_digest(file))

    def _take_out(self) -> dict[str, ModuleType]:
        """Takes the user's modules out of those that are imported."""
        found = {n: m for n, m in list(sys.modules.items()) if self._place(n, m) is not None}
        for name in found:
            del sys.modules[name]
            _set_in_package(name, None)
        return found

    def _place(self, name: str, module: object) -> Path | None:
        """Where a module lies that is the user's own."""
        if name.partition(".")[0] in NOT_THE_USERS:
            return None
        for place in map(_normal, _places(module)):
            if _is_own(place, self._folders):
                return Path(place)
        return None


_read_code = SourceFileLoader.get_code
"""How Python reads a source file that it imports: by whatever way it was asked to."""


def _redirect(code: UserCode) -> None:
    """Has the user's files read by `_executed`."""

    def get_code(loader: SourceFileLoader, name: str) -> CodeType | None:
        file = os.path.normpath(Path(loader.path).absolute())
        if name.partition(".")[0] in NOT_THE_USERS or not code.holds(file):
            return _read_code(loader, name)
        return _executed(code, loader, Path(file))

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]


def _executed(code: UserCode, loader: SourceFileLoader, file: Path) -> CodeType:
    """What is executed of a file: the very bytes that were digested, read once."""
    content = file.read_bytes()
    code.met(file, hashlib.sha256(content).hexdigest())
    compiled: CodeType = loader.source_to_code(content, str(file))
    # Who asks for the source, as a traceback or `tf.function` does, is not shown a later one.
    text = importlib.util.decode_source(content)
    linecache.cache[str(file)] = len(text), None, text.splitlines(keepends=True), str(file)
    return compiled


def _places(module: object) -> list[str]:
    """Where a module lies: its file, or the folders of a package without one."""
    spec = getattr(module, "__dict__", {}).get("__spec__")  # asked so, a lazy module stays lazy
    if spec is None:
        return []
    if spec.has_location:
        return [spec.origin]
    try:
        return list(spec.submodule_search_locations or ())
    except KeyError:  # the package that it was in is gone
        return []


def changed(file: Path) -> InputError:
    """Tells of a file that is no longer the one that a study was begun with."""
    rule = "was changed while the study ran; what is finished is kept"
    hint = "put it back and run again, or ask the new question under another study.name"
    return InputError(Problem(str(file), rule, hint=hint))


def _set_in_package(name: str, module: ModuleType | None) -> None:
    """Has a module's package name it, or name it no longer."""
    package, _, own = name.rpartition(".")
    holder: Any = sys.modules.get(package)
    if holder is None:
        return
    if module is not None:
        setattr(holder, own, module)
    elif isinstance(getattr(holder, "__dict__", {}).get(own), ModuleType):
        delattr(holder, own)


@cache
def _normal(place: str) -> str:
    """A place without detours; asked for every module, in every training."""
    return os.path.normpath(place)


def _is_own(file: str, folders: tuple[str, ...]) -> bool:
    """Whether a file lies below one of the folders, and was not installed there."""
    return file.startswith(folders) and any(
        file.startswith(folder) and not _is_installed(Path(file), Path(folder))
        for folder in folders
    )


@cache
def _is_installed(file: Path, folder: Path) -> bool:
    """Whether a file below a folder belongs to Python, or to a package that was installed there."""
    between = list(file.relative_to(folder).parents)[:-1]
    return STANDARD_LIBRARY in file.parents or any(
        name.name in INSTALLED or _holds_packages(folder / name) for name in between
    )


@cache
def _holds_packages(folder: Path) -> bool:
    """Whether packages were installed into a folder, by whatever name."""
    return any(folder.glob("*.dist-info"))
