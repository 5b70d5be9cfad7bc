import datetime

import pytest

from ablate.errors import AblateError, InputError, Problem, RunError, did_you_mean, shown


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("a.toml", "is missing"), "a.toml: is missing"),
        (Problem("a.toml", "is required", "x.y"), "a.toml: x.y: is required"),
        (Problem("a.toml", "must be text", "x", 3), "a.toml: x: must be text, found 3"),
        (Problem("a.toml", "must be text", "x", False), "a.toml: x: must be text, found false"),
        (Problem("a.toml", "must be above 0", "x", 0), "a.toml: x: must be above 0, found 0"),
        (Problem("a.toml", "too short", "x", ""), 'a.toml: x: too short, found ""'),
        (Problem("a.toml", "unknown", hint="known: b"), "a.toml: unknown; known: b"),
        (Problem("a", "unknown", "k", "v", "known: b"), 'a: k: unknown, found "v"; known: b'),
    ],
)
def test_a_problem_says_place_rule_value_and_remedy(problem, text):
    assert str(problem) == text


def test_an_input_error_says_every_problem():
    error = InputError(Problem("a", "is wrong"), "and so is b")
    assert str(error) == "a: is wrong\nand so is b"
    assert error.problems == (Problem("a", "is wrong"), "and so is b")


def test_exit_codes_tell_wrong_input_from_failed_work():
    assert (InputError.exit_code, RunError.exit_code, AblateError.exit_code) == (2, 1, 1)
    assert issubclass(InputError, AblateError)
    assert issubclass(RunError, AblateError)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (3, "3"),
        (0.1, "0.1"),
        ("ü", '"ü"'),
        ([1, "a"], '[1, "a"]'),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        ("a" * 78, f'"{"a" * 78}"'),
        ("a" * 79, f'"{"a" * 76}...'),
    ],
)
def test_values_are_shown_as_in_toml_and_cut_to_80_characters(value, text):
    assert shown(value) == text
    assert len(shown(value)) <= 80


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("epoch", ["epochs", "batch_size"], 'did you mean "epochs"?'),
        ("zzz", ["b", "a"], "known: a, b"),
        ("zzz", {}, ""),
    ],
)
def test_the_nearest_known_word_is_named_or_else_all(word, known, hint):
    assert did_you_mean(word, known) == hint
