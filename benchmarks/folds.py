"""How often verdicts over folds are false, with real learners that are equal by symmetry.

    python benchmarks/folds.py [--studies 20000] [--out FILE]

Each study is a fresh data set. Two learners of the same kind see one half of its columns each; the
halves are drawn alike and the target depends on both alike, so that neither learner is the better
one. Their scores over folds go through the code that makes the verdicts.

- ``ridge``: ridge regression, R2 of a number; ``nearest``: three nearest neighbours, accuracy of two
  classes.
- *verdict*: the corrected t with folds - 1 degrees of freedom, as reports have it; *J - 1*: the same
  with folds x repeats - 1; *uncorrected*: the plain paired t.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from scipy import stats

from ablate.data.drawing import Drawing
from ablate.spec.data import Fold
from ablate.statistics import Folds, compare

COLUMNS = 4
CASES = [
    (learner, rows, folds, repeats)
    for learner in ("ridge", "nearest")
    for rows in (60, 150)
    for folds, repeats in ((3, 1), (5, 1), (5, 2), (10, 1), (10, 3))
]


def data_set(learner, rows, rng):
    """Columns, half for each learner, and what they say of the target."""
    x = rng.normal(size=(rows, 2 * COLUMNS))
    signal = x[:, :COLUMNS].sum(axis=1) + x[:, COLUMNS:].sum(axis=1)
    y = signal + rng.normal(scale=2.0, size=rows)
    return x, (y if learner == "ridge" else (y > np.median(y)).astype(np.int64))


def ridge(x, y, tested, true):
    """R2 on tested rows."""
    mean, level = x.mean(axis=0), y.mean()
    centred = x - mean
    weights = np.linalg.solve(centred.T @ centred + np.eye(x.shape[1]), centred.T @ (y - level))
    errors = true - ((tested - mean) @ weights + level)
    return 1 - (errors**2).sum() / ((true - true.mean()) ** 2).sum()


def nearest(x, y, tested, true):
    """The share of tested rows that their three nearest neighbours outvote rightly."""
    distances = ((tested[:, None] - x[None]) ** 2).sum(axis=2)
    votes = y[np.argpartition(distances, 3, axis=1)[:, :3]].sum(axis=1)
    return ((votes >= 2) == true).mean()


LEARNERS = {"ridge": ridge, "nearest": nearest}


def scores(learner, rows, folds, repeats, rng, study):
    """Of both learners over all folds of a fresh data set."""
    x, y = data_set(learner, rows, rng)
    drawing = Drawing(y, None, "random" if learner == "ridge" else "stratified")
    found = []
    for repeat in range(repeats):
        for number in range(folds):
            fold = Fold(folds=folds, number=number, repeat=repeat, seed=study)
            outside, held = drawing.fold(fold)
            found.append(
                [
                    LEARNERS[learner](x[outside][:, half], y[outside], x[held][:, half], y[held])
                    for half in (slice(COLUMNS), slice(COLUMNS, None))
                ]
            )
    return np.array(found).T


def claims(learner, rows, folds, repeats, studies):
    """How many studies claim a difference: by the verdict, with J - 1, and uncorrected."""
    rng, design = np.random.default_rng([rows, folds, repeats]), Folds(folds, 1 / (folds - 1))
    counts = np.zeros(3)
    count = folds * repeats
    for study in range(studies):
        one, other = scores(learner, rows, folds, repeats, rng, study)
        found = compare({"a": (one, other)}, higher_is_better=True, folds=design)["a"]
        own = found.difference
        counts[0] += found.verdict in ("better", "worse")
        if own.sd:
            t = abs(own.mean) / design.error(count, own.sd)
            counts[1] += 2 * stats.t.sf(t, count - 1) <= 0.05
            counts[2] += 2 * stats.t.sf(abs(own.mean) / (own.sd / count**0.5), count - 1) <= 0.05
    return counts / studies


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=20_000, help="of each row")
    parser.add_argument("--out", type=Path, help="where rows are added as they are ready")
    options = parser.parse_args()
    out = options.out.open("a") if options.out else sys.stdout
    print("| learner | rows | folds | verdict | J - 1 | uncorrected | seconds |", file=out)
    print("| --- | ---: | --- | ---: | ---: | ---: | ---: |", file=out)
    for learner, rows, folds, repeats in CASES:
        started = time.perf_counter()
        shares = claims(learner, rows, folds, repeats, options.studies)
        told = " | ".join(f"{share:.4f}" for share in shares)
        times = f"{folds} x {repeats}"
        seconds = time.perf_counter() - started
        print(f"| {learner} | {rows} | {times} | {told} | {seconds:.0f} |", file=out, flush=True)


if __name__ == "__main__":
    main()
