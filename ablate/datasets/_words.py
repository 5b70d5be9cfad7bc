"""Texts as Keras keeps them: the ranks of their words, brought to one length."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, PositiveInt

from ablate.datasets._base import DatasetOptions
from ablate.errors import InputError, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PAD, START, UNKNOWN, FIRST = 0, 1, 2, 3
"""What fills a short text, what begins each, what stands for a rare word; words count from there."""
SEED = 113
"""Keras's: it draws the same test texts."""


class WordOptions(DatasetOptions):
    """How texts become rows of whole numbers."""

    num_words: int = Field(default=10_000, gt=FIRST)
    """Numbers that stand for something: 0 for nothing, 1 for the start, 2 for any rarer word, and from
    4 on words, the most frequent first. An ``Embedding`` takes as many."""
    length: PositiveInt = 200
    """Words that are kept of a text, its last ones; a shorter one is filled up with 0 in front."""


def rows(texts: Any, options: WordOptions, path: Path, key: str) -> NDArray[np.int32]:
    """Texts as an array, int32 ``(n, length)``.

    Raises:
        InputError: they are no lists of ranks.
    """
    import numpy as np

    table = np.full((len(texts), options.length), PAD, np.int32)
    for row, text in zip(table, texts, strict=True):
        try:
            words = np.asarray(text, np.int64).reshape(-1)
        except (TypeError, ValueError, OverflowError) as error:
            rule = "must hold lists of whole numbers, the ranks of the words of a text"
            raise InputError(Problem(str(path), rule, key)) from error
        known = np.where(words + FIRST < options.num_words, words + FIRST, UNKNOWN)
        kept = np.concatenate([[START], known])[-options.length :]
        row[options.length - len(kept) :] = kept
    return table


def labels(found: Any, count: int, classes: int, path: Path, key: str) -> NDArray[np.int64]:
    """The class of each text.

    Raises:
        InputError: they are something else.
    """
    import numpy as np

    y = np.asarray(found)
    if y.shape != (count,) or y.dtype.kind not in "iu" or not np.isin(y, np.arange(classes)).all():
        rule = f"must hold a whole number from 0 to {classes - 1} for each of the {count} texts"
        raise InputError(Problem(str(path), rule, key, f"{y.dtype} {y.shape}"))
    return y.astype(np.int64)


def shuffled(count: int) -> Sequence[int]:
    """The order in which Keras draws rows."""
    import numpy as np

    order = np.arange(count)
    np.random.RandomState(SEED).shuffle(order)
    return order.tolist()
