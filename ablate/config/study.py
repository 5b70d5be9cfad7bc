"""Study files: ``studies/NAME.toml``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate import catalog, tasks
from ablate.config.checks import (
    check_exhaustive,
    check_in_use,
    check_loss,
    check_metrics,
    check_monitor,
    check_overlap,
    check_training,
    check_warmup,
    check_weights,
)
from ablate.config.data import parse_datasets
from ablate.config.looks import check_looks, check_searches
from ablate.config.metrics import check_evaluated, parse_metrics
from ablate.config.published import parse_published
from ablate.config.search_space import find_search_space, load_search_space
from ablate.config.splits import with_folds
from ablate.config.tables import (
    LISTS,
    OwnTables,
    Tables,
    names_of,
    nested_names,
    own_tables,
)
from ablate.config.toml import override, read_toml
from ablate.config.tuning import TuneTable, fixed_parameters, listed_parameters, tuned_parameters
from ablate.config.validation import validate
from ablate.config.variants import Variants, check_distinct, only_defaults, parse_variants
from ablate.config.words import own_keys
from ablate.errors import InputError, Problem, did_you_mean
from ablate.spec.identity import RULES, under_rules
from ablate.spec.measure import OBJECTIVE
from ablate.spec.published import Published
from ablate.spec.space import Parameter, SearchSpace
from ablate.spec.study import (
    Architecture,
    StudySpec,
)
from ablate.spec.training import TrainingSettings


def find_study(name: str) -> Path:
    """The file that a study's name or path stands for.

    A name without a slash and ``.toml`` is looked for in ``./studies``, then among the studies
    that ship with ablate.

    Raises:
        InputError: there is none.
    """
    path = Path(name)
    if path.suffix == ".toml" or len(path.parts) > 1:
        if path.is_dir():
            raise InputError(Problem(name, "is a folder", hint="name a study file"))
        if not path.is_file():
            hint = did_you_mean(path.stem, catalog.shipped("studies"))
            raise InputError(Problem(name, "there is no such study file", hint=hint))
        return path
    known = {p.stem: p for p in sorted(Path("studies").glob("*.toml"))}
    known = catalog.shipped("studies") | known
    if name not in known:
        own = f"{name}.toml"
        hint = f'did you mean "{own}"?' if Path(own).is_file() else did_you_mean(name, known)
        raise InputError(Problem(name, "unknown study", hint=hint))
    return known[name]


def load_study(
    path: Path,
    settings: Sequence[str] = (),
    environment: Mapping[str, str] = os.environ,
    *,
    large: bool = False,
    rules: int = RULES,
) -> StudySpec:
    """Reads and checks a study file, its search spaces and its architectures' arguments.

    Args:
        path: the study file.
        settings: ``dotted.key=value`` overrides.
        environment: where ABLATE_DATA_HOME and KERAS_BACKEND are looked up.
        large: whether a factorial design may have more than 256 cells.
        rules: the version of the rules whose defaults what is left out has.

    Raises:
        InputError: anything is wrong; holds every problem found.
    """
    where, problems = str(path), list[Problem]()
    written = under_rules(override(read_toml(path), settings), rules)
    tables = validate(Tables, written, where, "", problems)
    if tables is None:
        raise InputError(*problems)
    tables = tables.with_dotted_names()
    lists = {key: names_of(tables.study.get(key), key, where, problems) for key in LISTS}
    unread: list[Problem] = []
    spaces = _search_spaces(lists["search_space"] or (), path, unread)
    given = _given_task(tables.study.get("task"), where, problems)
    names = lists["dataset"] or ()
    of_data: list[Problem] = []
    datasets = parse_datasets(names, tables.data, path, environment, of_data, given)
    task = tasks.find(given or (datasets[0].task if datasets else tasks.DEFAULT))
    own = own_tables(
        tables, lists, [space for space, _ in spaces], environment, where, problems, task
    )
    problems += of_data
    datasets = with_folds(datasets, own.replicate, tables.data, where, problems)
    problems += unread
    compared = None
    if spaces and len(spaces) == len(lists["search_space"] or ()):
        compared = _compared(tables, own, spaces, names, where, problems, task, large=large)
    variants = None if compared is None else compared.variants
    if own.replicate is not None and variants is not None:
        count = len(names) * (len(variants.variants) - 1)
        check_looks(own.replicate, count, where, problems)
        check_searches(own.replicate, where, problems, is_tuned=tables.tune is not None)
    always = task.measures
    metrics = tuple(name for name in lists["metrics"] or () if name not in always)
    metric = None if own.replicate is None else own.replicate.metric
    user_metrics = parse_metrics(tables.metrics, path, problems)
    check_evaluated(user_metrics, [file for _, file in spaces], path, problems)
    own_names = tuple(tables.metrics)
    objective = OBJECTIVE if own.study is None else own.study.objective
    check_metrics(task.name, metrics, metric, where, problems, own_names, objective)
    if own.training is not None:
        scores = [name for name in (*always, *metrics, *own_names) if name != "loss"]
        check_monitor(own.training, scores, where, problems)
        architectures = () if compared is None else compared.architectures
        compares = () if variants is None else variants.variants
        check_warmup(own.training, architectures, compares, where, problems)
        changed = {"vary": tables.vary or {}, "tune": tables.tune or {}}
        check_weights(own.training, task, datasets, changed, where, problems)
    if problems or compared is None or variants is None or not own.are_right or not datasets:
        raise InputError(*problems)
    assert own.study and own.training and own.artifacts and own.resources
    return StudySpec(
        name=own.study.name,
        description=own.study.description,
        conclusion=own.study.conclusion,
        seed=own.study.seed,
        datasets=datasets,
        architectures=compared.architectures,
        training=own.training,
        design=variants.design,
        factors=variants.factors,
        variants=variants.variants,
        baseline=variants.baseline,
        tune=own.tune.settings if own.tune is not None else None,
        replicate=own.replicate,
        metrics=metrics,
        user_metrics=user_metrics,
        objective=objective,
        published=compared.published,
        artifacts=own.artifacts,
        resources=own.resources,
        path=str(path),
        text=path.read_text(encoding="utf-8"),
        settings=tuple(settings),
        rules=rules,
    )


def _given_task(name: Any, where: str, problems: list[Problem]) -> str | None:
    """The task that a study names; None where it names none, or none that there is."""
    if name is None or (isinstance(name, str) and name in tasks.names()):
        return name
    rule = f"must be one of {', '.join(tasks.names())}"
    hint = did_you_mean(name, tasks.names()) if isinstance(name, str) else ""
    problems.append(Problem(where, rule, "study.task", name, hint))
    return None


@dataclass(frozen=True)
class _Compared:
    """What a study compares."""

    architectures: tuple[Architecture, ...]
    variants: Variants | None
    """None where ``[vary]`` is wrong."""
    published: tuple[Published, ...]


def _compared(
    tables: Tables,
    own: OwnTables,
    spaces: Sequence[tuple[SearchSpace, catalog.ArchitectureFile]],
    datasets: Sequence[str],
    where: str,
    problems: list[Problem],
    task: tasks.Task,
    *,
    large: bool,
) -> _Compared:
    """Checks what is fixed, tuned and varied of the search spaces, and all that depends on it."""
    # What depends on a table that is itself wrong is checked against its defaults.
    known = own.training or TrainingSettings.model_validate({"loss": task.loss})
    architectures = _architectures(spaces, tables, known, where, problems)
    variants: Variants | None = only_defaults(architectures)
    if tables.vary is not None:
        variants = parse_variants(tables.vary, architectures, known, where, problems, large=large)
    listed = () if variants is None else variants.variants
    for architecture in architectures if variants is not None else ():
        check_in_use(architecture, listed, where, problems)
        if own.training is not None:
            file = next(file for space, file in spaces if space.name == architecture.name)
            asked = catalog.arguments_of(file).names
            check_training(
                own.training, tables.training, architecture, listed, where, problems, task, asked
            )
            check_loss(own.training, task, architecture, listed, where, problems)
    if variants is not None and not problems:
        check_distinct(listed, architectures, known, where, problems)
    if own.tune is not None:
        tuned = {p.name: p for architecture in architectures for p in architecture.tuned}
        check_exhaustive(own.tune.sampler, list(tuned.values()), where, problems)
    published: tuple[Published, ...] = ()
    if variants is not None:
        names = [variant.name for variant in listed]
        is_tested = tables.replicate is not None
        published = parse_published(
            tables.published, names, datasets, where, problems, is_tested=is_tested
        )
    return _Compared(architectures, variants, published)


def _search_spaces(
    names: Sequence[str], path: Path, problems: list[Problem]
) -> list[tuple[SearchSpace, catalog.ArchitectureFile]]:
    """The search spaces of a study that can be read, each with its architecture's file."""
    found: list[tuple[SearchSpace, catalog.ArchitectureFile]] = []
    for name in names:
        try:
            file = find_search_space(name, path.parent)
        except InputError as error:
            problems += [
                Problem(str(path), p.rule, "study.search_space", p.where, p.hint)
                for p in error.problems
                if isinstance(p, Problem)
            ]
            continue
        try:
            space, architecture = load_search_space(file)
        except InputError as error:
            problems += [p for p in error.problems if isinstance(p, Problem)]
            continue
        if any(space.name == other.name for other, _ in found):
            rule = f"two search spaces are called {space.name}; rename one of the files"
            problems.append(Problem(str(path), rule, "study.search_space"))
        found.append((space, architecture))
    return found


def _architectures(
    found: Sequence[tuple[SearchSpace, catalog.ArchitectureFile]],
    tables: Tables,
    training: TrainingSettings,
    where: str,
    problems: list[Problem],
) -> tuple[Architecture, ...]:
    """The search spaces with what is fixed and tuned of each."""
    spaces = [space for space, _ in found]
    fixed = fixed_parameters(tables.fix, spaces, where, problems)
    tuned: Mapping[str, tuple[Parameter, ...]] = {}
    if tables.tune is not None:
        own = own_keys(TuneTable, tables.tune, spaces)
        domains = {key: table for key, table in tables.tune.items() if key not in own}
        listed = listed_parameters(tables.tune.get("parameters", ()), spaces, where, problems)
        tuned = tuned_parameters(listed, domains, spaces, training, where, problems)
        names = dict.fromkeys(p.name for parameters in tuned.values() for p in parameters)
        given = {name for values in fixed.values() for name in values}
        written = nested_names(tables.training, "plateau")
        check_overlap(names, given, written, where, problems)
    return tuple(
        Architecture(
            search_space=space,
            source=str(file.source) if file.is_users else None,
            digest=file.digest if file.is_users else None,
            fix=fixed[space.name],
            tuned=tuned.get(space.name, ()),
        )
        for space, file in found
    )
