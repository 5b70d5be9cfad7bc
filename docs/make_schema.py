"""Writes docs/report_schema.json from the records that a JSON report is made of. Run it with ``make docs``."""

from __future__ import annotations

import json
from pathlib import Path

from ablate.report.formats.json import json_schema

TARGET = Path(__file__).parent / "report_schema.json"


def schema_text() -> str:
    """The schema, as the file holds it."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(schema_text())
