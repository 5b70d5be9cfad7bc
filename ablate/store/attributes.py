"""What stands beside Optuna's trials and studies: every user attribute, its name and its type.

Measures are attributes, too: `ablate.spec.measures`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from ablate.spec.averages import MovingAverages
from ablate.spec.environment import Environment
from ablate.spec.parts import Parts
from ablate.spec.space import Scalar
from ablate.spec.study import Cell, Phase
from ablate.spec.trial import Outcome
from ablate.store.owner import Owner

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

T = TypeVar("T")


class Bearer(Protocol):
    """Whatever has user attributes: a trial, a study, or what Optuna says of one."""

    @property
    def user_attrs(self) -> dict[str, Any]:
        """As they are stored."""


class Writable(Protocol):
    """A trial that is running, or a study."""

    def set_user_attr(self, key: str, value: Any) -> None:
        """Stores what can be written as JSON."""


def _as_stored(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Attribute(Generic[T]):
    """A user attribute. Names are what studies are stored with: they never change."""

    name: str
    read: Callable[[Any], T] = _as_stored
    """Makes a value of what is stored."""

    def of(self, bearer: Bearer) -> T | None:
        """Its value; None where it was never written."""
        stored = bearer.user_attrs.get(self.name)
        return None if stored is None else self.read(stored)

    def is_on(self, bearer: Bearer) -> bool:
        """Whether it was written, be it as None."""
        return self.name in bearer.user_attrs

    def write(self, bearer: Writable, value: T | None) -> None:
        """Stores a value."""
        bearer.set_user_attr(self.name, _as_json(value))

    def update(self, study: Study, value: T) -> None:
        """Stores a value unless it stands there already."""
        if study.user_attrs.get(self.name) != _as_json(value):
            self.write(study, value)

    def entry(self, value: T | None) -> dict[str, Any]:
        """A value as one of those that a trial is made with."""
        return {self.name: _as_json(value)}


def _as_json(value: object) -> object:
    return value.model_dump() if isinstance(value, BaseModel) else value


@dataclass(frozen=True)
class Digests:
    """Digests of files, added to a study by whichever process meets a file first.

    Each addition is an attribute of its own, so that nobody overwrites another's. Where a file was
    edited while two met it at once, both stand there: the lower digest counts for everybody.
    """

    name: str
    """How the names of the attributes begin."""

    def of(self, bearer: Bearer) -> dict[str, str]:
        """The digest of each file, by its path."""
        found: dict[str, str] = {}
        for name, stored in bearer.user_attrs.items():
            if name.startswith(f"{self.name}:"):
                for path, digest in stored.items():
                    found[path] = min(digest, found.get(path, digest))
        return found

    def add(self, bearer: Writable, path: str, digest: str) -> None:
        """Adds the digest of a file that has none."""
        # A path may be longer than the name of an attribute in a database.
        key = hashlib.sha256(f"{path}\n{digest}".encode()).hexdigest()[:16]
        bearer.set_user_attr(f"{self.name}:{key}", {path: digest})


@dataclass(frozen=True)
class Additions(Generic[T]):
    """Records that are added to a study by whichever process makes one first.

    Each is an attribute of its own, so that nobody overwrites another's.
    """

    name: str
    """How the names of the attributes begin."""
    read: Callable[[Any], T]
    """Makes a record of what is stored."""

    def of(self, bearer: Bearer) -> list[T]:
        """All records."""
        attributes = sorted(bearer.user_attrs.items())
        return [self.read(one) for name, one in attributes if name.startswith(f"{self.name}:")]

    def add(self, study: Study, key: str, record: T) -> None:
        """Adds the record of a key, unless there is one."""
        name = f"{self.name}:{hashlib.sha256(key.encode()).hexdigest()[:16]}"
        if name not in study.user_attrs:
            study.set_user_attr(name, _as_json(record))


# Of every trial.
OWNER = Attribute("owner", Owner.model_validate)
"""The process that trains it, or has trained it."""
RETRY_OF = Attribute[int]("retry_of")
"""The number of the trial that was cut off and in whose place it was begun."""
DIED = Attribute[str]("died")
"""How its worker ended before it was over."""
OUTCOME = Attribute[Outcome]("outcome")
"""Written last, when all else of its result is there."""
REASON = Attribute[str]("reason")
"""Why it is infeasible, failed or interrupted."""
SEED = Attribute[int]("seed")
FINGERPRINT = Attribute[str]("fingerprint")
"""See `spec.trial.TrialSpec`."""
ENVIRONMENT = Attribute("environment", Environment.model_validate)
WORKERS = Attribute[int]("workers")
"""How many trained side by side."""
EPOCHS = Attribute[int]("epochs")
"""How many it was trained for, which is how many its learning curves hold; a measure as well."""
MODEL = Attribute[str]("model")
"""Of one whose network was to be kept: `SAVED`, or why it is not."""
SAVED = "saved"
CODE = Attribute[dict[str, str]]("code")
"""Of one whose network is the user's own: the digest of each of the user's files that was executed."""

UNSEEN_EPOCHS = Attribute[int]("unseen_epochs")
"""How many epochs of a training loop of the user's own our callbacks did not see; where there were some."""
AVERAGES = Attribute("moving_averages", MovingAverages.model_validate)
"""The moving averages that it validated with; of networks with batch norm only."""

# Of a trial of a search.
SLOT = Attribute[int]("slot")
"""The place in the search that it fills, see `slots`."""
REPEATS = Attribute[int]("repeats_trial")
"""The number of the trial whose result it has: it would have trained the same, see `repeats`."""

# Of a replicate.
CHOSEN_FROM = Attribute[int]("chosen_from")
"""The number of the tuned trial that its configuration comes from; None where nothing is tuned."""
TUNED = Attribute[dict[str, Scalar]]("tuned")
"""The values of the tuned parameters in that trial."""
DATASET_PARAMETER, VARIANT_PARAMETER, SEED_PARAMETER = "dataset", "variant", "seed"
"""No attributes, but Optuna's parameters: so its dashboard shows and compares them."""


def replicate_parameters(cell: Cell, seed: int) -> dict[str, Scalar]:
    """What tells a replicate from the others, as Optuna's parameters."""
    return {
        DATASET_PARAMETER: cell.dataset,
        VARIANT_PARAMETER: cell.variant,
        SEED_PARAMETER: seed,
    }


def cell_and_seed(replicate: FrozenTrial) -> tuple[Cell, int] | None:
    """What a replicate trains; None for a trial that does not say so."""
    # One that was just begun has been given its parameters, and not yet asked for them.
    params = {**replicate.system_attrs.get("fixed_params", {}), **replicate.params}
    if not {DATASET_PARAMETER, VARIANT_PARAMETER, SEED_PARAMETER} <= params.keys():
        return None
    cell = Cell(dataset=params[DATASET_PARAMETER], variant=params[VARIANT_PARAMETER])
    return cell, int(params[SEED_PARAMETER])


# Of every Optuna study of ours: what it is a part of, and which part.
STUDY = Attribute[str]("study")
PHASE = Attribute[Phase]("phase")
CELL = Attribute("cell", Cell.model_validate)
"""None for the replicates, which are those of all cells."""

# Of the part of a study that says what it asks, see `StoredStudy.describing`.
QUESTION = Attribute[dict[str, Any]]("question")
"""What is asked. Written last of what is written when a study is made."""
DATA = Attribute[dict[str, str]]("data")
"""The digest of each data set's images."""
SPEC = Attribute[dict[str, Any]]("spec")
"""The whole `spec.study.StudySpec`, as it was run last."""
CARDS = Attribute[dict[str, dict[str, Any]]]("cards")
"""The data card of each data set that has one."""
THREADS = Attribute[int]("threads")
"""How many threads each worker computes with."""
SPLITS = Additions("split", partial(Parts.model_validate, strict=False))
"""How each data set was split; of each fold, and where groups are kept together of each seed."""
KEPT_CODE = Digests("code")
"""Those of the user's files that its trials have executed, see `ablate.store.code`."""
