"""Every measure of every task equals scikit-learn's, on the same predictions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from ablate import tasks
from ablate.tasks import _scores

EXACT = {"rel": 1e-12, "abs": 1e-12}


def softmax(logits):
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)


def sigmoid(logits):
    return (1 / (1 + np.exp(-logits))).astype(np.float32)


@pytest.fixture(params=range(5))
def rng(request):
    return np.random.default_rng(request.param)


def normalised(shares):
    shares = np.asarray(shares, np.float64)
    return shares / shares.sum(axis=1, keepdims=True)


def test_the_tasks_are_known_by_the_names_of_their_files():
    assert tasks.names() == (
        "binary_classification",
        "classification",
        "multilabel_classification",
        "regression",
    )
    assert [tasks.find(name).name for name in tasks.names()] == list(tasks.names())
    with pytest.raises(KeyError):
        tasks.find("_base")


@pytest.mark.parametrize("name", tasks.names())
def test_what_a_task_measures_and_judges_is_among_its_scores(name):
    task = tasks.find(name)
    assert {*task.measures, task.metric} <= set(task.scores)
    assert task.loss in task.losses


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_classification(rng, classes):
    true = np.concatenate([np.arange(classes), rng.integers(0, classes, 60)])
    outputs = softmax(rng.normal(size=(len(true), classes)) + 1.5 * np.eye(classes)[true])
    predicted, shares = outputs.argmax(axis=1), normalised(outputs)
    macro = {"average": "macro", "zero_division": 0}
    second = outputs[:, 1].astype(np.float64)
    expected = {
        "accuracy": metrics.accuracy_score(true, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(true, predicted),
        "f1": metrics.f1_score(true, predicted, **macro),
        "precision": metrics.precision_score(true, predicted, **macro),
        "recall": metrics.recall_score(true, predicted, **macro),
        "matthews_corrcoef": metrics.matthews_corrcoef(true, predicted),
        "log_loss": metrics.log_loss(true, shares),
        "roc_auc": metrics.roc_auc_score(true, second)
        if classes == 2
        else metrics.roc_auc_score(true, shares, multi_class="ovr"),
        "average_precision": metrics.average_precision_score(
            true if classes == 2 else np.eye(classes)[true],
            second if classes == 2 else outputs.astype(np.float64),
        ),
        "top_5_accuracy": metrics.top_k_accuracy_score(true, outputs, k=5) if classes > 5 else None,
    }
    task = tasks.find("classification")
    assert set(task.scores) == set(expected)
    for name, value in expected.items():
        assert task.score(name, true, outputs) == (
            value if value is None else pytest.approx(value, **EXACT)
        ), name


def test_binary_classification(rng):
    true = np.concatenate([[0, 1], rng.integers(0, 2, 60)])
    outputs = sigmoid(rng.normal(size=len(true)) + true)[:, None]
    shares = outputs[:, 0].astype(np.float64)
    predicted = (shares >= 0.5).astype(int)
    macro = {"average": "macro", "zero_division": 0}
    expected = {
        "accuracy": metrics.accuracy_score(true, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(true, predicted),
        "f1": metrics.f1_score(true, predicted, **macro),
        "precision": metrics.precision_score(true, predicted, **macro),
        "recall": metrics.recall_score(true, predicted, **macro),
        "matthews_corrcoef": metrics.matthews_corrcoef(true, predicted),
        "roc_auc": metrics.roc_auc_score(true, shares),
        "average_precision": metrics.average_precision_score(true, shares),
        "log_loss": metrics.log_loss(true, shares),
    }
    task = tasks.find("binary_classification")
    assert set(task.scores) == set(expected)
    for name, value in expected.items():
        assert task.score(name, true, outputs) == pytest.approx(value, **EXACT), name


def test_multilabel_classification(rng):
    true = np.vstack([np.zeros(4), np.ones(4), rng.integers(0, 2, (60, 4))]).astype(int)
    outputs = sigmoid(rng.normal(size=true.shape) + true)
    shares, predicted = outputs.astype(np.float64), (outputs >= 0.5).astype(int)
    macro = {"average": "macro", "zero_division": 0}
    expected = {
        "accuracy": metrics.accuracy_score(true, predicted),
        "f1": metrics.f1_score(true, predicted, **macro),
        "precision": metrics.precision_score(true, predicted, **macro),
        "recall": metrics.recall_score(true, predicted, **macro),
        "roc_auc": metrics.roc_auc_score(true, shares),
        "average_precision": metrics.average_precision_score(true, shares),
        "log_loss": np.mean([metrics.log_loss(true[:, i], shares[:, i]) for i in range(4)]),
    }
    task = tasks.find("multilabel_classification")
    assert set(task.scores) == set(expected)
    for name, value in expected.items():
        assert task.score(name, true, outputs) == pytest.approx(value, **EXACT), name


@pytest.mark.parametrize("targets", [1, 3])
def test_regression(rng, targets):
    true = rng.normal(50, 20, (60, targets))
    outputs = (true + rng.normal(0, 5, true.shape)).astype(np.float32)
    expected = {
        "mean_absolute_error": metrics.mean_absolute_error(true, outputs),
        "root_mean_squared_error": metrics.root_mean_squared_error(true, outputs),
        "mean_absolute_percentage_error": metrics.mean_absolute_percentage_error(true, outputs),
        "r2": metrics.r2_score(true, outputs),
    }
    task = tasks.find("regression")
    assert set(task.scores) == set(expected)
    for name, value in expected.items():
        assert task.score(name, true, outputs) == pytest.approx(value, **EXACT), name
    assert _scores.mean_squared_error(true, outputs) == pytest.approx(
        metrics.mean_squared_error(true, outputs), **EXACT
    )


@pytest.mark.parametrize(
    ("task", "name", "targets", "outputs"),
    [
        ("binary_classification", "roc_auc", [1, 1], [[0.2], [0.7]]),
        ("binary_classification", "average_precision", [0, 0], [[0.2], [0.7]]),
        ("classification", "roc_auc", [0, 1], [[0.2, 0.7, 0.1], [0.3, 0.3, 0.4]]),
        ("classification", "top_5_accuracy", [0, 1], [[0.2, 0.7, 0.1], [0.3, 0.3, 0.4]]),
        ("multilabel_classification", "roc_auc", [[0, 1], [1, 1]], [[0.2, 0.7], [0.3, 0.3]]),
        ("regression", "r2", [[3.0], [3.0]], [[2.0], [4.0]]),
        ("regression", "mean_absolute_percentage_error", [[0.0], [3.0]], [[2.0], [4.0]]),
    ],
)
def test_what_is_not_defined_is_none(task, name, targets, outputs):
    assert tasks.find(task).score(name, np.array(targets), np.array(outputs)) is None


def test_examples_that_count_nothing_are_as_good_as_none():
    weights = np.array([1.0, 2.0, 1.0, 0.0])
    for task, true, outputs in [
        ("binary_classification", [0, 0, 0, 1], [[0.1], [0.6], [0.3], [0.7]]),
        ("classification", [0, 1, 0, 2], np.eye(3)[[0, 1, 1, 1]]),
        ("multilabel_classification", [[0, 1], [1, 0], [1, 0], [1, 1]], [[0.2, 0.7]] * 4),
        ("regression", [[3.0], [3.0], [3.0], [0.0]], [[2.0], [4.0], [4.0], [1.0]]),
    ]:
        means, targets, given = tasks.find(task), np.array(true), np.array(outputs)
        for name in means.scores:
            found = means.score(name, targets, given, weights)
            without = means.score(name, targets[:3], given[:3], weights[:3])
            assert found == without, (task, name)
            assert means.score(name, targets, given, np.zeros(4)) is None, (task, name)
    binary = tasks.find("binary_classification")
    assert binary.score("roc_auc", np.array([0, 1]), np.array([[0.2], [0.7]]), np.eye(2)[0]) is None


@pytest.mark.parametrize(
    ("task", "outputs", "fault"),
    [
        ("classification", [[0.2, 0.8], [0.5, 0.5]], None),
        ("classification", [[0.2, 0.9], [0.5, 0.5]], "rows sum to 1.1; end it in a softmax"),
        ("classification", [[-0.2, 1.2]], "numbers as low as -0.2; end it in a softmax"),
        ("binary_classification", [[0.2], [1.0]], None),
        ("binary_classification", [[0.2], [3.0]], "numbers as high as 3; end it in a sigmoid"),
        ("multilabel_classification", [[0.9, 0.9]], None),
        ("multilabel_classification", [[-1.0, 0.9]], "numbers as low as -1; end it in a sigmoid"),
        ("regression", [[-1e6]], None),
    ],
)
def test_outputs_are_those_of_the_task(task, outputs, fault):
    assert tasks.find(task).fault(np.array(outputs), 1e-3) == fault


def test_targets_are_encoded_for_the_losses_of_keras():
    whole = np.array([2, 0])
    assert tasks.find("classification").encoded(whole, 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert tasks.find("binary_classification").encoded(np.array([1, 0]), 2).tolist() == [[1], [0]]
    assert tasks.find("regression").encoded(np.array([1.5, 2]), 1).tolist() == [[1.5], [2]]
    endings = {name: tasks.find(name).ending(3) for name in tasks.names()}
    assert endings == {
        "binary_classification": 'Dense(1, "sigmoid")',
        "classification": 'Dense(3, "softmax")',
        "multilabel_classification": 'Dense(3, "sigmoid")',
        "regression": "Dense(3)",
    }
    assert {name: tasks.find(name).units(2) for name in tasks.names()} == {
        "binary_classification": 1,
        "classification": 2,
        "multilabel_classification": 2,
        "regression": 2,
    }


def weighted_by_hand(name, true, outputs, weights):
    """What a measure is of weighted examples, as scikit-learn has it."""
    decided = (outputs[:, 0] >= 0.5).astype(int)
    macro = {"average": "macro", "zero_division": 0, "sample_weight": weights}
    return {
        "accuracy": lambda: metrics.accuracy_score(true, decided, sample_weight=weights),
        "balanced_accuracy": lambda: metrics.balanced_accuracy_score(
            true, decided, sample_weight=weights
        ),
        "f1": lambda: metrics.f1_score(true, decided, **macro),
        "precision": lambda: metrics.precision_score(true, decided, **macro),
        "recall": lambda: metrics.recall_score(true, decided, **macro),
        "matthews_corrcoef": lambda: metrics.matthews_corrcoef(
            true, decided, sample_weight=weights
        ),
        "roc_auc": lambda: metrics.roc_auc_score(true, outputs[:, 0], sample_weight=weights),
        "average_precision": lambda: metrics.average_precision_score(
            true, outputs[:, 0], sample_weight=weights
        ),
        "log_loss": lambda: metrics.log_loss(true, outputs[:, 0], sample_weight=weights),
    }[name]()


def test_examples_that_count_otherwise_do_so_in_every_measure(rng):
    """Whole weights are as good as so many copies, for every task and measure."""
    copies = rng.integers(1, 4, 60)
    spread = np.repeat(np.arange(60), copies)
    classes = np.concatenate([np.arange(8), rng.integers(0, 8, 52)])
    probabilities = rng.random((60, 8))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    labels = np.vstack([np.zeros(3), np.ones(3), rng.integers(0, 2, (58, 3))]).astype(int)
    for task, true, outputs in [
        ("classification", classes, probabilities),
        ("binary_classification", classes % 2, probabilities[:, :1] * 4),
        ("multilabel_classification", labels, rng.random((60, 3))),
        ("regression", rng.normal(size=(60, 2)) + 5, rng.normal(size=(60, 2)) + 5),
    ]:
        means = tasks.find(task)
        given = np.minimum(outputs, 1) if means.outputs == "shares" else outputs
        for name in means.scores:
            weighted = means.score(name, true, given, copies.astype(float))
            copied = means.score(name, true[spread], given[spread])
            assert weighted == pytest.approx(copied, rel=1e-9), (task, name)
            if task == "binary_classification":
                by_hand = weighted_by_hand(name, true, given, copies.astype(float))
                assert weighted == pytest.approx(by_hand, **EXACT), name
