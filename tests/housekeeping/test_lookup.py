"""One training run, found by its number."""

from __future__ import annotations

import pytest
from hand_made import compare, make_stored, replicate, tune

from ablate.errors import InputError
from ablate.housekeeping.lookup import find_run


@pytest.fixture
def stored(project):
    """Two variants: trials 0 and 1 of one, 0 of the other; replicates 0 to 3 in turn."""
    stored = make_stored(compare(project))
    for variant in ("units=16", "units=16", "units=4"):
        tune(stored, variant, 0.5)
    for seed in (1, 2):
        for variant in ("units=16", "units=4"):
            replicate(stored, variant, seed)
    return stored


def refused(*arguments, **options):
    with pytest.raises(InputError) as caught:
        find_run(*arguments, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("number", "options", "part", "variant"),
    [
        (3, {}, "dense/replicate", "units=4"),
        (1, {"phase": "tune"}, "dense/tune/units=16", "units=16"),
        (0, {"phase": "tune", "variant": "units=4"}, "dense/tune/units=4", "units=4"),
        (0, {"phase": "replicate"}, "dense/replicate", "units=16"),
        (1, {"variant": "units=4"}, "dense/replicate", "units=4"),
    ],
)
def test_a_number_that_is_clear_is_found(stored, number, options, part, variant):
    run = find_run(stored, number, **options)
    assert (run.trial.number, run.part.name, run.cell.variant) == (number, part, variant)


def test_one_that_is_not_clear_lists_what_tells_them_apart(stored):
    assert refused(stored, 0) == (
        "dense: trial 0: there are 3 trials of this number; say which one you mean:\n"
        "  --phase tune --variant units=16\n"
        "  --phase tune --variant units=4\n"
        "  --phase replicate --variant units=16"
    )
    assert refused(stored, 0, variant="units=16") == (
        "dense: trial 0: there are 2 trials of this number; say which one you mean:\n"
        "  --phase tune\n"
        "  --phase replicate"
    )


def test_data_sets_tell_trials_apart_too(project):
    spec = compare(project, 'study.dataset=["digits", "line"]')
    stored = make_stored(spec)
    for dataset in ("digits", "line"):
        tune(stored, "units=4", 0.5, dataset=dataset)
    assert find_run(stored, 0, dataset="line").part.name == "dense/tune/line/units=4"
    assert refused(stored, 0).splitlines()[1:] == ["  --dataset digits", "  --dataset line"]


def test_names_with_spaces_are_quoted(project):
    tables = '{ "a b" = { units = 4 }, c = { units = 8 } }'
    spec = project.study(
        f"vary.variants={tables}",
        'vary.baseline="c"',
        "tune.parameters=[]",
        "tune.learning_rate={ low = 0.001, high = 1.0 }",
    )
    stored = make_stored(spec)
    for variant in ("a b", "c"):
        tune(stored, variant, 0.5)
    assert "  --variant 'a b'" in refused(stored, 0).splitlines()


def test_a_number_that_there_is_not(stored):
    assert refused(stored, 9) == "dense: trial 9: there is no such trial; there are 0 to 3"
    assert refused(stored, 0, phase="replicate", variant="units=4") == (
        "dense: trial 0: there is no such trial with --phase replicate --variant units=4; "
        "there are 1, 3"
    )
    begun = make_stored(stored.spec)
    assert refused(begun, 0) == "dense: trial 0: there is no such trial; none has been begun yet"


def test_names_that_there_are_not(stored):
    assert refused(stored, 0, variant="unit=4", dataset="line") == (
        '--variant: dense has no such variant, found "unit=4"; did you mean "units=4"?\n'
        '--dataset: dense has no such data set, found "line"; known: digits'
    )
