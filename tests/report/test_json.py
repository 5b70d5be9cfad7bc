"""The JSON report, and the schema that describes it."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import math
from pathlib import Path

import jsonschema
import pytest

from ablate.report.formats import json as json_format
from ablate.report.formats._base import Page
from ablate.report.report import Report

from .stored import HOSTILE, report_and_document

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "report_schema.json").read_text())
ELSEWHERE = {
    "tuned": "hyperparameters of each trial",
    "tradeoff": "on_front of each trial",
    "top": "about what is shown",
    "shown_confusions": "chosen from the confusions of the variants",
    "figures": "drawn from the same numbers",
    "only_search": "importance is computed from it",
    "storage": "where its files lie",
    "is_judged": "of a table that was judged nothing else is there",
}
"""Fields of a `Report` that are not fields of the JSON form, and where their content is."""


def strict(text):
    """What JSON without NaN and Infinity says."""

    def refuse(name):
        raise ValueError(name)

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("study", ["compared", "factorial", "tuned"])
def test_a_report_keeps_to_the_schema(written, study):
    found = strict((written[study] / "report.json").read_text())
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    assert found["schema_version"] == 1
    assert found["spec"]["name"] == HOSTILE


def test_numbers_are_those_of_the_report_unrounded(places, written):
    report, _ = report_and_document(places["compared"])
    found = strict((written["compared"] / "report.json").read_text())
    rows = {row["variant"]: row for row in found["ablation"]["blocks"][0]["rows"]}
    for row in report.ablation.blocks[0].rows:
        for metric, interval in row.scores.items():
            assert rows[row.variant]["scores"][metric] == dataclasses.asdict(interval)
        for metric, comparison in row.comparisons.items():
            told = json.loads(json.dumps(dataclasses.asdict(comparison)))
            assert rows[row.variant]["comparisons"][metric] == told
    assert found["phases"][0]["counts"] == {"complete": 24, "missing": 8}
    assert len(found["trials"]) == len(report.trials) == 40
    assert found["reasons"] == dict(report.reasons)


def test_trials_say_what_they_are(places, written):
    report, _ = report_and_document(places["tuned"])
    trials = strict((written["tuned"] / "report.json").read_text())["trials"]
    front = set(report.tradeoff[report.tradeoff["pareto"]]["number"])
    assert {trial["number"] for trial in trials if trial["on_front"]} == front
    assert trials[0]["hyperparameters"]["kind"] == HOSTILE
    assert "val_loss" not in trials[3]["measures"]
    assert trials[3]["outcome"] == "failed"
    table = report.trials.set_index("number")
    for trial in trials:
        for name, value in trial["measures"].items():
            assert value == table.loc[trial["number"], name]


def test_what_is_not_finite_is_null(places):
    report, document = report_and_document(places["tuned"])
    search = dataclasses.replace(report.searches[0], expected=(math.inf, math.nan, 0.5))
    report = dataclasses.replace(report, searches=(search,))
    found = strict(json_format.render(report, document, Page())["report.json"])
    assert found["searches"][0]["expected"] == [None, None, 0.5]
    jsonschema.Draft202012Validator(SCHEMA).validate(found)


def test_no_place_on_this_machine_is_told(places, written):
    for name, place in places.items():
        assert str(Path(place.url).parent.parent) not in (written[name] / "report.json").read_text()


def test_nothing_of_a_report_is_forgotten():
    fields = {field.name for field in dataclasses.fields(Report)}
    assert fields - set(json_format.JsonReport.model_fields) == set(ELSEWHERE)


def test_the_schema_is_that_of_the_code():
    spec = importlib.util.spec_from_file_location("make_schema", DOCS / "make_schema.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (DOCS / "report_schema.json").read_text() == module.schema_text(), "run: make docs"
