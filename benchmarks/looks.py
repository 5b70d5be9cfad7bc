"""How often looks, likeness, confirmations and searches claim what is not so, and what they cost.

Simulates whole studies through the code that decides them: variants and one baseline, which they share.
Noise is normal, heavy-tailed (Student's t with 3 degrees of freedom), skewed (exponential) or lognormal, alike in
variants and baseline, or in the variants alone with the baseline's 0.3 times as large (unequal). Differences are
counted in standard deviations of the paired difference. Prints for each kind of noise and number of variants

- looks: false claims (studies of equals that call any variant better or worse) without futility and with it, the
  mean number of seeds of a variant at differences of 0, 1, 1.5 and 2 with it, and the power there;
- intervals after looks: how often the 95 % interval holds the truth, at differences of 0 and 1;
- alike: how often a variant at the edge of the margin, one standard deviation, is called alike, and one that is equal;
- confirmation: how often seeds that came after a verdict claim something, and how often either of the two does;
- searches: false claims about tuned variants with one search, one of each seed, and the means of 8 of 2 seeds, where
  searches vary a quarter as much as seeds, and as much.

    python benchmarks/looks.py [--studies 20000] [--seed 0]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from ablate.statistics import Looking, Seen, compare, default_looks, spending
from ablate.statistics.alike import alike_p
from ablate.statistics.looks import span_not_crossed

Floats = npt.NDArray[np.float64]
Noise = Callable[[np.random.Generator, tuple[int, ...]], Floats]
LOGNORMAL = 0.75
"""The spread of the logarithm of lognormal noise."""
NOISES: Mapping[str, Noise] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "heavy-tailed": lambda rng, shape: rng.standard_t(3, shape) / 3**0.5,
    "skewed": lambda rng, shape: rng.exponential(size=shape) - 1,
    "lognormal": lambda rng, shape: (
        (np.exp(LOGNORMAL * rng.standard_normal(shape)) - np.exp(LOGNORMAL**2 / 2))
        / np.sqrt((np.exp(LOGNORMAL**2) - 1) * np.exp(LOGNORMAL**2))
    ),
}
"""Noise with mean 0 and standard deviation 1."""
MOST_SEEDS = {1: 12, 2: 13, 4: 12}
SHIFTS = (0.0, 1.0, 1.5, 2.0)


def differences(
    rng: np.random.Generator, noise: str, variants: int, seeds: int, *, alike: bool
) -> Floats:
    """Paired differences of equals, ``(variants, seeds)``, in their standard deviations."""
    size = 1.0 if alike else 0.3
    baseline = size * NOISES[noise](rng, (seeds,))
    return (NOISES[noise](rng, (variants, seeds)) - baseline) / np.sqrt(1 + size**2)


def looked(found: Floats, looks: tuple[int, ...], *, futility: bool) -> tuple[Looking[int], int]:
    """The looks at one study, and how many trainings of variants they took."""
    variants = len(found)
    looking: Looking[int] = Looking(looks, variants)
    trained, before = 0, 0
    for index, seeds in enumerate(looks):
        going = [one for one in range(variants) if looking.goes_on(one)]
        if not going:
            break
        trained, before = trained + len(going) * (seeds - before), seeds
        counts = looks[: index + 1]
        looking.look(index, {one: Seen(found[one][:seeds], counts) for one in going})
        if not futility:
            looking.futile.clear()
    return looking, trained


def row_of_looks(
    rng: np.random.Generator, noise: str, variants: int, studies: int, *, alike: bool
) -> str:
    """False claims, seeds and power."""
    looks = default_looks(MOST_SEEDS[variants], variants)
    claims = {True: 0, False: 0}
    used, power = dict.fromkeys(SHIFTS, 0.0), dict.fromkeys(SHIFTS, 0.0)
    for shift in SHIFTS:
        count = studies if not shift else studies // 10
        for _ in range(count):
            found = shift + differences(rng, noise, variants, looks[-1], alike=alike)
            looking, trained = looked(found, looks, futility=True)
            used[shift] += trained / variants / count
            power[shift] += len(looking.differing.decided) / variants / count
            if not shift:
                claims[True] += bool(looking.differing.decided)
                claims[False] += bool(looked(found, looks, futility=False)[0].differing.decided)
    cells = [claims[False] / studies, claims[True] / studies]
    texts = [f"{cell:.4f}" for cell in cells] + [f"{used[shift]:.1f}" for shift in SHIFTS]
    return " | ".join(texts + [f"{power[shift]:.2f}" for shift in SHIFTS[1:]])


def row_of_intervals(rng: np.random.Generator, noise: str, studies: int, *, alike: bool) -> str:
    """Coverage after looks."""
    looks, cells = default_looks(MOST_SEEDS[1], 1), []
    shares = spending(len(looks))
    for shift in (0.0, 1.0):
        held = 0
        for _ in range(studies):
            found = shift + differences(rng, noise, 1, looks[-1], alike=alike)
            looking: Looking[int] = Looking(looks, 1)
            for index, seeds in enumerate(looks):
                seen = Seen(found[0][:seeds], looks[: index + 1])
                looking.look(index, {0: seen})
                if not looking.goes_on(0):
                    break
            low, high = span_not_crossed(seen, shares, 0.05)
            held += (low is None or low <= shift) and (high is None or shift <= high)
        cells.append(f"{held / studies:.3f}")
    return " | ".join(cells)


def row_of_alike(rng: np.random.Generator, noise: str, studies: int, *, alike: bool) -> str:
    """Likeness at the edge of a margin of one standard deviation, and inside."""
    cells = []
    for shift, count in ((1.0, studies), (0.0, studies // 10)):
        for seeds in (6, 8, 10, 12):
            called = sum(
                alike_p(shift + differences(rng, noise, 1, seeds, alike=alike)[0], 1.0) <= 0.05
                for _ in range(count)
            )
            cells.append(f"{called / count:.4f}" if shift else f"{called / count:.2f}")
    return " | ".join(cells)


def claims(found: Floats) -> bool:
    """Whether any of some paired differences is called better or worse."""
    zeros = [0.0] * found.shape[1]
    pairs = {index: (one.tolist(), zeros) for index, one in enumerate(found)}
    verdicts = (one.verdict for one in compare(pairs, higher_is_better=True).values())
    return any(verdict in ("better", "worse") for verdict in verdicts)


def row_of_confirmation(rng: np.random.Generator, noise: str, studies: int, *, alike: bool) -> str:
    """8 planned seeds, 8 further ones."""
    second = either = 0
    for _ in range(studies):
        found = differences(rng, noise, 1, 16, alike=alike)
        confirmed = claims(found[:, 8:])
        second += confirmed
        either += confirmed or claims(found[:, :8])
    return f"{second / studies:.4f} | {either / studies:.4f}"


def row_of_searches(rng: np.random.Generator, noise: str, studies: int, between: float) -> str:
    """Tuned variants that are equal: searches vary by so much of the variance of seeds."""
    counts = [0, 0, 0]
    spread = between**0.5
    for _ in range(studies):
        luck = spread * NOISES[noise](rng, (2, 8))
        seeds = NOISES[noise](rng, (2, 16))
        one = (luck[:, :1] + seeds[:, :8])[1] - (luck[:, :1] + seeds[:, :8])[0]
        each = (luck + seeds[:, :8])[1] - (luck + seeds[:, :8])[0]
        means = luck + seeds.reshape(2, 8, 2).mean(axis=2)
        for index, found in enumerate((one, each, means[1] - means[0])):
            counts[index] += claims(found[None])
    return " | ".join(f"{count / studies:.4f}" for count in counts)


def main() -> None:
    """Prints a table of each kind."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    started = time.monotonic()
    kinds = [(noise, alike) for noise in NOISES for alike in (True, False)]
    print(f"{given.studies} studies a row")

    def told(title: str, noise: str, alike: bool, row: str) -> None:
        size = "alike" if alike else "unequal"
        seconds = time.monotonic() - started
        print(f"| {title} | {noise} | {size} | {row} |  ({seconds:.0f} s)", flush=True)

    for noise, alike in kinds:
        rng = np.random.default_rng([given.seed, list(NOISES).index(noise), alike])
        for variants in MOST_SEEDS:
            row = row_of_looks(rng, noise, variants, given.studies, alike=alike)
            told(f"looks, {variants}", noise, alike, row)
        few = given.studies // 10
        told("intervals", noise, alike, row_of_intervals(rng, noise, few, alike=alike))
        told("alike", noise, alike, row_of_alike(rng, noise, given.studies, alike=alike))
        row = row_of_confirmation(rng, noise, given.studies, alike=alike)
        told("confirmation", noise, alike, row)
        if alike:
            for between in (0.25, 1.0):
                row = row_of_searches(rng, noise, given.studies, between)
                told(f"searches, {between:g}", noise, alike, row)


if __name__ == "__main__":
    main()
