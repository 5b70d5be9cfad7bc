"""`python -m ablate` with warm workers: command.py ADDRESS ARGUMENTS."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])
    from warm.workers import warm

    address = sys.argv.pop(1)
    sys.path[0] = str(Path.cwd())
    with warm(address):
        runpy.run_module("ablate", run_name="__main__", alter_sys=True)
