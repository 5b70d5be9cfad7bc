"""What a report says where batch norm's averages lagged, on replicates that are written by hand."""

from __future__ import annotations

import json

from ablate.report.formats import json as json_format
from ablate.report.formats._base import Page
from ablate.report.sections import make_document
from report.by_hand import answer_of, rows_of, section, texts_of

TWO = "[training]\nepochs = 10\n{}[vary]\nunits = [4, 8, 16]\n[replicate]\nseeds = 8\n"
TUNE = "[tune]\ntrials = 3\nlearning_rate = { low = 1e-4, high = 1e-1, log = true }\n"
BASE = [0.90, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97]
LOWER = [value - 0.1 + 0.001 * index for index, value in enumerate(BASE)]
TITLE = "Differences to units=16"


def averages(steps, momentum=0.99, best=10, epochs=10):
    found = {"momentum": momentum, "steps": steps}
    return {"moving_averages": found, "best_epoch": best, "epochs": epochs}


def asked(ask, training="", **lags):
    study = ask(TWO.format(training))
    for units in (4, 8, 16):
        lag = lags.get(f"units_{units}", {})
        study.replicates(f"units={units}", BASE if units == 16 else LOWER, **lag)
    return study


def told(study):
    rows = {row["variant"]: row for row in rows_of(section(study, TITLE))}
    texts = [text for text in texts_of(section(study, TITLE)) if "averages" in text]
    return {name: row.get("batch norm") for name, row in rows.items()}, texts


def test_it_stands_beside_the_verdict_that_it_touches(ask):
    study = asked(ask, units_4=averages(4, best=5), units_8=averages(100))
    cells, texts = told(study)
    assert cells == {
        "units=4": "averages lag: 82 % of their start",
        "units=8": "averages lagged in epoch 1 to 2",
    }
    assert texts[:2] == [
        "units=4: batch norm's moving averages lagged in all 10 epochs; those that were tested held "
        "82 % of their start",
        "units=8: batch norm's moving averages lagged in the first 2 of 10 epochs",
    ]
    assert 'Set batch_norm_averages = "recalibrated" under [training]' in texts[2]
    assert answer_of(study)[0].endswith(
        " But batch norm's moving averages still lagged when units=4 was tested: such a verdict may "
        "be theirs."
    )


def test_which_epoch_is_tested_counts(ask):
    """Of 10 epochs of 100 steps the last tests with settled averages, the best with what it had."""
    best = asked(ask, units_4=averages(100, best=1), units_8=averages(200))
    assert told(best)[0] == {
        "units=4": "averages lag: 37 % of their start",
        "units=8": "averages lagged in epoch 1",
    }
    assert "units=8: batch norm's moving averages lagged in the first of 10 epochs" in told(best)[1]


def test_with_the_last_weights_it_is_the_last_epoch(ask):
    last = asked(ask, 'checkpoint = "last"\n', units_4=averages(100, best=1))
    assert told(last)[0]["units=4"] == "averages lagged in epoch 1 to 2"
    assert "lagged when" not in answer_of(last)[0]


def test_a_baseline_that_lagged_is_named_too(ask):
    study = asked(ask, units_16=averages(4))
    cells, texts = told(study)
    assert cells == {"units=4": None, "units=8": None}
    assert texts[0].startswith("units=16: batch norm's moving averages lagged in all 10 epochs; ")
    assert "lagged when units=16 was tested" in answer_of(study)[0]


def test_nothing_is_said_where_nothing_lagged(ask):
    study = asked(ask, units_4=averages(299), units_8=averages(5, momentum=0.5))
    assert told(study) == ({"units=4": None, "units=8": None}, [])
    report = study.report()
    found = json_format.render(report, make_document(report), Page(100))["report.json"]
    assert '"lag"' not in found
    assert "batch_norm_averages" not in found


def test_the_json_report_holds_it(ask):
    study = asked(ask, 'batch_norm_averages = "moving"\n', units_4=averages(4, best=5))
    report = study.report()
    text = json_format.render(report, make_document(report), Page(100))["report.json"]
    rows = {row["variant"]: row for row in json.loads(text)["ablation"]["blocks"][0]["rows"]}
    assert rows["units=4"]["lag"] == {"epochs": 10, "trained": 10, "tested": 0.99**20}
    assert "lag" not in rows["units=8"]


def test_a_variant_alone_is_told_of(ask):
    study = ask("[training]\nepochs = 10\n[replicate]\nseeds = 2\n")
    study.replicates("space", BASE[:2], **averages(4))
    assert "lagged when space was tested" in answer_of(study)[0]
    assert any("82 %" in text or "67 %" in text for text in texts_of(section(study, "Variants")))


def test_a_search_that_saw_the_lag_says_so(ask):
    study = ask(TUNE)
    for index in range(3):
        more = {"moving_averages": {"momentum": 0.99, "steps": 4}} if index else {}
        study.trial("space", 0.1, **more)
    told = [text for text in texts_of(section(study, "Trade-off")) if "averages" in text]
    assert told == [
        "2 of 3 trials were validated, in their first epoch at least, with moving averages of batch "
        "norm that lag: pruner and selection saw that lag. Set batch_norm_averages = "
        '"recalibrated" under [training] and search again.'
    ]
