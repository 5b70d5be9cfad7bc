"""Copies a kept model out of the artifact store."""

from __future__ import annotations

import json
import os
import shutil
import socket
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from ablate.errors import AblateError, InputError, Problem, did_you_mean
from ablate.files import replacing
from ablate.spec.measure import MeasureTable
from ablate.spec.study import Cell, StudySpec
from ablate.store.artifacts import Artifacts
from ablate.store.attributes import OWNER, REPEATS, SAVED
from ablate.store.kept_models import EndedRun, model_of, runs_of
from ablate.store.place import StoragePlace, open_existing
from ablate.store.studies import data_cards, named_study

CONFIG = "config.json"
ENTRIES = (CONFIG, "metadata.json", "model.weights.h5")
"""What is in every ``.keras`` file."""
LAMBDAS = ("Lambda", "__lambda__")
"""What Keras calls that which holds code."""


@dataclass(frozen=True)
class Wish:
    """Which model is wanted, and where."""

    study: str
    variant: str
    file: Path
    dataset: str | None = None
    """None where the study has only one."""
    trial: int | None = None
    """The number of a trial of the search; None takes the best run."""
    seed: int | None = None
    """The seed of a replicate; None takes the best run."""
    force: bool = False
    """Whether a file that is there is replaced."""


@dataclass(frozen=True)
class Exported:
    """A model that was copied."""

    cell: Cell
    run: EndedRun
    measures: MeasureTable
    """Those of its study."""
    card: Mapping[str, Any] | None
    """The data card of the images that it was trained on."""
    better: EndedRun | None
    """The best run, where no model of it was kept."""
    custom_objects: tuple[str, ...]
    """Classes and functions in it that are not Keras's."""
    has_lambda: bool
    """Whether it holds code, which Keras refuses to load unless told to trust it."""


def export_model(place: StoragePlace, wish: Wish) -> Exported:
    """Copies a model to a file: that of the best run unless another is named.

    Raises:
        InputError: there is no such study, variant, run or model, the model is damaged, or the
            file cannot be written there.
        AblateError: the disk is full.
    """
    storage = open_existing(place)
    stored = named_study(storage, wish.study)
    problems = _file_problems(wish)
    cell = _cell(stored.spec, wish, problems)
    if wish.trial is not None and wish.seed is not None:
        problems.append(Problem("--seed", "cannot be given together with --trial"))
    if cell is None or problems:
        raise InputError(*problems)
    artifacts = Artifacts(place, storage)
    runs = [run for run in runs_of(stored, cell) if run.is_complete]
    kept = [run for run in runs if _is_kept(run, artifacts)]
    run = _choose(runs, kept, stored.spec, wish)
    model = model_of(run, artifacts)
    where, others = artifacts.where(model), _others(kept, [run])
    if model is None or not artifacts.holds(model):
        rule = f"is missing: the model of {run.title} was there"
        owner = OWNER.of(run.trial)
        if owner is not None and owner.host != socket.gethostname():
            rule = f"is not here: {run.title} was trained on {owner.host}; copy the artifact folder from there"
        raise InputError(Problem(where, rule, hint=others))
    try:
        file = artifacts.open(model)
    except OSError as error:
        raise InputError(Problem(where, f"cannot be read: {error.strerror}")) from error
    with file:
        config = _config(file)
        if isinstance(config, str):
            rule = f"the model of {run.title} is damaged: {config}"
            raise InputError(Problem(where, rule, hint=others))
        file.seek(0)
        _copy(file, wish.file)
    is_named = wish.trial is not None or wish.seed is not None
    return Exported(
        cell=cell,
        run=run,
        measures=stored.spec.measures,
        card=data_cards(stored).get(cell.dataset),
        better=None if is_named or run.key == runs[0].key else runs[0],
        custom_objects=tuple(dict.fromkeys(_custom_objects(config))),
        has_lambda=any(table.get("class_name") in LAMBDAS for table in _tables(config)),
    )


def _file_problems(wish: Wish) -> list[Problem]:
    """What is wrong with the place that the model is to be written to."""
    where, folder = str(wish.file), wish.file.parent
    problems = []
    if wish.file.suffix != ".keras":
        problems.append(Problem(where, "must end in .keras: Keras tells the format by it"))
    try:
        is_there = wish.file.exists()
    except OSError as error:  # such as a name that is too long
        problems.append(Problem(where, f"cannot be written: {error.strerror}"))
        return problems
    if wish.file.is_dir():
        problems.append(Problem(where, "is a folder; name a file in it"))
    elif is_there and not wish.force:
        problems.append(Problem(where, "is there already", hint="replace it with --force"))
    if not folder.is_dir():
        rule = "is not a folder" if folder.exists() else "there is no such folder"
        problems.append(Problem(str(folder), rule))
    elif not os.access(folder, os.W_OK):
        problems.append(Problem(where, f"the folder {folder} cannot be written"))
    return problems


def _cell(study: StudySpec, wish: Wish, problems: list[Problem]) -> Cell | None:
    """The variant on the data set that is wanted."""
    variants = [variant.name for variant in study.variants]
    if wish.variant not in variants:
        rule = f"is not a variant of the study {study.name}"
        problems.append(Problem(wish.variant, rule, hint=did_you_mean(wish.variant, variants)))
    datasets = [data.dataset for data in study.datasets]
    dataset = wish.dataset
    if dataset is None and len(datasets) == 1:
        dataset = datasets[0]
    if dataset is None:
        rule = f"is required: the study {study.name} has the data sets {', '.join(datasets)}"
        problems.append(Problem("--dataset", rule))
    elif dataset not in datasets:
        rule = f"is not a data set of the study {study.name}"
        problems.append(Problem("--dataset", rule, "", dataset, did_you_mean(dataset, datasets)))
    cell = Cell(dataset=dataset or "", variant=wish.variant)
    return cell if cell in study.cells else None


def _choose(
    runs: Sequence[EndedRun], kept: Sequence[EndedRun], study: StudySpec, wish: Wish
) -> EndedRun:
    """The run whose model is wanted; a model of it was saved.

    Args:
        runs: the complete ones, the best first.
        kept: those whose model is there.
        study: the study.
        wish: what is wanted.
    """
    if not runs:
        hint = f"train what is missing: ablate run {study.path}"
        raise InputError(Problem(wish.variant, "no training run of it is complete yet", hint=hint))
    repeated = next((REPEATS.of(run.trial) for run in runs if _is_trial(run, wish.trial)), None)
    if repeated is not None:  # the network of one is the network of the other
        wish = replace(wish, trial=repeated)
    named = [
        run
        for run in runs
        if (wish.trial is None or _is_trial(run, wish.trial))
        and (wish.seed is None or (run.phase == "replicate" and run.seed == wish.seed))
    ]
    if not named:
        raise InputError(_unknown_run(runs, wish))
    saved = [run for run in named if run.model == SAVED]
    if not saved:
        raise InputError(_none_kept(named, kept, study, wish))
    run = saved[0]
    if study.artifacts.models == "best" and kept and kept[0].rank < run.rank and run not in kept:
        rule = f"the model of {run.title} was removed when {kept[0].title} turned out better"
        raise InputError(Problem(wish.variant, rule, hint=_others(kept, named)))
    return run


def _is_trial(run: EndedRun, number: int | None) -> bool:
    return run.phase == "tune" and run.trial.number == number


def _is_kept(run: EndedRun, artifacts: Artifacts) -> bool:
    model = model_of(run, artifacts)
    return model is not None and artifacts.holds(model)


def _unknown_run(runs: Sequence[EndedRun], wish: Wish) -> Problem:
    if wish.trial is not None:
        known = sorted(run.trial.number for run in runs if run.phase == "tune")
        option, rule = "--trial", f"{wish.variant} has no complete trial {wish.trial}"
    else:
        known = sorted({run.seed for run in runs if run.phase == "replicate"})
        option, rule = "--seed", f"{wish.variant} has no complete replicate with seed {wish.seed}"
    listed = ", ".join(str(number) for number in known)
    return Problem(option, rule, hint=f"complete: {listed or 'none'}")


def _none_kept(
    named: Sequence[EndedRun], kept: Sequence[EndedRun], study: StudySpec, wish: Wish
) -> Problem:
    """What to say where no run that is wanted has a model."""
    rule = "no model was kept"
    if wish.trial is not None or wish.seed is not None:
        rule = f"no model of {named[0].title} was kept"
    reasons = [f"{run.title}: {run.model}" for run in named if run.model is not None]
    rule += f" ({reasons[0]})" if reasons else ""
    if kept:
        return Problem(wish.variant, rule, hint=_others(kept, named))
    further = "a further seed" if study.replicate is not None else "a further trial"
    hint = (
        f"models of trained runs cannot be made afterwards, but {further} or a run with --fresh "
        "will keep them"
    )
    if study.artifacts.models == "none":
        hint = f'set [artifacts] models = "best" in {study.path}: {hint}'
    return Problem(wish.variant, rule, hint=hint)


def _others(kept: Sequence[EndedRun], wanted: Sequence[EndedRun]) -> str:
    """A hint that names the models of a variant that are there."""
    options = [
        f"--seed {run.seed}" if run.phase == "replicate" else f"--trial {run.trial.number}"
        for run in kept
        if run not in wanted
    ]
    return f"there are models of this variant for {', '.join(options)}" if options else ""


def _config(file: BinaryIO) -> dict[str, Any] | str:
    """The configuration in a ``.keras`` file, or what is wrong with the file; runs nothing of it."""
    try:
        with zipfile.ZipFile(file) as archive:
            missing = [name for name in ENTRIES if name not in archive.namelist()]
            if missing:
                return f"it lacks {', '.join(missing)}"
            if (broken := archive.testzip()) is not None:
                return f"its {broken} does not have the checksum that was noted"
            config = json.loads(archive.read(CONFIG))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        return "it was cut off, or is not a zip archive"
    except ValueError:
        return f"its {CONFIG} is not JSON"
    return config if isinstance(config, dict) else f"its {CONFIG} holds no table"


def _copy(file: BinaryIO, target: Path) -> None:
    try:
        with replacing(target) as copy:
            shutil.copyfileobj(file, copy)
    except OSError as error:
        raise AblateError(f"{target}: cannot be written: {error.strerror or error}") from error


def _tables(value: Any) -> Iterator[dict[str, Any]]:
    """Every table inside a configuration."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from _tables(inner)


def _custom_objects(config: dict[str, Any]) -> Iterator[str]:
    """The names of the classes and functions in a configuration that are not Keras's own."""
    for table in _tables(config):
        name, module = table.get("class_name"), table.get("module")
        if name == "function":
            name = table.get("config")
        is_keras = isinstance(module, str) and module.partition(".")[0] == "keras"
        # Names with underscores are Keras's, for tuples, tensors and code.
        if isinstance(name, str) and "config" in table and not is_keras and name[:2] != "__":
            yield name
