"""The ``[published]`` tables of a study file."""

from __future__ import annotations

import pytest

from ablate.config import load_study
from ablate.errors import InputError

HEAD = """
[study]
name = "asked"
dataset = {datasets}
search_space = "space.toml"
[vary]
units = [4, 16]
[replicate]
seeds = 2
"""


def load(project, tables, datasets='"digits"'):
    project.study_file.write_text(HEAD.format(datasets=datasets) + tables)
    return load_study(project.study_file, (), {})


def problems(project, tables, datasets='"digits"'):
    with pytest.raises(InputError) as caught:
        load(project, tables, datasets)
    return [
        str(problem).removeprefix(f"{project.study_file}: ") for problem in caught.value.problems
    ]


def test_numbers_of_one_data_set_stand_in_the_variants_table(project):
    tables = '[published."units=4"]\nsource = "a report"\naccuracy = 0.9\nparameters = 100\n'
    (found,) = load(project, tables).published
    assert (found.variant, found.dataset) == ("units=4", "digits")
    assert found.values.numbers == {"accuracy": 0.9, "parameters": 100.0}


def test_numbers_of_several_data_sets_stand_under_their_names(project):
    tables = (
        '[published."units=4"]\nsource = "a report"\nloss = 1.5\n'
        "digits = { accuracy = 0.9 }\nline = { accuracy = 0.8, loss = 1.0 }\n"
    )
    found = load(project, tables, '["digits", "line"]').published
    assert [(p.dataset, p.values.numbers) for p in found] == [
        ("digits", {"accuracy": 0.9, "loss": 1.5}),
        ("line", {"accuracy": 0.8, "loss": 1.0}),
    ]


def test_published_numbers_are_no_part_of_the_question(project):
    one = load(project, '[published."units=4"]\nsource = "a"\naccuracy = 0.9\n')
    assert one.question() == load(project, "").question()


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (
            '[published.units]\nsource = "a"\naccuracy = 0.9\n',
            'published.units: is not a variant of this study; did you mean "units=4"?',
        ),
        ('[published."units=4"]\naccuracy = 0.9\n', "published.units=4.source: is required"),
        (
            '[published."units=4"]\nsource = "a"\naccuracy = 98.5\n',
            "published.units=4.accuracy: must be at most 1.0, found 98.5; percent? write 0.985",
        ),
        (
            '[published."units=4"]\nsource = "a"\nacuracy = 0.9\n',
            'published.units=4.acuracy: unknown key; did you mean "accuracy"?',
        ),
        (
            '[published."units=4"]\nsource = "a"\n',
            "published.units=4: holds no number: accuracy, f1, loss, parameters, training_time",
        ),
        (
            '[published]\n"units=4" = 0.9\n',
            "published.units=4: must be a table of numbers and their source, found 0.9",
        ),
    ],
)
def test_mistakes_are_named(project, tables, expected):
    assert expected in problems(project, tables)


def test_several_data_sets_must_be_told_apart(project):
    tables = '[published."units=4"]\nsource = "a"\naccuracy = 0.9\n'
    assert problems(project, tables, '["digits", "line"]') == [
        "published.units=4: must hold a table for a data set: digits, line"
    ]


def test_a_search_has_nothing_to_set_them_beside(project):
    tables = '[published."units=4"]\nsource = "a report"\naccuracy = 0.9\n'
    search = "[tune]\ntrials = 2\nlearning_rate = { low = 0.1, high = 1.0 }"
    head = HEAD.format(datasets='"digits"').replace("[replicate]\nseeds = 2", search)
    project.study_file.write_text(head + tables)
    with pytest.raises(InputError) as caught:
        load_study(project.study_file, (), {})
    assert str(caught.value) == (
        f"{project.study_file}: published: has nothing to be set beside: only replicates meet the test "
        "set; give the study [replicate] with seeds"
    )
