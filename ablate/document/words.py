"""How numbers, differences and verdicts are written, the same in every format."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ablate.spec.environment import Environment
    from ablate.spec.measure import Metric
    from ablate.spec.study import ReplicateSettings
    from ablate.statistics import Comparison, Difference, Interval

NOTHING = "-"


def score(value: float) -> str:
    """A score or a loss in four digits."""
    return f"{value:.4f}".replace("-", "−")


def interval(found: Interval) -> str:
    """A mean with the half-width of its interval."""
    if found.low is None or found.high is None:
        return score(found.mean)
    return f"{score(found.mean)} ± {score((found.high - found.low) / 2)}"


def span(found: Interval, write: Callable[[float], str]) -> str:
    """Both ends of an interval."""
    if found.low is None or found.high is None:
        return NOTHING
    return f"{write(found.low)} to {write(found.high)}"


def signed(value: float, digits: int) -> str:
    """A difference with its sign, a true minus among them."""
    text = f"{value:+.{digits}f}"
    return text.replace("-", "−") if float(text) else f"{0:.{digits}f}"


def difference(found: Difference, metric: Metric) -> str:
    """A mean difference with its interval, in the metric's unit."""
    digits = 2 if metric.unit else 4
    text = signed(found.mean * metric.scale, digits)
    if found.low is None or found.high is None:
        return text
    low, high = (signed(value * metric.scale, digits) for value in (found.low, found.high))
    return f"{text} [{low}, {high}]"


def median(found: Comparison, metric: Metric) -> str:
    """The median of paired differences with its interval, in the metric's unit."""
    one = found.median
    return difference(replace(found.difference, mean=one.mean, low=one.low, high=one.high), metric)


def both_ends(ends: tuple[float, float] | None, metric: Metric) -> str:
    """The ends of an interval of a difference, in the metric's unit."""
    if ends is None:
        return NOTHING
    digits = 2 if metric.unit else 4
    low, high = (signed(value * metric.scale, digits) for value in ends)
    return f"[{low}, {high}]"


def ratio(found: Interval) -> str:
    """A ratio with its interval, which lies differently wide on both sides."""
    if found.low is None or found.high is None:
        return f"{found.mean:.2f}"
    return f"{found.mean:.2f} [{found.low:.2f}, {found.high:.2f}]"


def sampled(counts: Sequence[int]) -> str:
    """What must be known of the copies on a data card that are not those of all images."""
    train, test = counts
    return f"copies counted on a sample of {train:,} training and {test:,} test images"


def side_by_side(workers: Sequence[int]) -> str | None:
    """What must be known of training times; None where one trial was trained at a time."""
    if len(workers) > 1:
        *some, most = (str(count) for count in workers)
        return (
            f"Not all were trained with the same number side by side ({', '.join(some)} and {most}): their "
            "times do not compare. Train again with --fresh to compare times."
        )
    if workers and workers[0] > 1:
        return (
            f"{workers[0]} were trained side by side: times are longer than alone, and compare with each "
            "other only."
        )
    return None


def p_value(value: float | None) -> str:
    """A p-value in three digits."""
    if value is None:
        return NOTHING
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def count(value: int | None) -> str:
    """A whole number with separators."""
    return NOTHING if value is None else f"{value:,}"


def number(value: Any) -> str:
    """A hyperparameter's value."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def configuration(values: Mapping[str, Any]) -> str:
    """Hyperparameters in one line."""
    return " ".join(f"{name}={number(value)}" for name, value in values.items())


def amount(value: float, metric: Metric) -> str:
    """A size of a difference, without a sign, in the metric's unit, in two digits at least."""
    scaled = abs(value) * metric.scale
    digits = max(0, 1 - math.floor(math.log10(scaled))) if scaled > 0 else 1
    return f"{scaled:.{min(digits, 6)}f} {metric.unit}".strip()


def verdict(found: Comparison, metric: Metric, noun: str = "seed", planned: int = 0) -> str:
    """What a comparison says, in words.

    Args:
        found: the comparison.
        metric: what it is about.
        noun: what one pair stands for.
        planned: how many pairs there are when the study is complete.
    """
    pairs = found.difference.n
    match found.verdict:
        case "not yet":
            return f"not yet: {pairs} of {planned} {several(noun)}" if planned else "not yet"
        case "better" | "worse" if found.is_alike:
            return f"{found.verdict}, and within the margin"
        case "too few seeds":
            seeds = "1 pair" if pairs == 1 else f"{pairs} pairs"
            return f"cannot be told from {seeds}: needs {found.needed} {several(noun)}"
        case "identical":
            return "identical in every pair"
        case "no detectable difference" if found.look is not None:
            return f"no detectable difference (stopped at {found.look})"
        case "better" | "worse" | "alike" if found.look is not None:
            return f"{found.verdict} (decided at {found.look})"
        case "no detectable difference" if found.detectable is not None:
            seen = amount(found.detectable, metric)
            return f"no detectable difference: this study could have seen {seen}"
    return found.verdict


def replicates(settings: ReplicateSettings) -> str:
    """How often each variant is trained again: seeds, or folds."""
    if settings.folds is None:
        return plural(settings.count, "seed")
    cuts = "" if settings.fold_repeats == 1 else f" cut {settings.fold_repeats} times"
    return f"{settings.folds} folds{cuts}"


def plural(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {several(noun)}"


def several(noun: str) -> str:
    """A noun for more than one."""
    return f"{noun}es" if noun.endswith("ch") else f"{noun}s"


def span_of(counts: Sequence[int]) -> str:
    """The only count there is, or the fewest and the most."""
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def listed(names: list[str]) -> str:
    """Names as a list in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def environment_line(environment: Environment) -> str:
    """Device and versions in one line."""
    versions = ", ".join(f"{name} {version}" for name, version in environment.versions.items())
    device, processor, commit = environment.device, environment.processor, environment.commit
    parts = [
        device if processor is None else processor if device == "cpu" else f"{device}, {processor}",
        f"{environment.cores} cores",
        f"backend {environment.backend}",
        f"Python {environment.python}",
    ]
    return ", ".join([*parts, versions, *([f"commit {commit}"] if commit else [])])


def parameters_text(parameters: Mapping[str, Any]) -> str:
    """Hyperparameters as ``name=value``, numbers in four digits."""
    return " ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in parameters.items()
    )


def duration(seconds: float) -> str:
    """A time as people say it: ``48 s``, ``3 min 20 s``, ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def examples(shape: Any) -> tuple[str, str]:
    """What the examples of a data set are called, and how large one is.

    Args:
        shape: of one example; of several inputs each, by name. As a data card holds it, too.
    """
    noun = called(shape)
    if isinstance(shape, Mapping):
        each = ", ".join(f"{name} ({_by(size)})" for name, size in shape.items())
        return noun, f"{len(shape)} inputs: {each}"
    if noun == "images":
        return noun, f"{_by(shape)} (height x width x channels)"
    return noun, plural(shape[0], "number") if noun == "rows" else _by(shape)


def called(shape: Any) -> str:
    """What the examples of a data set are called, by the shape of one; None where it is not known."""
    if shape is None or isinstance(shape, Mapping):
        return "examples"
    return {3: "images", 1: "rows"}.get(len(shape), "examples")


def one_of(noun: str) -> str:
    """One of such examples, with its article."""
    return f"{'a' if noun == 'rows' else 'an'} {noun.removesuffix('s')}"


def _by(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape)) or "one number"
