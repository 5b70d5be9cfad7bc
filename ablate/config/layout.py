"""Lays the variants of a design out over search spaces."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from ablate.config.checks import ONLY_WITH
from ablate.config.tuning import unknown_parameter
from ablate.config.validation import validate_setting
from ablate.config.words import is_setting
from ablate.errors import Problem, did_you_mean, shown
from ablate.spec.space import Scalar, label, same
from ablate.spec.study import SPACE, Architecture, DesignName, Variant
from ablate.spec.training import SETTINGS, TrainingSettings

NOT_VARIED = ("backend", "early_stopping", "plateau", "weighted_metrics")
"""Training settings that are the same for all variants of a study."""
MANY = 256
"""Factorial designs with more cells than this need the user's consent."""
TOO_MANY = 10_000
BASELINE = "baseline"
OWN_KEYS = ("design", "baseline", "components", "pairs", "variants")
"""The keys of ``[vary]`` that are not parameters."""


@dataclass(frozen=True)
class Layout:
    """Lays variants out over search spaces."""

    architectures: Sequence[Architecture]
    training: TrainingSettings
    where: str
    problems: list[Problem]

    def problem(self, rule: str, key: str, found: Any = None, hint: str = "") -> None:
        """Notes what is wrong."""
        problem = Problem(self.where, rule, key, found, hint)
        if problem not in self.problems:
            self.problems.append(problem)

    def factors(self, listed: Mapping[str, Any]) -> dict[str, tuple[Scalar, ...]]:
        """The varied parameters and settings, each with the values listed for it."""
        factors = {}
        for name, values in listed.items():
            key = f"vary.{name}"
            if not isinstance(values, list) or not values:
                self.problem("must be a list of values", key, values)
                continue
            checked = [self.value(name, value, key, self.architectures) for value in values]
            given = [value for value in checked if value is not None]
            for index, value in enumerate(given):
                if any(same(value, earlier) for earlier in given[:index]):
                    self.problem(f"lists {shown(value)} twice", key)
            factors[name] = tuple(given)
        return factors

    def value(
        self, name: str, value: Any, key: str, architectures: Iterable[Architecture]
    ) -> Scalar | None:
        """One value, in its parameter's own type; None when it is wrong."""
        before = len(self.problems)
        if any(name == parameter.name for found in architectures for parameter in found.tuned):
            rule = "is tuned under [tune]; it is either varied or tuned"
            if (problem := Problem(self.where, rule, key)) not in self.problems:
                self.problems.append(problem)
            return None
        if is_setting(name, [found.search_space for found in self.architectures]):
            return self._setting(name, value, key)
        for found in architectures:
            space = found.search_space
            if name not in space:
                others = [n for n in SETTINGS if n not in NOT_VARIED]
                others += OWN_KEYS
                problem = unknown_parameter([space], self.where, key, name, others)
                if problem not in self.problems:
                    self.problems.append(problem)
            elif value not in (domain := space[name].domain):
                self.problem(f"must lie in the domain of {name} ({domain})", key, value)
            else:
                value = domain.cast(value)
        scalar: Scalar = value
        return scalar if len(self.problems) == before else None

    def _setting(self, name: str, value: Any, key: str) -> Scalar | None:
        if name in NOT_VARIED:
            self.problem("cannot be varied; set it under [training]", key)
            return None
        wrong: list[Problem] = []
        table = key.removesuffix(f".{name}")
        settings = validate_setting(self.training, name, value, self.where, table, wrong)
        if settings is None:
            self.problems.extend(wrong)
            return None
        scalar: Scalar = settings.flat()[name]
        return scalar

    def base(self, architecture: Architecture, name: str) -> Scalar:
        """The value that a parameter has unless a variant changes it."""
        if name in architecture.search_space:
            default = architecture.search_space[name].default
            return architecture.fix.get(name, default)
        setting: Scalar = self.training.flat()[name]
        return setting

    def one_at_a_time(self, factors: Mapping[str, tuple[Scalar, ...]]) -> list[Variant]:
        """The base of each search space, and each listed value instead of the base's."""
        variants = []
        for found in self.architectures:
            base = {name: self.base(found, name) for name in factors}
            if len(base) == 1:
                ((name, value),) = base.items()
                title = f"{name}={label(value)}"
            else:
                title = "" if len(self.architectures) > 1 else BASELINE
            variants.append(self._variant(found, title, base))
            for name, values in factors.items():
                variants += [
                    self._variant(found, f"{name}={label(value)}", {**base, name: value})
                    for value in values
                    if base[name] is None or not same(value, base[name])
                ]
        if len(variants) < 2:
            self.problem("names nothing to vary: give values, or several search spaces", "vary")
        return variants

    def leave_one_out(self, components: Sequence[str] | None, *, pairs: bool) -> list[Variant]:
        """The base of each search space, and the base without each of its components."""
        variants = []
        for found in self.architectures:
            chosen = self._components(found, components)
            title = "" if len(self.architectures) > 1 else BASELINE
            variants.append(self._variant(found, title, {}))
            taken: list[tuple[str, ...]] = [(name,) for name in chosen]
            taken += list(combinations(chosen, 2)) if pairs else []
            for names in taken:
                off = {name: found.search_space[name].off for name in names}
                values = {name: value for name, value in off.items() if value is not None}
                variants.append(self._variant(found, f"without {', '.join(names)}", values))
        return variants

    def _components(self, found: Architecture, listed: Sequence[str] | None) -> list[str]:
        space = found.search_space
        chosen = list(listed) if listed is not None else self._removable(found)
        key = "vary.components"
        if not chosen:
            rule = f"nothing in the search space {space.name} has an off value that is not taken"
            self.problem(rule, key if listed is not None else "vary.design")
        for name in sorted({name for name in chosen if chosen.count(name) > 1}):
            self.problem(f"names {name} twice", key)
        known = []
        for name in chosen:
            if name not in space:
                hint = did_you_mean(name, self._removable(found))
                rule = f"the search space {space.name} has no parameter {name}"
                self.problem(rule, key, hint=hint)
                continue
            known.append(name)
            if (off := space[name].off) is None:
                hint = did_you_mean(name, self._removable(found))
                self.problem(f"{name} has no off value", key, hint=hint)
            elif same(off, self.base(found, name)):
                self.problem(f"{name} is off already ({shown(off)})", key)
            elif any(parameter.name == name for parameter in found.tuned):
                rule = f"{name} is tuned under [tune]; it is either left out or tuned"
                self.problem(rule, key, hint="list the components to leave out")
        return known

    def _removable(self, found: Architecture) -> list[str]:
        """The components of a search space that can be left out and are not."""
        return [
            parameter.name
            for parameter in found.search_space.parameters
            if parameter.off is not None
            and not same(parameter.off, self.base(found, parameter.name))
        ]

    def factorial(self, factors: Mapping[str, tuple[Scalar, ...]], *, large: bool) -> list[Variant]:
        """Every combination of the listed values, in every search space."""
        size = math.prod(len(values) for values in factors.values()) * len(self.architectures)
        single = [name for name, values in factors.items() if len(values) < 2]
        for name in single:
            self.problem("a factor needs at least two values", f"vary.{name}")
        if single:
            return []
        if len(factors) + (len(self.architectures) > 1) < 2:
            rule = "a factorial design needs at least two things to vary"
            self.problem(rule, "vary.design", hint='use design = "one_at_a_time"')
            return []
        if size > TOO_MANY or (size > MANY and not large):
            rule = f"this factorial design has {size:,} cells, more than {MANY}"
            hint = "vary less" + ("" if size > TOO_MANY else ", or consent with --yes")
            self.problem(rule, "vary.design", hint=hint)
            return []
        combined = [
            dict(zip(factors, levels, strict=True)) for levels in product(*factors.values())
        ]
        return [
            self._variant(found, " ".join(f"{n}={label(v)}" for n, v in values.items()), values)
            for found in self.architectures
            for values in combined
        ]

    def named(self, tables: Mapping[str, Any]) -> list[Variant]:
        """The variants that are written out."""
        variants = []
        spaces = {found.name: found for found in self.architectures}
        for name, table in tables.items():
            key = f"vary.variants.{name}"
            if not isinstance(table, Mapping):
                self.problem("must be a table of values, for example { dropout = 0.0 }", key, table)
                continue
            if not name or len(name) > 100 or not name.isprintable():
                self.problem("a variant's name must be 1 to 100 printable characters", key)
            space = table.get(SPACE, self.architectures[0].name)
            if not isinstance(space, str) or space not in spaces:
                rule = "must be one of the study's search spaces"
                self.problem(rule, f"{key}.{SPACE}", space, did_you_mean(str(space), spaces))
                continue
            values = {
                parameter: self.value(parameter, value, f"{key}.{parameter}", [spaces[space]])
                for parameter, value in table.items()
                if parameter != SPACE
            }
            known = {parameter: v for parameter, v in values.items() if v is not None}
            variants.append(Variant(name=name, search_space=space, values=known))
        return variants

    def baseline(
        self, variants: list[Variant], name: str | None, design: DesignName
    ) -> Variant | None:
        """The variant that the others are compared with; for named ones it may be added first."""
        by_name = {variant.name: variant for variant in variants}
        if name is None and design == "variants":
            name = BASELINE if BASELINE in by_name else None
        if name is not None:
            if name not in by_name:
                hint = did_you_mean(name, by_name)
                self.problem("is not among the variants", "vary.baseline", name, hint)
                return None
            return by_name[name]
        plain = Variant(name=BASELINE, search_space=self.architectures[0].name)
        for variant in variants:
            if self._resolved(variant) == self._resolved(plain):
                return variant
        if design != "variants":
            levels = variants[0].values
            base = (f"{n} = {shown(self.base(self.architectures[0], n))}" for n in levels)
            rule = f"the baseline ({', '.join(base)}) is not among the variants"
            hint = f"name one: baseline = {shown(variants[0].name)}"
            self.problem(rule, "vary.baseline", hint=hint)
            return None
        variants.insert(0, plain)
        return plain

    def check_distinct(self, variants: Sequence[Variant]) -> None:
        """Two variants must not be the same network, trained in the same way."""
        known: dict[str, str] = {}
        for name, count in Counter(variant.name for variant in variants).items():
            if count > 1:
                self.problem(f"{count} variants are called {name}; write them out", "vary")
        for variant in variants:
            other = known.setdefault(self._resolved(variant), variant.name)
            if other != variant.name:
                rule = f"{other} and {variant.name} are the same network, trained in the same way"
                self.problem(rule, "vary")

    def _resolved(self, variant: Variant) -> str:
        """The network and the training of a variant, before anything is tuned, as JSON."""
        found = next(a for a in self.architectures if a.name == variant.search_space)
        space = found.search_space
        training = self.training.flat()
        settings = {name: v for name, v in variant.values.items() if name not in space}
        training |= {name: value for name, value in settings.items() if name in training}
        tuned = {parameter.name for parameter in found.tuned}
        for name, (other, values) in ONLY_WITH.items():
            if other not in tuned and training[other] not in values:
                training.pop(name, None)  # it is ignored
        network = space.complete({**found.fix, **variant.values})
        return json.dumps([found.name, network, training], sort_keys=True, default=str)

    def _variant(
        self, architecture: Architecture, title: str, values: Mapping[str, Scalar | None]
    ) -> Variant:
        several = len(self.architectures) > 1
        name = f"{architecture.name} {title}".strip() if several else title
        given = {parameter: value for parameter, value in values.items() if value is not None}
        return Variant(name=name, search_space=architecture.name, values=given)
