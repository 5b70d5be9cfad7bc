"""The example package, installed as a user's own would be, and its modules with faults."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "example_package"
PACKAGE = "ablate_example"


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """A folder in which the example package is installed, without network."""
    source, site = tmp_path_factory.mktemp("source") / "package", tmp_path_factory.mktemp("site")
    shutil.copytree(SOURCE, source)  # setuptools writes beside what it builds
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    own = ["--no-build-isolation", "--disable-pip-version-check", "--target", str(site)]
    result = subprocess.run([*pip, *own, str(source)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return site


@dataclass(frozen=True)
class Example:
    """The installed package, and a copy of it that comes before it."""

    site: Path
    changed: Path

    @property
    def search_space(self) -> Path:
        return self.changed / "shallow.toml"

    def change(self, file: str, old: str, new: str) -> None:
        """Replaces a text in one of its files, which must hold it once."""
        path = self.changed / file
        text = path.read_text()
        assert text.count(old) == 1, f"{file} holds {text.count(old)} times: {old}"
        path.write_text(text.replace(old, new))
        forget()


def forget():
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def example(site, tmp_path, monkeypatch):
    """Its modules are imported anew in each test."""
    changed = tmp_path / "changed" / PACKAGE
    shutil.copytree(site / PACKAGE, changed, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # files change within a second
    monkeypatch.syspath_prepend(site)
    monkeypatch.syspath_prepend(changed.parent)
    forget()
    yield Example(site, changed)
    forget()
