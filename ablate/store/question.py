"""What a stored study asks: read, whichever version wrote it, and compared with a study file."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

from optuna import load_study
from pydantic import ValidationError

from ablate.document.words import called
from ablate.errors import InputError, Problem, shown
from ablate.planning.plan import parts
from ablate.spec.identity import RULES, under_rules
from ablate.spec.study import StudySpec
from ablate.store.attributes import (
    CARDS,
    CELL,
    DATA,
    ENVIRONMENT,
    PHASE,
    QUESTION,
    SPEC,
    STUDY,
    Bearer,
)
from ablate.store.code import code_problems

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage
    from optuna.study._frozen import FrozenStudy

PACKAGE = "keras-ablate"
ANEW = "rename the study to keep both, or run with --fresh to delete the old one's trials"

OF_VERDICTS = ("replicate.metric", "replicate.margin", "replicate.looks")
"""What no search depends on."""


class OtherVersionError(InputError):
    """A study that another version of ablate stored, and that this one cannot read.

    Args:
        name: the study's name.
        writer: the version that wrote it, see `writer_of`.
        what: what of it cannot be read.
    """

    def __init__(self, name: str, writer: str, what: str) -> None:
        self.writer = writer
        rule = f"was stored by {writer}, and {this_version()} cannot read it: {what}"
        hint = f"read it with that version, or remove it: ablate delete {name}"
        super().__init__(Problem(name, rule, hint=hint))


def this_version() -> str:
    """The version of ablate that runs."""
    return f"ablate {version(PACKAGE)}"


def parts_by_study(storage: BaseStorage) -> dict[str, list[Study]]:
    """The Optuna studies of each study, by the study's name."""
    found: defaultdict[str, list[Study]] = defaultdict(list)
    for one in storage.get_all_studies():
        name = STUDY.of(one)
        if name is not None:
            found[name].append(load_study(study_name=one.study_name, storage=storage))
    return dict(found)


def own_parts(storage: BaseStorage, name: str) -> list[Study]:
    """The Optuna studies of one study."""
    return [
        load_study(study_name=one.study_name, storage=storage)
        for one in storage.get_all_studies()
        if STUDY.of(one) == name
    ]


def asked(own: Iterable[Study]) -> StudySpec | None:
    """What a study asks, as it was run last; None where its parts do not say so yet.

    Raises:
        OtherVersionError: they say it in words that are not known here.
    """
    studies = list(own)
    described = next((part for part in studies if SPEC.is_on(part)), None)
    if described is None:
        return None
    written = SPEC.of(described) or {}
    try:
        # What was written before there were rules was written under the first.
        filled = under_rules(written, int(written.get("rules", 1)))
        return StudySpec.model_validate_json(json.dumps(filled))
    except (ValidationError, TypeError, ValueError) as error:
        name, writer = str(STUDY.of(described)), writer_of(studies)
        raise OtherVersionError(name, writer, _first_fault(error)) from error


def writer_of(own: Iterable[Study]) -> str:
    """The version of ablate that trained a study's latest trial, as far as its trials say so."""
    trials = [trial for part in own for trial in part.get_trials(deepcopy=False)]
    trained = [trial for trial in trials if ENVIRONMENT.is_on(trial) and trial.datetime_start]
    if not trained:
        return "another version of ablate"
    latest = max(trained, key=lambda trial: str(trial.datetime_start))
    noted = latest.user_attrs[ENVIRONMENT.name]  # of a version whose records may differ from ours
    number = (noted.get("versions") or {}).get(PACKAGE, "of an unknown version")
    commit = str(noted.get("commit") or "").removesuffix("-dirty")
    return f"ablate {number} (commit {commit[:7]})" if commit else f"ablate {number}"


def _first_fault(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    fault, *more = error.errors(include_url=False, include_input=False)
    key = ".".join(str(part) for part in fault["loc"])
    others = f", and {len(more)} more" if more else ""
    return f"{key}: {fault['msg'][0].lower()}{fault['msg'][1:]}{others}"


def begun_rules(storage: BaseStorage, name: str) -> int | None:
    """The version of the rules that a stored study was begun under; None where there is none.

    Raises:
        OtherVersionError: it cannot be read.
    """
    spec = asked(own_parts(storage, name))
    return None if spec is None else spec.rules


def check_question(
    storage: BaseStorage, study: StudySpec, digests: Mapping[str, str] | None = None
) -> None:
    """Makes sure that a stored study of the same name, if there is one, asks the same.

    Args:
        storage: the storage.
        study: the study file.
        digests: the digest of each data set's images, where they are known already.

    Raises:
        InputError: it asks something else; holds every difference.
    """
    named = {one.study_name: one for one in storage.get_all_studies()}
    for part in parts(study):
        if part.name in named and not _is_ours(storage, named[part.name], study):
            rule = f"the storage holds a study {part.name} that was not made by this study"
            raise InputError(Problem(study.path, rule, "study.name", hint="rename yours"))
    own = own_parts(storage, study.name)
    described = next((part for part in own if QUESTION.is_on(part)), None)
    stored = asked(own)
    if described is None or stored is None:
        return
    tested = any(PHASE.of(part) == "replicate" and part.get_trials(deepcopy=False) for part in own)
    problems = _rule_problems(stored, study) or _differences(stored, study, tested=tested)
    if not problems:
        problems = _data_problems(described, study, digests or {})
        problems += code_problems(study, described, ANEW)
    if problems:
        raise InputError(*problems)


def _rule_problems(stored: StudySpec, study: StudySpec) -> list[Problem]:
    """Where the two were read under different rules, they cannot be compared."""
    if stored.rules == study.rules:
        return []
    rule = f"the stored study {study.name} was begun under version {stored.rules} of the rules"
    if stored.rules > RULES:
        rule += f", and {this_version()} knows only those up to {RULES}"
        hint = "go on with a later version, or run with --fresh to delete its trials"
    else:
        rule += f", and this file was read under version {study.rules}"
        hint = "read it under the same"
    return [Problem(study.path, rule, hint=hint)]


def _differences(stored: StudySpec, study: StudySpec, *, tested: bool) -> list[Problem]:
    """What is asked otherwise: of verdicts only where something was tested already."""
    then_asked, now_asked = stored.question(), study.question()
    others = _other_variants(then_asked, now_asked, study)
    old, new = _flat(then_asked), _flat(now_asked)
    problems = []
    for key in sorted(old.keys() | new.keys()):
        then, now = old.get(key), new.get(key)
        if then == now or (key in OF_VERDICTS and not tested):
            continue
        rule = f"the stored study {study.name} has {_told(then)}, this file has {_told(now)}"
        where = key
        if key.rpartition(".")[2] == "architecture_digest":
            where = "study.search_space"
            if then and now:  # two hashes would tell nobody anything
                source = next(a.source for a in study.architectures if a.digest == now)
                rule = f"{source} has changed since the study {study.name} was begun"
        problems.append(Problem(study.path, rule, where, hint=ANEW))
    return problems + others


def _other_variants(old: dict[str, Any], new: dict[str, Any], study: StudySpec) -> list[Problem]:
    """Variants that one of two questions alone has, which are taken out of it."""
    before, after = (
        {one["name"] for one in asked.get("vary", {}).get("variants", [])} for asked in (old, new)
    )
    for asked in (old, new):
        if "vary" in asked:
            listed = [one for one in asked["vary"]["variants"] if one["name"] in before & after]
            kept = {"variants": listed} if listed else {}
            asked["vary"] = {"baseline": asked["vary"]["baseline"], **kept}
    problems = []
    for name in sorted(before ^ after, key=lambda name: (name in before, name)):
        rule = f"the variant {name} is gone, which the stored study {study.name} has"
        if name in after:
            rule = f"the variant {name} is new: the stored study {study.name} does not have it"
        problems.append(Problem(study.path, rule, "vary.variants", hint=ANEW))
    return problems


def _told(value: object) -> str:
    return "nothing" if value is None else shown(value)


def _data_problems(
    described: Bearer, study: StudySpec, digests: Mapping[str, str]
) -> list[Problem]:
    stored, cards = DATA.of(described) or {}, CARDS.of(described) or {}
    problems = []
    for name, digest in digests.items():
        if stored.get(name) != digest:
            noun = called(cards.get(name, {}).get("image"))
            rule = (
                f"the {name} {noun} are not those that the stored study {study.name} was trained on"
            )
            problems.append(Problem(study.path, rule, "study.dataset", hint=ANEW))
    return problems


def _is_ours(storage: BaseStorage, one: FrozenStudy, study: StudySpec) -> bool:
    """Whether an Optuna study is a part of a study; one cut off while it was made is."""
    if STUDY.of(one) == study.name:
        return True
    is_bare = set(one.user_attrs) <= {PHASE.name, CELL.name}
    return is_bare and storage.get_n_trials(one._study_id) == 0


def _flat(value: object, prefix: str = "") -> dict[str, object]:
    """Nested tables as dotted keys; lists of named tables by their names."""
    if (
        isinstance(value, list)
        and value
        and all(isinstance(v, dict) and "name" in v for v in value)
    ):
        value = {cast("dict[str, object]", item)["name"]: item for item in value}
    if not isinstance(value, dict):
        return {prefix: value}
    flat: dict[str, object] = {}
    for key, inner in value.items():
        flat |= _flat(inner, f"{prefix}.{key}" if prefix else str(key))
    return flat
