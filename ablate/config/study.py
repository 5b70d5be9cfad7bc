"""Study files: ``studies/NAME.toml``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import Field

from ablate import catalog
from ablate.config.checks import check_exhaustive, check_in_use, check_overlap, check_training
from ablate.config.data import parse_data
from ablate.config.search_space import find_search_space, load_search_space
from ablate.config.toml import override, read_toml
from ablate.config.tuning import TuneTable, fixed_parameters, listed_parameters, tuned_parameters
from ablate.config.validation import validate
from ablate.errors import InputError, Problem, did_you_mean
from ablate.space import Frozen, Parameter, Scalar, SearchSpace
from ablate.spec import Backend, DataSettings, StudySpec, TrainingSettings, TuneSettings


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
    own = {key: value for key, value in tables.tune.items() if key in TuneTable.model_fields}
    tune = validate(TuneTable, own, where, "tune", problems)
    data: DataSettings | None = None
    if isinstance(dataset := tables.study.get("dataset"), str):
        data = parse_data(dataset, tables.data, path, environment, problems)
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
        fixed = fixed_parameters(tables.fix, space, where, problems)
        domains = {k: v for k, v in tables.tune.items() if k not in TuneTable.model_fields}
        listed = listed_parameters(tables.tune.get("parameters", ()), space, where, problems)
        tuned = tuned_parameters(listed, domains, space, known_training, where, problems)
        check_overlap(tuned, fixed, tables.training, where, problems)
        check_in_use(space, tuned, fixed, where, problems)
        if training is not None:
            check_training(training, tables.training, tuned, where, problems)
        if tune is not None:
            check_exhaustive(tune.sampler, tuned, where, problems)
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
