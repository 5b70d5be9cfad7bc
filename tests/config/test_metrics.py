"""Measures of the user's own: what a study file may say of them."""

from __future__ import annotations

import pytest

from ablate.config import load_study
from ablate.errors import InputError

STUDY = """
[study]
name         = "s"
dataset      = "diabetes"
search_space = "mlp"

[replicate]
seeds  = 6
metric = "within"

[metrics.within]
function = "my_metrics.py:within"
mode     = "max"
"""


def load(folder, text=STUDY, code="def within(true, predicted):\n    return 1.0\n"):
    (folder / "my_metrics.py").write_text(code)
    (folder / "study.toml").write_text(text)
    return load_study(folder / "study.toml")


def said(folder, text=STUDY, code="def within(true, predicted):\n    return 1.0\n"):
    with pytest.raises(InputError) as caught:
        load(folder, text, code)
    return [
        str(problem).removeprefix(f"{folder}/study.toml: ") for problem in caught.value.problems
    ]


def test_a_metric_is_a_score_of_the_study(tmp_path):
    study = load(tmp_path)
    assert study.replicate.metric == "within"
    measure = study.measures.by_name["within"]
    assert (measure.better, measure.key("test")) == ("higher", "test_within")
    assert [one.name for one in study.measures.scores][-2:] == ["within", "loss"]
    assert study.task == "regression"
    assert study.training.loss == "mean_squared_error"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('mode     = "max"', "", "metrics.within.mode: is required"),
        ('"max"', '"most"', 'metrics.within.mode: must be one of max, min, found "most"'),
        (
            'my_metrics.py:within"',
            'my_metrics.py:without"',
            "metrics.within.function: no function without is defined there",
        ),
        ("my_metrics.py:within", "other.py:within", "metrics.within.function: there is no file "),
        ("my_metrics.py:within", "within", "metrics.within.function: "),
        (
            "metrics.within",
            "metrics.r2",
            "metrics.r2: is a measure that there is already; rename yours",
        ),
        (
            'metric = "within"',
            'metric = "accuracy"',
            "replicate.metric: must be one of root_mean_squared_error, ",
        ),
        (
            'name         = "s"',
            'name = "s"\nmetrics = ["roc_auc"]',
            "study.metrics: must be one of ",
        ),
        (
            'name         = "s"',
            'name = "s"\ntask = "regressoin"',
            'study.task: must be one of binary_classification, classification, multilabel_classification, regression, found "regressoin"; did you mean "regression"?',
        ),
        (
            "seeds  = 6",
            'seeds  = 6\n[training]\nloss = "categorical_crossentropy"\n[x]',
            "training.loss: must be one of mean_squared_error, mean_absolute_error, huber, log_cosh, for a "
            'regression, found "categorical_crossentropy"; it goes with task = "classification" under [study]',
        ),
        (
            "seeds  = 6",
            "seeds  = 6\n[data]\nper_class = 3\n[x]",
            "data.per_class: counts examples of a class, and a regression has none",
        ),
        (
            "seeds  = 6",
            'seeds  = 6\n[data]\npositive = "yes"\n[x]',
            'data.positive: is of task = "binary_classification" alone, found regression; leave it out',
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path, old, new, expected):
    text = STUDY.replace(old, new, 1).replace('\n[x]\nmetric = "within"', "")
    found = said(tmp_path, text)
    assert any(problem.startswith(expected) for problem in found), found


NETWORK = """
def build(input_shape, output_shape, *, units=4):
    ...
"""


SPACE = """
architecture = "own.py:build"

[parameters]
units = { choices = [2, 4], default = 4 }
"""


@pytest.mark.parametrize(
    ("space", "code", "told"),
    [
        ('"mlp"', "", "bare"),
        ('"own.toml"', NETWORK, "own.py"),
        ('"own.toml"', NETWORK + "def evaluate(model, data):\n    return {}\n", None),
    ],
)
def test_a_metric_without_a_function_is_given_by_evaluate(tmp_path, space, code, told):
    (tmp_path / "own.py").write_text(code)
    (tmp_path / "own.toml").write_text(SPACE)
    text = STUDY.replace('function = "my_metrics.py:within"\n', "").replace('"mlp"', space)
    if told is None:
        (metric,) = load(tmp_path, text).user_metrics
        assert (metric.name, metric.function, metric.source) == ("within", None, None)
        return
    file = "mlp.py" if told == "bare" else told
    assert said(tmp_path, text) == [
        f"metrics.within: has no function, and {file} defines no evaluate(model, data) that gives it; "
        f'set function = "file.py:function", or define evaluate in {file}'
    ]
