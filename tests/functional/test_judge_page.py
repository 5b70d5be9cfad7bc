"""What docs/judge.md shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "judge.md").read_text()


def test_the_page_can_be_followed(project):
    (project.folder / "results.csv").write_text(re.search("```csv\n(.*?)```", PAGE, re.DOTALL)[1])
    command, *shown = re.search(r"```console\n\$ (.*?)```", PAGE, re.DOTALL)[1].splitlines()
    found = project.ablate(*command.split()[1:])
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[: len(shown)] == shown
    script = re.search("```python\n(.*?)```", PAGE, re.DOTALL)[1]
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=project.folder, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    assert "better" in told.stdout
    html = project.ablate(*command.split()[1:], "--format", "html,markdown")
    assert html.returncode == 0, html.stderr
    assert (project.folder / "reports" / "results" / "differences.svg").is_file()
