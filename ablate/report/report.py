"""Computes what a report says; `sections` puts it into words, formats write it down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ablate import tasks
from ablate.document import words
from ablate.report.figures.contents import figures_data
from ablate.report.figures.records import FiguresData
from ablate.report.numbers.ablation import Ablation, make_ablation
from ablate.report.numbers.confusion import Confusion, make_confusions, shown_confusions
from ablate.report.numbers.curves import MeanCurves, make_mean_curves
from ablate.report.numbers.importance import Importance, hyperparameter_importance
from ablate.report.numbers.predictions import make_errors, make_separations
from ablate.report.numbers.published import PublishedComparison, make_published
from ablate.report.numbers.search import CellSearch, make_searches
from ablate.report.numbers.splits import make_splits
from ablate.report.numbers.tradeoff import tradeoff_table
from ablate.spec.environment import Environment
from ablate.spec.parts import Parts
from ablate.spec.study import StudySpec
from ablate.state.phases import PhaseState, phase_states
from ablate.state.replicates import cell_replicates, left_out_replicates
from ablate.store import DEFAULT_STORAGE
from ablate.store.artifacts import Artifacts
from ablate.store.attributes import UNSEEN_EPOCHS
from ablate.store.results import environments_of, parameter_column, results_table, workers_of
from ablate.store.studies import StoredStudy, data_cards

if TYPE_CHECKING:
    import pandas as pd
    from optuna import Study


@dataclass(frozen=True)
class Report:
    """Everything that a report of a study says."""

    spec: StudySpec
    storage: str
    """Where it is kept, as it may be shown."""
    phases: tuple[PhaseState, ...]
    trials: pd.DataFrame
    """All training runs, see `store.results.results_table`."""
    tuned: tuple[str, ...]
    """Columns of the tuned parameters."""
    tradeoff: pd.DataFrame
    """The complete tuned trials, sorted."""
    top: int | None
    """How many rows of the trade-off table are shown; None for all."""
    reasons: Mapping[str, int]
    """Why training runs were infeasible or failed, each with how many."""
    searches: tuple[CellSearch, ...]
    only_search: Study | None
    """None unless there is one cell to tune."""
    ablation: Ablation | None
    """None where no replicates are asked for."""
    curves: tuple[MeanCurves, ...]
    """Of each cell over its seeds."""
    confusions: tuple[Confusion, ...]
    """Of each cell on the test set, added up over its seeds."""
    shown_confusions: tuple[Confusion, ...]
    """Those that are drawn and listed, see `figures.records.confusion_file`."""
    unreadable: Mapping[str, int]
    """Of how many complete replicates what was measured is missing or damaged, by what it is."""
    published: PublishedComparison | None
    """None where the study holds no published numbers."""
    cards: Mapping[str, Mapping[str, Any]]
    """The data card of each data set that has one, see `data.card.DataCard`."""
    splits: tuple[Parts, ...]
    """How each data set was split, as far as it is known."""
    environments: Sequence[Environment]
    workers: tuple[int, ...]
    """How many trained side by side; several numbers where that changed."""
    figures: FiguresData
    unseen: int = 0
    """Training runs with epochs that our callbacks did not see."""
    is_judged: bool = False
    """Whether it is of a table of results that were trained elsewhere, of which less is known."""

    @property
    def name(self) -> str:
        """The study's name."""
        return self.spec.name

    @property
    def examples(self) -> str:
        """What the examples of its data sets are called: images, rows, or examples of other kinds."""
        if self.is_judged:
            return "examples"
        nouns = {words.examples(card["image"])[0] for card in self.cards.values()}
        return "examples" if len(nouns) > 1 else next(iter(nouns), "images")

    @property
    def noun(self) -> str:
        """What one replicate stands for: a seed, or a fold that was held out."""
        return "seed" if self.ablation is None else self.ablation.noun

    @cached_property
    def importance(self) -> Importance | None:
        """Of the only search; computed when it is asked for, while the figures are drawn."""
        if self.only_search is None:
            return None
        return hyperparameter_importance(self.only_search)

    @property
    def shown(self) -> pd.DataFrame:
        """The rows of the trade-off table that are shown."""
        return self.tradeoff if self.top is None else self.tradeoff.head(self.top)


def make_report(
    stored: StoredStudy,
    artifacts: Artifacts,
    sort: str | None = None,
    top: int | None = None,
    shown_storage: str = DEFAULT_STORAGE,
) -> Report:
    """Computes the report of a study from its records.

    Args:
        stored: the study.
        artifacts: what is kept beside its trials.
        sort: the column that the trade-off table is sorted by; None for the study's objective.
        top: how many rows of it are shown; None for all.
        shown_storage: where the study is kept, as it may be shown.

    Raises:
        InputError: there is no column to sort by of that name.
    """
    replicates = cell_replicates(stored)
    trials = results_table(stored, left_out_replicates(stored, replicates))
    names = dict.fromkeys(
        parameter.name for found in stored.spec.architectures for parameter in found.tuned
    )
    tuned = [parameter_column(name) for name in names if parameter_column(name) in trials]
    by = stored.spec.objective if sort is None else sort
    tradeoff = tradeoff_table(trials, tuned, stored.spec.measures, by)
    searches, ablation = make_searches(stored), make_ablation(stored, replicates)
    curves = make_mean_curves(stored.spec, replicates, artifacts)
    confusions = make_confusions(replicates, artifacts)
    shown = shown_confusions(stored.spec, ablation, confusions)
    complete = sum(len(own.complete) for own in replicates.values())
    every = [t for study in stored.parts.values() for t in study.get_trials(deepcopy=False)]
    return Report(
        spec=stored.spec,
        storage=shown_storage,
        phases=phase_states(stored),
        trials=trials,
        tuned=tuple(tuned),
        tradeoff=tradeoff,
        top=top,
        reasons=_reasons(trials),
        searches=searches,
        only_search=next(iter(stored.tuning.values())) if len(stored.tuning) == 1 else None,
        ablation=ablation,
        curves=curves,
        confusions=confusions,
        shown_confusions=shown,
        unreadable={
            name: count
            for name, found in (("learning curves", curves), ("confusion matrix", confusions))
            if (found or name == "learning curves" or tasks.find(stored.spec.task).decided)
            and (count := complete - sum(one.seeds for one in found))
        },
        published=make_published(stored.spec, replicates),
        cards=data_cards(stored),
        splits=make_splits(stored),
        environments=environments_of(every),
        workers=workers_of(every),
        unseen=sum(UNSEEN_EPOCHS.is_on(trial) for trial in every),
        figures=figures_data(
            stored,
            artifacts,
            tradeoff,
            searches,
            replicates,
            ablation,
            curves,
            shown,
            make_separations(stored.spec, replicates, artifacts),
            make_errors(stored.spec, replicates, artifacts),
        ),
    )


def _reasons(trials: pd.DataFrame) -> dict[str, int]:
    rows = trials[trials["outcome"].isin(["infeasible", "failed"])]
    texts = (f"{row.outcome}: {row.reason}" for row in rows.itertuples())
    return dict(Counter(texts).most_common())
