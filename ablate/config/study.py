"""Study files: ``studies/NAME.toml``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import Field, PositiveInt

from ablate import catalog
from ablate.config.search_space import (
    OWN_KEYS,
    TABLE_RULE,
    check_conditions,
    conditions_first,
    find_search_space,
    load_search_space,
    parse_domain,
    parse_parameter,
)
from ablate.config.toml import override, read_toml
from ablate.config.validation import validate
from ablate.errors import InputError, Problem, did_you_mean, shown
from ablate.pruners import Median, PrunerSettings
from ablate.samplers import EXHAUSTIVE, SamplerSettings, Tpe
from ablate.space import Choices, Domain, Frozen, Parameter, Range, Scalar, SearchSpace
from ablate.spec import Backend, DataSettings, StudySpec, TrainingSettings, TuneSettings

HOME_VARIABLE = "ABLATE_DATA_HOME"
"""The environment variable that names the folder for data files."""


NOT_TUNABLE = ("backend", "checkpoint", "dtype_policy", "early_stopping", "plateau")
"""Training settings that are the same for all trials of a study."""


class _Study(Frozen):
    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
    description: str = ""
    dataset: str
    search_space: str
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


class _Tables(Frozen):
    study: Mapping[str, Any]
    training: Mapping[str, Any] = {}
    data: Mapping[str, Any] = {}
    tune: Mapping[str, Any]
    fix: Mapping[str, Any] = {}


class _Tune(Frozen):
    trials: PositiveInt
    sampler: SamplerSettings = Tpe()
    pruner: PrunerSettings = Median()
    parameters: Any = ()


def find_study(name: str) -> Path:
    """The file that a study's name or path stands for.

    A name without a slash and ``.toml`` is looked for in ``./studies``, then among the studies
    that ship with ablate.

    Raises:
        InputError: there is none.
    """
    path = Path(name)
    if path.suffix == ".toml" or len(path.parts) > 1:
        if not path.is_file():
            hint = did_you_mean(path.stem, catalog.shipped("studies"))
            raise InputError(Problem(name, "there is no such study file", hint=hint))
        return path
    known = {p.stem: p for p in sorted(Path("studies").glob("*.toml"))}
    known = catalog.shipped("studies") | known
    if name not in known:
        raise InputError(Problem(name, "unknown study", hint=did_you_mean(name, known)))
    return known[name]


def load_study(
    path: Path, settings: Sequence[str] = (), environment: Mapping[str, str] = os.environ
) -> StudySpec:
    """Reads and checks a study file, its search space and its architecture's arguments.

    Args:
        path: the study file.
        settings: ``dotted.key=value`` overrides.
        environment: where ABLATE_DATA_HOME and KERAS_BACKEND are looked up.

    Raises:
        InputError: anything is wrong; holds every problem found.
    """
    where, problems = str(path), list[Problem]()
    tables = validate(_Tables, override(read_toml(path), settings), where, "", problems)
    if tables is None:
        raise InputError(*problems)
    study = validate(_Study, tables.study, where, "study", problems)
    backend = _environment_backend(environment, problems)
    training = validate(
        TrainingSettings, {**backend, **tables.training}, where, "training", problems
    )
    own = {key: value for key, value in tables.tune.items() if key in _Tune.model_fields}
    tune = validate(_Tune, own, where, "tune", problems)
    data: DataSettings | None = None
    if isinstance(dataset := tables.study.get("dataset"), str):
        data = _data(dataset, tables.data, path, environment, problems)
    space: SearchSpace | None = None
    architecture: catalog.ArchitectureFile | None = None
    if isinstance(space_name := tables.study.get("search_space"), str):
        try:
            space_file = find_search_space(space_name, path.parent)
        except InputError as error:
            problems += [
                Problem(where, p.rule, "study.search_space", p.where, p.hint)
                for p in error.problems
                if isinstance(p, Problem)
            ]
        else:
            try:
                space, architecture = load_search_space(space_file)
            except InputError as error:
                problems += [p for p in error.problems if isinstance(p, Problem)]
    fixed: dict[str, Scalar] = {}
    tuned: tuple[Parameter, ...] = ()
    if space is not None:
        # What depends on a table that is itself wrong is checked against its defaults.
        known_training = training or TrainingSettings()
        fixed = _fixed(tables.fix, space, where, problems)
        domains = {k: v for k, v in tables.tune.items() if k not in _Tune.model_fields}
        listed = _listed(tables.tune.get("parameters", ()), space, where, problems)
        tuned = _tuned(listed, domains, space, known_training, where, problems)
        _check_overlap(tuned, fixed, tables.training, where, problems)
        _check_in_use(space, tuned, fixed, where, problems)
        if training is not None:
            _check_training(training, tables.training, tuned, where, problems)
        if tune is not None:
            _check_exhaustive(tune, tuned, where, problems)
    if problems or not (study and training and data and space and tune and architecture):
        raise InputError(*problems)
    return StudySpec(
        name=study.name,
        description=study.description,
        seed=study.seed,
        data=data,
        search_space=space,
        architecture_source=str(architecture.source) if architecture.is_users else None,
        architecture_digest=architecture.digest if architecture.is_users else None,
        training=training,
        fix=fixed,
        tune=TuneSettings(
            trials=tune.trials, sampler=tune.sampler, pruner=tune.pruner, parameters=tuned
        ),
        path=str(path),
    )


def _environment_backend(environment: Mapping[str, str], problems: list[Problem]) -> dict[str, str]:
    backend = environment.get("KERAS_BACKEND")
    if not backend:
        return {}
    known = get_args(Backend)
    if backend not in known:
        rule = f"must be one of {', '.join(known)}"
        problems.append(Problem("the environment variable KERAS_BACKEND", rule, found=backend))
        return {}
    return {"backend": backend}


def load_data_settings(
    dataset: str, table: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> DataSettings:
    """Checks a data set's name and options that do not come from a study file.

    Raises:
        InputError: anything is wrong.
    """
    problems: list[Problem] = []
    settings = _data(dataset, table, Path("--set"), environment, problems)
    if settings is None:
        raise InputError(*problems)
    return settings


def _data(
    dataset: str,
    table: Mapping[str, Any],
    path: Path,
    environment: Mapping[str, str],
    problems: list[Problem],
) -> DataSettings | None:
    """The ``[data]`` table: keys that every set has, and the set's own options."""
    where = str(path)
    known = catalog.available("datasets")
    if dataset not in known:
        hint = did_you_mean(dataset, known)
        problems.append(Problem(where, "unknown data set", "study.dataset", dataset, hint))
        return None
    common = ("per_class", "test_per_class", "validation", "home")
    options_model = catalog.load("datasets", dataset).Options
    own = {key: value for key, value in table.items() if key not in common}
    keys = [*common, *options_model.model_fields]
    before = len(problems)
    for key in [key for key in own if key not in options_model.model_fields]:
        hint = did_you_mean(key, keys)
        problems.append(Problem(where, "unknown key", f"data.{key}", hint=hint))
        del own[key]
    options = validate(options_model, own, where, "data", problems)
    home = table.get("home")
    if isinstance(home, str) and home:
        home = str((path.parent / Path(home).expanduser()).resolve())
    settings = validate(
        DataSettings,
        {key: table[key] for key in common if key in table}
        | {"dataset": dataset, "folder": str(path.parent.resolve())}
        | {"home": home if "home" in table else _environment_home(environment)}
        | {"options": options.model_dump(mode="json") if options is not None else {}},
        where,
        "data",
        problems,
    )
    return settings if len(problems) == before else None


def _environment_home(environment: Mapping[str, str]) -> str | None:
    home = environment.get(HOME_VARIABLE)
    return str(Path(home).expanduser().resolve()) if home else None


def _fixed(
    table: Mapping[str, Any], space: SearchSpace, where: str, problems: list[Problem]
) -> dict[str, Scalar]:
    fixed: dict[str, Scalar] = {}
    for name, value in table.items():
        key = f"fix.{name}"
        if name in TrainingSettings.model_fields:
            problems.append(Problem(where, "is a training setting; give it under [training]", key))
        elif name not in space:
            problems.append(_unknown_parameter(space, where, key, name, training=False))
        elif value not in (domain := space[name].domain):
            rule = f"must lie in the domain of {name} ({domain})"
            problems.append(Problem(where, rule, key, value))
        else:
            fixed[name] = domain.cast(value)
    return fixed


def _listed(
    value: Any, space: SearchSpace, where: str, problems: list[Problem]
) -> list[str] | None:
    """``tune.parameters``: names of search-space parameters, or ``"all"``; None if it is wrong."""
    key = "tune.parameters"
    if value == "all":
        return list(space.names)
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        rule = 'must be a list of parameters of the search space, or "all"'
        problems.append(Problem(where, rule, key, value))
        return None
    unknown = [name for name in value if name not in space]
    for name in unknown:
        problems.append(_unknown_parameter(space, where, key, name, training=False))
    return None if unknown else list(value)


def _tuned(
    listed: Sequence[str] | None,
    domains: Mapping[str, Any],
    space: SearchSpace,
    training: TrainingSettings,
    where: str,
    problems: list[Problem],
) -> tuple[Parameter, ...]:
    """What is tuned: listed parameters over their whole domain, others over the one given."""
    tuned: dict[str, Parameter] = {}
    failed = False
    for name, table in domains.items():
        key = f"tune.{name}"
        parameter: Parameter | None = None
        if name in space:
            parameter = _narrowed(space[name], table, where, key, problems)
        elif name in TrainingSettings.model_fields:
            parameter = _tuned_training(name, table, training, where, problems)
        else:
            problems.append(_unknown_parameter(space, where, key, name, training=True))
        if parameter is None:
            failed = True
        else:
            tuned[name] = parameter
    tuned |= {name: space[name] for name in listed or () if name not in tuned}
    settings = [parameter for name, parameter in tuned.items() if name not in space]
    known: dict[str, Domain | None] = {p.name: p.domain for p in space.parameters}
    known |= {name: _setting_domain(name) for name in TrainingSettings.model_fields}
    check_conditions(settings, known, where, "tune", problems)
    if not tuned and not failed and listed is not None:
        rule = 'names nothing to tune; list parameters = ["dropout", ...] or give a domain'
        problems.append(Problem(where, rule, "tune"))
    in_space = [tuned[name] for name in space.names if name in tuned]
    return (*in_space, *conditions_first(settings, where, "tune", problems))


def _setting_domain(name: str) -> Domain | None:
    """The choices of a training setting that has choices; None for any other."""
    choices = get_args(TrainingSettings.model_fields[name].annotation)
    is_listed = bool(choices) and all(isinstance(choice, str) for choice in choices)
    return Choices(choices=choices) if is_listed else None


def _narrowed(
    parameter: Parameter, table: Any, where: str, key: str, problems: list[Problem]
) -> Parameter | None:
    """A search-space parameter over a part of its domain; step and log are kept unless given."""
    if not isinstance(table, Mapping):
        problems.append(Problem(where, TABLE_RULE, key, table))
        return None
    for own_key in sorted({"default", "off", "when"} & set(table)):
        rule = "belongs in the search space, a study only narrows the domain"
        problems.append(Problem(where, rule, f"{key}.{own_key}"))
    whole = parameter.domain
    if isinstance(whole, Choices) and "choices" not in table:
        rule = f"must be choices, as in the search space ({whole})"
        problems.append(Problem(where, rule, key, dict(table)))
        return None
    keys = {name: value for name, value in table.items() if name not in OWN_KEYS}
    if isinstance(whole, Range) and "choices" not in keys:
        keys = {"step": whole.step, "log": whole.log, **keys}
    domain = parse_domain(keys, where, key, problems)
    if domain is None:
        return None
    if isinstance(domain, Range) and isinstance(whole, Range):
        domain = domain.as_integers() if whole.is_integer else domain.as_floats()
    values = domain.ends() if domain.size is None else domain.values()
    outside = [value for value in values if value not in whole]
    if outside:
        rule = f"must lie in the search space's domain ({whole})"
        shown_first = [value for value in outside if value in domain.ends()] or outside[:1]
        problems += [Problem(where, rule, key, value) for value in shown_first]
        return None
    if isinstance(domain, Choices):
        domain = Choices(choices=tuple(whole.cast(value) for value in domain.choices))
    return parameter.model_copy(update={"domain": domain})


def _tuned_training(
    name: str,
    table: Any,
    training: TrainingSettings,
    where: str,
    problems: list[Problem],
) -> Parameter | None:
    """A training setting that is tuned: every end of its domain must be a valid setting."""
    key = f"tune.{name}"
    if name in NOT_TUNABLE:
        problems.append(Problem(where, "cannot be tuned; set it under [training]", key))
        return None
    parameter = parse_parameter(name, table, where, key, problems, needs_default=False)
    if parameter is None:
        return None
    domain = parameter.domain
    if isinstance(domain, Range) and domain.is_integer and _is_float(name):
        parameter = parameter.model_copy(
            update={"domain": domain.as_floats(), "default": float(parameter.default)}
        )
    wrong: list[Problem] = []
    for value in parameter.domain.ends():
        validate(TrainingSettings, {**training.model_dump(), name: value}, where, "tune", wrong)
    problems += wrong
    return None if wrong else parameter


def _is_float(name: str) -> bool:
    """Whether a training setting takes numbers that are not whole."""
    return "float" in str(TrainingSettings.model_fields[name].annotation)


def _unknown_parameter(
    space: SearchSpace, where: str, key: str, name: str, *, training: bool
) -> Problem:
    names = list(space.names)
    what = f"the search space {space.name} has no parameter {name}"
    if training:
        what += ", nor is it a training setting"
        tunable = (n for n in TrainingSettings.model_fields if n not in NOT_TUNABLE)
        names += [*tunable, *_Tune.model_fields]
    return Problem(where, what, key, hint=did_you_mean(name, names))


def _check_overlap(
    tuned: Sequence[Parameter],
    fixed: Mapping[str, Scalar],
    training: Mapping[str, Any],
    where: str,
    problems: list[Problem],
) -> None:
    for table, names in (("fix", fixed), ("training", training)):
        rule = "is tuned under [tune]; it is either given or tuned"
        problems += [Problem(where, rule, f"{table}.{p.name}") for p in tuned if p.name in names]


def _check_in_use(
    space: SearchSpace,
    tuned: Sequence[Parameter],
    fixed: Mapping[str, Scalar],
    where: str,
    problems: list[Problem],
) -> None:
    """A parameter whose condition never holds would be ignored."""
    domains = {parameter.name: parameter.domain for parameter in tuned}
    for parameter in space.parameters:
        if parameter.name not in domains and parameter.name not in fixed:
            continue
        table = "tune" if parameter.name in domains else "fix"
        for other, allowed in parameter.when.items():
            default = fixed.get(other, space[other].default)
            domain = domains.get(other) or Choices(choices=(default,))
            if not any(value in domain for value in allowed):
                listed = " or ".join(shown(value) for value in allowed)
                rule = f"is used only with {other} = {listed}, which never occurs here"
                problems.append(Problem(where, rule, f"{table}.{parameter.name}"))


_ONLY_WITH = {
    "momentum": ("optimizer", ("sgd",)),
    "decay_rate": ("learning_rate_decay", ("exponential",)),
    "plateau": ("learning_rate_decay", ("plateau",)),
    "label_smoothing": ("loss", ("categorical_crossentropy", "categorical_focal_crossentropy")),
}


def _check_training(
    training: TrainingSettings,
    given: Mapping[str, Any],
    tuned: Sequence[Parameter],
    where: str,
    problems: list[Problem],
) -> None:
    """Settings that would be ignored are errors."""
    domains = {parameter.name: parameter.domain for parameter in tuned}
    for name, (other, values) in _ONLY_WITH.items():
        if name not in given and name not in domains:
            continue
        possible = domains[other].ends() if other in domains else (getattr(training, other),)
        if not set(possible) & set(values):
            table = "tune" if name in domains else "training"
            rule = f"is used only with {other} = {' or '.join(values)}"
            problems.append(
                Problem(where, rule, f"{table}.{name}", hint=f"{other} is {possible[0]}")
            )


def _check_exhaustive(
    tune: _Tune, tuned: Sequence[Parameter], where: str, problems: list[Problem]
) -> None:
    name = tune.sampler.name
    if name not in EXHAUSTIVE:
        return
    for parameter in tuned:
        if parameter.domain.size is None:
            rule = f"the {name} sampler lists all values; give this range a step, or choices"
            problems.append(Problem(where, rule, f"tune.{parameter.name}", str(parameter.domain)))
        if name == "grid" and any(other.name in parameter.when for other in tuned):
            rule = "the grid sampler knows no conditions; use brute_force"
            problems.append(Problem(where, rule, f"tune.{parameter.name}"))
