"""What another package registers is found, checked, trained with and reported like what ships."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ablate import catalog

ROOT = Path(__file__).parents[2]
STUDY = """
[study]
name = "example"
dataset = "stripes"
search_space = "{search_space}"
[data]
images_per_class = 12
validation = 0.5
[training]
epochs = 1
[tune]
trials = 1
parameters = ["units"]
"""


@pytest.mark.parametrize(
    ("kind", "name"),
    [("datasets", "stripes"), ("architectures", "shallow"), ("report_formats", "plain")],
)
def test_the_catalog_finds_it_by_its_entry_point(example, kind, name):
    assert catalog.available(kind)[name] == f"ablate_example.{name}"
    module = catalog.load(kind, name)
    assert module.__file__ == str(example.changed / f"{name}.py")


def test_the_installed_package_is_used_by_every_command(site, tmp_path):
    text = STUDY.format(search_space=site / "ablate_example" / "shallow.toml")
    (tmp_path / "example.toml").write_text(text)
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])

    def ablate(*arguments):
        result = subprocess.run(
            [sys.executable, "-m", "ablate", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    checked = ablate("check", "example.toml")
    assert "stripes: 6 training images, 1 step an epoch" in checked
    assert "shallow (shallow)" in checked
    ablate("run", "example.toml")
    assert "report.txt" in ablate("report", "example", "--format", "plain")
    report = (tmp_path / "reports" / "example" / "report.txt").read_text()
    assert "trials: 1 complete" in report


def test_the_guide_says_how_the_example_is_made_and_checked(example, monkeypatch):
    guide = (ROOT / "docs" / "guide.md").read_text()
    (code,) = re.findall(r"```python\n(from ablate\.testing .*?)```", guide, re.DOTALL)
    (table,) = re.findall(r"```toml\n(\[project\.entry-points.*?)```", guide, re.DOTALL)
    project = tomllib.loads((ROOT / "tests" / "example_package" / "pyproject.toml").read_text())
    assert tomllib.loads(table)["project"]["entry-points"] == project["project"]["entry-points"]
    monkeypatch.chdir(example.changed.parent)
    names = {}
    exec(code, names)
    tests = [test for name, test in names.items() if name.startswith("test_")]
    assert len(tests) == 3
    for test in tests:
        test()
