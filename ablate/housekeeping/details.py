"""Everything that is recorded of one training run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ablate.document.words import called
from ablate.housekeeping.kept import KeptArtifact, kept_artifacts, problem_of
from ablate.housekeeping.overview import IsGone
from ablate.planning.plan import configure
from ablate.spec.measure import Measure, MeasureTable
from ablate.spec.space import Scalar
from ablate.spec.study import StudySpec
from ablate.spec.trial import Epoch
from ablate.store.artifacts import Artifacts
from ablate.store.attributes import OWNER, RETRY_OF, SEED
from ablate.store.kept_models import replaced_models
from ablate.store.owner import Owner
from ablate.store.results import read_curves
from ablate.store.runs import TrainingRun
from ablate.store.studies import StoredStudy, data_cards
from ablate.store.trials import outcome_of


@dataclass(frozen=True)
class Hyperparameter:
    """A parameter of the network, or a training setting, in one training run."""

    name: str
    value: Scalar
    origin: str
    """``tuned``, ``varied``, ``fixed``, or empty: the search space's default, or [training]."""


@dataclass(frozen=True)
class RunDetails:
    """A training run, with what was found out about it."""

    run: TrainingRun
    measures: MeasureTable
    """Those of its study."""
    fold: int | None
    """Which fold a replicate was tested on, from 1; None of other training runs."""
    noun: str
    """What the examples of its data set are called."""
    outcome: str
    hyperparameters: tuple[Hyperparameter, ...]
    """Those of the network, then those of the training; only the tuned ones that it has, where it
    was cut off before it had all."""
    curves: tuple[Epoch, ...]
    """Empty where they are missing or cut off."""
    reported: Mapping[int, float]
    """The study's objective by epoch, as told to Optuna while it was trained."""
    objective: Measure
    """What that is."""
    artifacts: tuple[tuple[KeptArtifact, str | None], ...]
    """Each with what is wrong with it."""
    owner: Owner | None
    is_gone: bool
    """Whether its owner has ended; False on another machine, which is not known."""
    retried_as: int | None
    """The trial that was begun in its place."""

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What its worker has recorded."""
        return self.run.trial.user_attrs


def details(
    stored: StoredStudy,
    run: TrainingRun,
    artifacts: Artifacts,
    is_gone: IsGone = Owner.is_gone,
) -> RunDetails:
    """Gathers what is recorded of a training run.

    Args:
        stored: its study.
        run: the training run.
        artifacts: those of its storage.
        is_gone: whether a process has ended.
    """
    trial, replaced = run.trial, replaced_models(stored, artifacts)
    curves = read_curves([trial], artifacts).get(trial.number, [])
    owner = OWNER.of(trial)
    siblings = stored.parts[run.part].get_trials(deepcopy=False)
    later = (one.number for one in siblings if RETRY_OF.of(one) == trial.number)
    return RunDetails(
        run=run,
        measures=stored.spec.measures,
        fold=_fold(stored.spec, run),
        noun=called(data_cards(stored).get(run.cell.dataset, {}).get("image")),
        outcome=outcome_of(trial),
        hyperparameters=tuple(_hyperparameters(stored.spec, run)),
        curves=tuple(curves),
        reported=trial.intermediate_values,
        objective=stored.spec.searched,
        artifacts=tuple(
            (kept, problem_of(trial, kept, artifacts, replaced))
            for kept in kept_artifacts(trial, artifacts)
        ),
        owner=owner,
        is_gone=owner is not None and is_gone(owner),
        retried_as=next(later, None),
    )


def _fold(spec: StudySpec, run: TrainingRun) -> int | None:
    seed = SEED.of(run.trial)
    if run.phase == "tune" or seed is None or spec.fold(seed) is None:
        return None
    return spec.replicate_index(seed) + 1


def _hyperparameters(spec: StudySpec, run: TrainingRun) -> list[Hyperparameter]:
    tuned = run.tuned
    if run.phase == "tune" and not tuned:  # one that waits has those that it was queued with
        tuned = run.trial.system_attrs.get("fixed_params") or {}
    try:
        network, training = configure(spec, run.cell.variant, lambda p: tuned[p.name])
    except (KeyError, ValueError):
        return [Hyperparameter(name, value, "tuned") for name, value in tuned.items()]
    varied = spec.variant(run.cell.variant).values
    origins = dict.fromkeys(spec.architecture(run.cell.variant).fix, "fixed")
    origins |= dict.fromkeys(varied, "varied") | dict.fromkeys(tuned, "tuned")
    settings = training.model_dump(exclude_none=True)
    # A search space keeps the name of a parameter that a setting, too, has by now.
    values = network | {name: value for name, value in settings.items() if name not in network}
    return [
        Hyperparameter(name, value, origins.get(name, ""))
        for name, value in values.items()
        if isinstance(value, bool | int | float | str)
    ]
