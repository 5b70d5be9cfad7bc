"""An installed wheel works from any empty folder."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    return next(out.glob("keras_ablate-*.whl"))


def test_every_package_and_file_is_in_the_wheel(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "ablate").rglob("*.py")}
    for folder in ("studies", "search_spaces"):
        files = [*(ROOT / folder).glob("*.toml"), *(ROOT / folder).glob("*.py")]
        sources |= {f"ablate/{folder}/{path.name}" for path in files}
    template = {f"ablate/report/formats/report.{kind}" for kind in ("html.jinja", "css", "js")}
    assert sources | template | {"ablate/py.typed"} <= names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"ablate"}


def test_the_dependencies_are_those_of_the_design_page():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    design = (ROOT / "docs" / "design.md").read_text()
    for requirement in project["dependencies"]:
        name = requirement.split(">")[0]
        assert f"| {name} |" in design, f"docs/design.md gives no reason for {name}"


def test_the_wheel_runs_from_an_empty_folder(wheel, tmp_path):
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    site = next(environment.glob("lib/python*/site-packages"))
    # The dependencies are those of this environment; ablate itself is the wheel's.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    subprocess.run(
        [str(environment / "bin" / "pip"), "install", "-q", "--no-deps", "--no-index", str(wheel)],
        check=True,
        capture_output=True,
    )
    folder = tmp_path / "empty"
    folder.mkdir()

    def ablate(*arguments):
        return subprocess.run(
            [str(environment / "bin" / "ablate"), *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=200,
        )

    where = subprocess.run(
        [str(environment / "bin" / "python"), "-c", "import ablate; print(ablate.__file__)"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert str(site) in where.stdout
    assert ablate("check").returncode == 0
    run = ablate("run", "smoke")
    assert run.returncode == 0, run.stderr
    report = ablate("report", "smoke")
    assert report.returncode == 0, report.stderr
    outcomes = re.findall(r"(\d) (?:complete|pruned)", report.stdout.splitlines()[2])
    assert sum(map(int, outcomes)) == 6
    assert {path.name for path in folder.iterdir()} == {"runs", "reports"}
    assert {path.name for path in (folder / "reports" / "smoke").iterdir()} == {
        "report.html",
        "report.md",
        "trials.csv",
        "tradeoff.svg",
        "learning_curves.svg",
        "search_history.svg",
    }
