"""What a worker keeps at hand is still what its files say."""

from __future__ import annotations

from pathlib import Path

import pytest

from ablate.errors import InputError
from ablate.spec.data import DataSettings
from ablate.workers.at_hand import AtHand

ROWS = "".join(f"{n},{n % 7},{2 * n}\n" for n in range(40))


def settings(folder):
    options = {"file": "a.csv", "target": ("price",)}
    from ablate.datasets import csv

    written = csv.Options.model_validate(options).model_dump()
    return DataSettings(
        dataset="csv", task="regression", folder=str(folder), options=written, validation=0.25
    )


def test_a_file_that_changes_in_mid_run_is_said(tmp_path):
    file, cache = tmp_path / "a.csv", tmp_path / "cache"
    file.write_text("area,rooms,price\n" + ROWS)
    at_hand = AtHand()
    asked = settings(tmp_path)
    found = at_hand.prepared(asked, cache)
    assert at_hand.prepared(asked, cache) is found
    file.write_text("area,rooms,price\n" + ROWS + "1,2,3\n")
    with pytest.raises(InputError) as caught:
        at_hand.prepared(asked, cache)
    assert str(caught.value) == (
        "csv: its files were changed while the study ran; what is finished is kept; put them back "
        "and run again, or ask the new question under another study.name"
    )
    file.unlink()
    with pytest.raises(InputError, match="there is no such file"):
        at_hand.prepared(asked, cache)


def test_what_a_function_made_is_not_made_again(tmp_path):
    file = tmp_path / "mine.py"
    code = (
        "import numpy\n"
        "def load_data():\n"
        "    part = numpy.arange(40.0).reshape(20, 2), numpy.arange(20) % 2\n"
        "    return part, part\n"
    )
    file.write_text(code)
    asked = DataSettings(dataset="mine.py:load_data", folder=str(tmp_path), validation=0.25)
    at_hand = AtHand()
    found = at_hand.prepared(asked, Path(tmp_path / "cache"))
    (tmp_path / "other.py").write_text("print('hello')\n")
    assert at_hand.prepared(asked, Path(tmp_path / "cache")) is found
