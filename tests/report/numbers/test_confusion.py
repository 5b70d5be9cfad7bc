"""Confusion matrices, learning curves over seeds, and what is kept of a study's origin."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from ablate.cli.data import card_text
from ablate.data.card import DataCard
from ablate.report.numbers.confusion import Confusion
from ablate.report.numbers.curves import mean_curves
from ablate.report.sections.data import _origin
from ablate.spec.study import Cell
from ablate.spec.trial import Epoch
from report.by_hand import section, texts_of

CELL = Cell(dataset="digits", variant="one")


def confusion(matrix):
    names = tuple(f"class {index}" for index in range(len(matrix)))
    return Confusion(CELL, 1, names, tuple(tuple(int(v) for v in row) for row in matrix))


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60),
)
def test_scores_of_each_class_are_those_of_scikit_learn(pairs):
    true, predicted = (np.array(values) for values in zip(*pairs, strict=True))
    matrix = metrics.confusion_matrix(true, predicted, labels=range(4))
    precision, recall, f1, images = metrics.precision_recall_fscore_support(
        true, predicted, labels=range(4), zero_division=0
    )
    found = confusion(matrix).classes
    assert [scores.precision for scores in found] == pytest.approx(precision, abs=1e-12)
    assert [scores.recall for scores in found] == pytest.approx(recall, abs=1e-12)
    assert [scores.f1 for scores in found] == pytest.approx(f1, abs=1e-12)
    assert [scores.images for scores in found] == list(images)


def test_the_most_confused_pairs_come_first():
    found = confusion([[8, 2, 0], [5, 5, 0], [1, 0, 9]])
    assert found.most_confused(2) == [
        ("class 1", "class 0", 5, 0.5),
        ("class 0", "class 1", 2, 0.2),
    ]
    assert confusion([[3, 0], [0, 3]]).most_confused(5) == []


def epochs(*losses):
    return [
        Epoch(epoch=n, loss=v, accuracy=0.5, val_loss=v, val_accuracy=0.5, seconds=1.0)
        for n, v in enumerate(losses, 1)
    ]


def test_curves_are_means_as_far_as_all_seeds_reach():
    found = mean_curves(CELL, [epochs(3.0, 1.0, 2.0), epochs(2.0, 2.0)])
    assert [value.mean for value in found.measures["val_loss"]] == [2.5, 1.5]
    assert found.best_epoch == 1.5
    assert found.seeds == 2


def test_the_best_epoch_is_that_of_what_the_search_goes_by():
    scores = [(0.90, 0.1), (0.99, 0.2), (0.95, 0.3)]
    curve = [
        Epoch(epoch=n, loss=0.1, val_loss=loss, seconds=1.0, objective=score)
        for n, (score, loss) in enumerate(scores, 1)
    ]
    assert mean_curves(CELL, [curve], sign=-1).best_epoch == 2


def test_a_report_says_how_it_is_made_again(ask):
    study = ask("[replicate]\nseeds = 2\n")
    (file,) = section(study, "Study file").elements
    assert file.text == (study.folder / "asked.toml").read_text()
    (commands,) = section(study, "How to make this again").elements
    assert commands.text == (f"$ ablate run {study.folder / 'asked.toml'}\n$ ablate report asked")


def test_a_data_card_begins_with_its_warnings(ask):
    study = ask("[replicate]\nseeds = 2\n")
    card = {
        "dataset": "digits",
        "source": "scikit-learn",
        "image": [8, 8, 1],
        "train": 10,
        "test": 4,
        "classes": 2,
        "values": [0, 1],
        "duplicates": 3,
        "leaked": 1,
        "digest": "abc",
        "warnings": ["1 of 4 test images (25.0%) are exact copies of training images"],
    }
    assert section(study, "Data") is None
    next(iter(study.stored.parts.values())).set_user_attr("cards", {"digits": card})
    texts = texts_of(section(study, "Data"))
    assert texts[0] == ("Warning: 1 of 4 test images (25.0%) are exact copies of training images.")
    assert texts[1] == "digits: scikit-learn"
    assert "8 x 8 pixels, 1 channel, values 0 to 1" in texts
    assert not any("sample" in text for text in texts), "as cards of earlier versions had it"


def test_copies_counted_on_a_sample_are_said(ask, tmp_path):
    study = ask("[replicate]\nseeds = 2\n")
    card = DataCard(
        "digits", "scikit-learn", "abc", (8, 8, 1), 3000, 2000, 2, (1500, 1500), (1000, 1000),
        (0.0, 1.0), 3, 1, (), (), sample=(1200, 800),
    )  # fmt: skip
    plain = card.as_dict()
    next(iter(study.stored.parts.values())).set_user_attr("cards", {"digits": plain})
    texts = texts_of(section(study, "Data"))
    assert "copies counted on a sample of 1,200 training and 800 test images" in texts
    assert any("1 test images (0.12%) are exact copies" in text for text in texts)
    plain = json.loads(json.dumps(plain))
    assert (
        "  sample        copies counted on a sample of 1,200 training and 800 test images"
        in card_text(plain).splitlines()
    )
    assert "sample of" not in card_text(plain | {"sample": None, "warnings": []})
    del plain["sample"]
    assert "sample of" not in card_text(plain | {"warnings": []})


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("sklearn.datasets.load_digits", "sklearn.datasets.load_digits"),
        ("data/mnist.npz (11490519 bytes, 1795620680136999080)", "data/mnist.npz"),
        ('{"file":"mine.npz","x_train":"x"} (159402 bytes, 17956)', "mine.npz"),
        ('{"file":"mine"} in /here/mine: x.npy (159 bytes, 17); y.npy (9 bytes, 18)', "mine"),
    ],
)
def test_a_data_card_says_where_images_come_from(source, shown):
    assert _origin(source) == shown
