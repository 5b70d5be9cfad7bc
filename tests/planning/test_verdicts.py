"""What is said of studies that ask for too little to judge their variants by."""

from __future__ import annotations

import pytest

from ablate import catalog
from ablate.config import find_study, load_study
from ablate.planning.verdicts import can_judge, verdict_warning

STUDY = """
[study]
name         = "s"
dataset      = "digits"
search_space = "baseline"
{vary}
[replicate]
{replicate}
"""
TWO = "[vary]\nbatch_norm = [true, false]\n"
THREE = "[vary]\nfilters = [8, 16, 32]\n"
TUNE = '[tune]\ntrials = 3\nparameters = ["dropout"]\n'
NONE_TOLD = "no difference, however large, can be told from chance"


@pytest.fixture
def read(tmp_path):
    def reading(vary, replicate):
        path = tmp_path / "study.toml"
        path.write_text(STUDY.format(vary=vary, replicate=replicate))
        return load_study(path, ())

    return reading


@pytest.mark.parametrize(
    ("vary", "replicate", "said"),
    [
        (
            THREE,
            "seeds = 4",
            f"with 2 comparisons 7 seeds are needed for a verdict, here are 4: {NONE_TOLD}",
        ),
        (TWO, "seeds = 1", f"6 seeds are needed for a verdict, here is 1: {NONE_TOLD}"),
        (
            TWO,
            "seeds = 4\nmargin = 1.0",
            f"6 seeds are needed for a verdict, here are 4: {NONE_TOLD}",
        ),
        (
            TWO + TUNE,
            "seeds = 8\nsearches = 4",
            f"6 searches are needed for a verdict, here are 4: {NONE_TOLD}",
        ),
    ],
)
def test_too_few_for_any_verdict_is_said(read, vary, replicate, said):
    study = read(vary, replicate)
    assert verdict_warning(study) == said
    assert not can_judge(study)


@pytest.mark.parametrize(
    ("vary", "replicate"),
    [
        (TWO, "seeds = 6"),
        (THREE, "seeds = 7"),
        (TWO, "seeds = 5\nmargin = 1.0"),
        (TWO, "seeds = 8\nlooks = true"),
        (TWO, "folds = 3"),
        (TWO + TUNE, 'seeds = 6\nsearches = "each"'),
        ("", "seeds = 2"),
    ],
)
def test_enough_or_nothing_to_compare_is_not_warned_of(read, vary, replicate):
    assert verdict_warning(read(vary, replicate)) is None


@pytest.mark.parametrize("name", list(catalog.shipped("studies")))
def test_shipped_studies_can_be_judged(name):
    assert verdict_warning(load_study(find_study(name), ())) is None
