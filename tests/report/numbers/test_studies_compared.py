"""The best variants of several studies in one table."""

from __future__ import annotations

import pytest
from optuna.storages import InMemoryStorage

from ablate.errors import InputError
from ablate.report.numbers.studies_compared import (
    compare_studies,
    comparison_document,
    data_sets_apart,
)
from ablate.store.attributes import DATA
from ablate.store.studies import write_cards
from report.by_hand import ByHand

TABLES = "[vary]\nunits = [4, 16]\n[replicate]\nseeds = 2\n"


@pytest.fixture
def storage():
    return InMemoryStorage()


def made(project, storage, name, tables=TABLES, **more):
    return ByHand(project.folder, tables, name=name, storage=storage, **more)


def finished(study, accuracies):
    for variant, accuracy in accuracies.items():
        study.replicates(variant, [accuracy, accuracy + 0.02])
    return study


def test_the_best_variant_of_each_study_is_shown(project, storage):
    one = finished(made(project, storage, "one"), {"units=16": 0.9, "units=4": 0.8})
    other = finished(made(project, storage, "other"), {"units=16": 0.7})
    rows = compare_studies([one.stored, other.stored])
    assert [(row.study, row.row.variant) for row in rows] == [
        ("one", "units=16"),
        ("other", "units=16"),
    ]
    (table, note) = comparison_document(rows).sections[0].elements
    assert table.caption == "Data set digits"
    assert [row[3] for row in table.rows] == ["0.9100 ± 0.1271", "0.7100 ± 0.1271"]
    assert [row[-2] for row in table.rows] == ["*", ""], "the same cost, and worse"
    assert "not chosen by its test scores" in note.text


def test_the_best_is_chosen_on_the_validation_set(project, storage):
    study = made(project, storage, "one")
    study.replicate("units=16", 1, 0.9)
    study.replicate("units=4", 1, 0.95)
    # Both have the same validation loss by hand: the first of the study is taken, whatever the test.
    (row,) = compare_studies([study.stored])
    assert row.row.variant == "units=16"


def note_of(rows):
    return comparison_document(rows).sections[0].elements[-1].text


def test_the_best_is_that_of_the_objective_and_the_note_says_so(project, storage):
    loss = made(project, storage, "loss")
    accuracy = made(project, storage, "accuracy", objective="val_accuracy")
    for study in (loss, accuracy):
        study.replicate("units=16", 1, 0.9, value=0.4)
        study.replicate("units=4", 1, 0.95, value=0.7)
    rows = compare_studies([loss.stored, accuracy.stored])
    assert [row.row.variant for row in rows] == ["units=16", "units=4"]
    assert note_of(rows[:1]).startswith(
        "Of each study the variant with the lowest mean validation loss over its seeds is shown: it"
    )
    assert note_of(rows[1:]).startswith(
        "Of each study the variant with the highest mean validation accuracy over its seeds is shown: "
    )
    assert note_of(rows).startswith(
        "Of each study the variant with the best mean of its objective over its seeds (loss: the lowest "
        "validation loss; accuracy: the highest validation accuracy) is shown: it was not "
    )


def test_different_test_sets_are_refused(project, storage):
    one = finished(made(project, storage, "one"), {"units=16": 0.9})
    other = finished(made(project, storage, "other"), {"units=16": 0.9})
    DATA.write(next(iter(other.stored.parts.values())), {"digits": "1"})
    said = (
        "ablate compare: the studies tested on different digits {noun} (one: 0, all of each class; "
        "other: 1, all of each class); scores on different {noun} do not compare; run one of them "
        "again with the data of the other"
    )
    for cards, noun in (
        ({}, "examples"),
        ({"digits": {"image": [8, 8, 1]}}, "images"),
        ({"digits": {"image": [64]}}, "rows"),
    ):
        write_cards(one.stored, cards)
        with pytest.raises(InputError) as caught:
            compare_studies([one.stored, other.stored])
        assert str(caught.value) == said.format(noun=noun)


def test_studies_without_a_common_data_set_are_refused(project, storage):
    one = made(project, storage, "one")
    other = made(project, storage, "other", datasets=("line",))
    with pytest.raises(InputError, match="the studies share no data set") as caught:
        compare_studies([one.stored, other.stored])
    assert str(caught.value).endswith("(one: digits; other: line)")


def test_a_study_without_replicates_is_named(project, storage):
    one = made(project, storage, "one")
    with pytest.raises(InputError) as caught:
        compare_studies([one.stored])
    assert str(caught.value) == (
        f"one: has no complete replicate; give it [replicate], and run it: ablate run {one.spec.path}"
    )


def test_data_sets_that_not_all_have_are_named(project, storage):
    one = finished(made(project, storage, "one"), {"units=16": 0.9})
    other = made(project, storage, "other", datasets=("digits", "line"))
    other.replicate("units=16", 1, 0.8)
    assert data_sets_apart([one.stored, one.stored]) == []
    apart = data_sets_apart([one.stored, other.stored])
    document = comparison_document(compare_studies([one.stored, other.stored]), apart)
    texts = [e.text for e in document.sections[0].elements if hasattr(e, "text")]
    assert texts[0] == "Left out, not in all of the studies: line."


def test_measures_of_ones_own_are_shown(project, storage):
    (project.folder / "own.py").write_text("def one(y_true, y_pred):\n    return 1.0\n")
    own = '[metrics.mine]\nfunction = "own.py:one"\nmode = "max"\n'
    plain = finished(made(project, storage, "plain"), {"units=16": 0.9})
    asked = made(project, storage, "asked", TABLES + own)
    asked.replicate("units=16", 1, 0.9, test_mine=0.25)
    rows = compare_studies([plain.stored, asked.stored])
    (table, _) = comparison_document(rows).sections[0].elements
    column = [column.heading for column in table.columns].index("mine")
    assert [row[column] for row in table.rows] == ["-", "0.2500"]
