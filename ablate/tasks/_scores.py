"""Measures as scikit-learn has them, on what networks give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Labels = NDArray[Any]
    Shares = NDArray[np.float64]
    Weights = NDArray[np.float64] | None
    """How much each example counts; None where all count alike."""

TOP = 5
"""How many classes `top_5_accuracy` takes."""


def accuracy(true: Labels, predicted: Labels, weights: Weights = None) -> float:
    """The share of labels that are right; of rows of them, of those that are right throughout."""
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(true, predicted, sample_weight=weights))


def balanced_accuracy(true: Labels, predicted: Labels, weights: Weights = None) -> float:
    """The mean over the classes that occur of the share that is found."""
    import numpy as np
    from sklearn.metrics import recall_score

    occurring = np.unique(true)
    return float(
        recall_score(
            true,
            predicted,
            labels=occurring,
            average="macro",
            zero_division=0,
            sample_weight=weights,
        )
    )


def f1(true: Labels, predicted: Labels, weights: Weights = None) -> float:
    """Macro F1: the mean over the classes that occur in either, each counting the same."""
    from sklearn.metrics import f1_score

    return float(f1_score(true, predicted, average="macro", zero_division=0, sample_weight=weights))


def precision(true: Labels, predicted: Labels, weights: Weights = None) -> float:
    """Macro precision; 0 for a class that is never predicted."""
    from sklearn.metrics import precision_score

    return float(
        precision_score(true, predicted, average="macro", zero_division=0, sample_weight=weights)
    )


def recall(true: Labels, predicted: Labels, weights: Weights = None) -> float:
    """Macro recall; 0 for a class that is predicted and does not occur."""
    from sklearn.metrics import recall_score

    return float(
        recall_score(true, predicted, average="macro", zero_division=0, sample_weight=weights)
    )


def matthews_corrcoef(true: Labels, predicted: Labels, weights: Weights = None) -> float:
    """Matthews's correlation coefficient, -1 to 1."""
    from sklearn.metrics import matthews_corrcoef as coefficient

    return float(coefficient(true, predicted, sample_weight=weights))


def roc_auc(true: Labels, shares: Shares, weights: Weights = None) -> float | None:
    """The area under the ROC curve; of several columns the mean, each one against the rest."""
    from sklearn.metrics import roc_auc_score

    return (
        float(roc_auc_score(true, shares, average="macro", sample_weight=weights))
        if _both_occur(true)
        else None
    )


def average_precision(true: Labels, shares: Shares, weights: Weights = None) -> float | None:
    """The area under the precision-recall curve, in steps; of several columns the mean."""
    from sklearn.metrics import average_precision_score

    if not _both_occur(true):
        return None
    return float(average_precision_score(true, shares, average="macro", sample_weight=weights))


def top_5_accuracy(true: Labels, shares: Shares, weights: Weights = None) -> float | None:
    """The share whose class is among the five most likely; None with no more than five."""
    from sklearn.metrics import top_k_accuracy_score

    classes = shares.shape[1]
    if classes <= TOP:
        return None
    return float(
        top_k_accuracy_score(true, shares, k=TOP, labels=range(classes), sample_weight=weights)
    )


def log_loss(true: Labels, shares: Shares, weights: Weights = None) -> float:
    """The mean crossentropy of classes, natural logarithm, ``shares`` being ``(n, classes)``."""
    from sklearn.metrics import log_loss as loss

    shares = shares / shares.sum(axis=1, keepdims=True)  # float32 rows sum to 1 within 1e-7 only
    return float(loss(true, shares, labels=range(shares.shape[1]), sample_weight=weights))


def mean_absolute_error(true: Labels, predicted: Shares, weights: Weights = None) -> float:
    """The mean absolute error; of several targets their mean."""
    from sklearn.metrics import mean_absolute_error as error

    return float(error(true, predicted, sample_weight=weights))


def mean_squared_error(true: Labels, predicted: Shares, weights: Weights = None) -> float:
    """The mean squared error; of several targets their mean."""
    from sklearn.metrics import mean_squared_error as error

    return float(error(true, predicted, sample_weight=weights))


def root_mean_squared_error(true: Labels, predicted: Shares, weights: Weights = None) -> float:
    """The root of the mean squared error; of several targets the mean of their roots."""
    from sklearn.metrics import root_mean_squared_error as error

    return float(error(true, predicted, sample_weight=weights))


def mean_absolute_percentage_error(
    true: Labels, predicted: Shares, weights: Weights = None
) -> float | None:
    """The mean absolute error as a share of the true values; None where one of these is 0."""
    from sklearn.metrics import mean_absolute_percentage_error as error

    return float(error(true, predicted, sample_weight=weights)) if (true != 0).all() else None


def r2(true: Labels, predicted: Shares, weights: Weights = None) -> float | None:
    """The share of the variance that is explained; None where a target does not vary."""
    from sklearn.metrics import r2_score

    if len(true) < 2 or (true == true[:1]).all(axis=0).any():
        return None
    return float(r2_score(true, predicted, sample_weight=weights))


def _both_occur(true: Labels) -> bool:
    """Whether each column holds what is and what is not."""
    return bool((true.max(axis=0) != true.min(axis=0)).all()) if len(true) else False


def fault_of_shares(shares: NDArray[Any], far: float, remedy: str) -> str | None:
    """Tells of numbers that lie outside of 0 to 1."""
    low, high = float(shares.min()), float(shares.max())
    if low < -far:
        return f"numbers as low as {low:.4g}; {remedy}"
    if high > 1 + far:
        return f"numbers as high as {high:.4g}; {remedy}"
    return None
