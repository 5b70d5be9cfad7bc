"""When a study looks at its comparisons, and what they may differ by."""

from __future__ import annotations

import pytest

from ablate.config import load_study
from ablate.errors import InputError

STUDY = """
[study]
name         = "s"
dataset      = "digits"
search_space = "mlp"

[vary]
dropout = [0.0, 0.1{more}]

[replicate]
seeds = {seeds}
{table}
"""


def load(folder, table, seeds=12, more=""):
    (folder / "study.toml").write_text(STUDY.format(table=table, seeds=seeds, more=more))
    return load_study(folder / "study.toml")


@pytest.mark.parametrize(
    ("table", "looks"),
    [
        ("looks = true", (6, 8, 10, 12)),
        ("looks = [7, 12]", (7, 12)),
        ("looks = [6, 9]", (6, 9)),
        ("looks = false", ()),
        ("", ()),
    ],
)
def test_looks_are_read(tmp_path, table, looks):
    study = load(tmp_path, table)
    assert study.looks == looks
    assert len(study.seeds) == 12


def test_what_is_left_out_is_no_part_of_the_question(tmp_path):
    assert load(tmp_path, "looks = false").question() == load(tmp_path, "").question()
    assert load(tmp_path, "looks = true").question() != load(tmp_path, "").question()
    assert load(tmp_path, "margin = 0.5").question() != load(tmp_path, "").question()
    assert "looks" not in load(tmp_path, "").replicate.model_dump()


@pytest.mark.parametrize(
    ("table", "seeds", "more", "told"),
    [
        (
            "looks = true",
            6,
            "",
            "replicate.looks: the first look at 1 comparison takes 6 seeds, and more must follow, found 6; "
            "set replicate.seeds to 8 or more",
        ),
        (
            "looks = [8, 8]",
            12,
            "",
            "replicate.looks: must be numbers of seeds, each larger than the one before, found [8, 8]",
        ),
        (
            "looks = [8, 14]",
            12,
            "",
            "replicate.looks: the last look is after 14 seeds, and there are 12, found [8, 14]",
        ),
        (
            "looks = [5, 12]",
            12,
            "",
            "replicate.looks: a look after 5 seeds can decide nothing, of 1 comparison, found [5, 12]; the "
            "first that can is after 6 or more",
        ),
        (
            "looks = [7, 12]",
            12,
            ", 0.2, 0.3, 0.4",
            "replicate.looks: a look after 7 seeds can decide nothing, of 4 comparisons, found [7, 12]; the "
            "first that can is after 8 or more",
        ),
        (
            'margin = "1 sd"',
            12,
            "",
            'replicate.margin: must be a number, found "1 sd"',
        ),
        ("margin = 0", 12, "", "replicate.margin: must be above 0.0, found 0"),
    ],
)
def test_what_cannot_be_is_told(tmp_path, table, seeds, more, told):
    with pytest.raises(InputError) as raised:
        load(tmp_path, table, seeds, more)
    found = [str(p).removeprefix(f"{tmp_path}/study.toml: ") for p in raised.value.problems]
    assert found == [told]


def test_folds_are_judged_once(tmp_path):
    (tmp_path / "study.toml").write_text(
        STUDY.format(table="looks = true", seeds=12, more="").replace("seeds = 12", "folds = 10")
    )
    with pytest.raises(InputError, match=r"replicate.looks: folds are judged once"):
        load_study(tmp_path / "study.toml")


@pytest.mark.parametrize(
    ("table", "tune", "told"),
    [
        (
            'searches = "each"',
            "",
            "replicate.searches: says how often each variant is searched for, and nothing is tuned, found "
            '"each"; leave it out',
        ),
        (
            "searches = 5",
            "[tune]\ntrials = 2\nparameters = ['units_1']\n",
            "replicate.searches: the 12 seeds cannot be dealt out to them evenly, found 5",
        ),
        (
            "searches = 4\nlooks = true",
            "[tune]\ntrials = 2\nparameters = ['units_1']\n",
            "replicate.looks: looks fall on whole searches, and seeds share 4; set replicate.searches to "
            '"each", or leave looks out',
        ),
    ],
)
def test_searches_that_cannot_be_are_told(tmp_path, table, tune, told):
    (tmp_path / "study.toml").write_text(STUDY.format(table=table, seeds=12, more="") + tune)
    with pytest.raises(InputError) as raised:
        load_study(tmp_path / "study.toml")
    found = [str(p).removeprefix(f"{tmp_path}/study.toml: ") for p in raised.value.problems]
    assert found == [told]
