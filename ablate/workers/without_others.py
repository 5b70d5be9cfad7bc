"""Workers do without the backend that they have no use for, unless the user's code asks for it."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from ablate.backends import BACKENDS


def do_without_others(backend: str) -> None:
    """Lets nobody but the user's code import what this backend has no use for, in this process."""
    own = BACKENDS.get(backend)
    if own is not None and not any(isinstance(one, _Without) for one in sys.meta_path):
        sys.meta_path[:] = [_Without(finder, own.useless) for finder in sys.meta_path]


class _Without:
    """A finder of modules that does not find one, but for the user's code and what that imports."""

    def __init__(self, finder: Any, useless: str) -> None:
        self._finder, self._useless = finder, useless

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] == self._useless and not _is_for_user():
            return None
        found: ModuleSpec | None = self._finder.find_spec(name, path, target)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finder, name)  # it finds packages' metadata, too


def _is_for_user() -> bool:
    """Whether the user's code imports, or a package that it imports, and not Keras by itself."""
    files = list(_files(sys._getframe(1)))
    return bool(files) and not _is_below(files[0], KERAS) and any(map(_is_users, files))


def _files(frame: FrameType | None) -> Iterator[str]:
    """The files of the calls under way, the last one first, without those of importing itself."""
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith("<") and file != __file__:
            yield os.path.realpath(file)
        frame = frame.f_back


def _is_users(file: str) -> bool:
    return not any(_is_below(file, folder) for folder in INSTALLED)


def _is_below(file: str, folder: str) -> bool:
    return file.startswith(folder + os.sep)


_PURE = os.path.realpath(sysconfig.get_path("purelib"))
KERAS = str(Path(_PURE) / "keras")
INSTALLED = tuple(
    {
        _PURE,
        os.path.realpath(sysconfig.get_path("platlib")),
        os.path.realpath(sysconfig.get_path("stdlib")),
        os.path.realpath(Path(__file__).parents[1]),
    }
)
"""Where nothing of the user's lies: packages, Python's own modules, and ablate."""
