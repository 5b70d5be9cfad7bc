"""The best variants of several studies in one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from ablate.document import words
from ablate.document.elements import Column, Document, Element, Paragraph, Section, table
from ablate.errors import InputError, Problem
from ablate.report.again import run_command
from ablate.report.numbers.ablation import VariantRow, front_of, make_ablation
from ablate.report.variant_cells import variant_cells, variant_columns
from ablate.spec.measure import Measure, MeasureTable
from ablate.spec.measures import EVERY
from ablate.spec.study import Cell
from ablate.state.replicates import cell_replicates
from ablate.store.attributes import ENVIRONMENT
from ablate.store.studies import StoredStudy, data_cards, data_digests

NOTE = (
    "Of each study the variant with {best} is shown: it was not "
    "chosen by its test scores. Scores are means over seeds on the same test set, ± the half-width of "
    "their 95 % interval. Seeds, splits and machines may differ between studies, so differences are not "
    "paired and get no verdict, and times compare only where the device is the same. Pareto marks rows "
    "that no other beats in {weighed} together."
)


@dataclass(frozen=True)
class StudyRow:
    """The best variant of a study on a data set."""

    study: str
    dataset: str
    row: VariantRow
    measures: MeasureTable
    """Those of the study."""
    searched: Measure
    """Its objective."""
    devices: tuple[str, ...]


def compare_studies(studies: Sequence[StoredStudy]) -> tuple[StudyRow, ...]:
    """The best variant of each study, on each data set that all of them have.

    Raises:
        InputError: a study has no complete replicate, the studies share no data set, or they tested
            on different examples of one.
    """
    problems: list[Problem] = []
    shared = [
        data.dataset
        for data in studies[0].spec.datasets
        if all(any(d.dataset == data.dataset for d in s.spec.datasets) for s in studies)
    ]
    if not shared:
        names = "; ".join(
            f"{s.spec.name}: {', '.join(d.dataset for d in s.spec.datasets)}" for s in studies
        )
        raise InputError(Problem("ablate compare", f"the studies share no data set ({names})"))
    for dataset in shared:
        sets = {study.spec.name: _test_set(study, dataset) for study in studies}
        if len(set(sets.values())) > 1:
            groups = "; ".join(f"{name}: {_examples_text(*found)}" for name, found in sets.items())
            noun = words.called(_shape(studies[0], dataset))
            rule = f"the studies tested on different {dataset} {noun} ({groups})"
            hint = (
                f"scores on different {noun} do not compare; run one of them again with the data of the "
                "other"
            )
            problems.append(Problem("ablate compare", rule, hint=hint))
    rows = []
    for study in studies:
        found = [row for dataset in shared if (row := _best(study, dataset)) is not None]
        if not found:
            rule = "has no complete replicate"
            hint = f"give it [replicate], and run it: {run_command(study.spec)}"
            problems.append(Problem(study.spec.name, rule, hint=hint))
        rows += found
    if problems:
        raise InputError(*problems)
    return tuple(rows)


def _test_set(study: StoredStudy, dataset: str) -> tuple[str, int | None, int | None]:
    """What determines the examples that a study tests on."""
    data = study.spec.data(dataset)
    return data_digests(study).get(dataset, ""), data.test_per_class, data.folds


def _shape(study: StoredStudy, dataset: str) -> Any:
    """That of one example; None where it is not known."""
    return data_cards(study).get(dataset, {}).get("image")


def _examples_text(digest: str, test_per_class: int | None, folds: int | None) -> str:
    if folds is not None:
        return f"{digest[:12]}, {folds} folds"
    return f"{digest[:12]}, {'all' if test_per_class is None else test_per_class} of each class"


def _best(study: StoredStudy, dataset: str) -> StudyRow | None:
    """The best variant by the mean of the study's objective; None where none is complete."""
    ablation = make_ablation(study)
    if ablation is None:
        return None
    replicates = cell_replicates(study)
    block = next(block for block in ablation.blocks if block.dataset == dataset)
    costs = {}
    for row in block.rows:
        trials = replicates[Cell(dataset=dataset, variant=row.variant)].complete.values()
        values = [trial.value for trial in trials if trial.value is not None]
        if values:
            costs[row.variant] = study.spec.searched.sign * fmean(values)
    if not costs:
        return None
    name = min(costs, key=lambda variant: costs[variant])
    row = next(row for row in block.rows if row.variant == name)
    own = replicates[Cell(dataset=dataset, variant=name)].complete.values()
    environments = (ENVIRONMENT.of(trial) for trial in own)
    devices = (found.device if found else "" for found in environments)
    spec = study.spec
    return StudyRow(
        spec.name, dataset, row, spec.measures, spec.searched, tuple(dict.fromkeys(devices))
    )


def data_sets_apart(studies: Sequence[StoredStudy]) -> list[str]:
    """The data sets that only some of the studies have."""
    counts = Counter(data.dataset for study in studies for data in study.spec.datasets)
    return sorted(name for name, count in counts.items() if count < len(studies))


def comparison_document(rows: Sequence[StudyRow], apart: Sequence[str] = ()) -> Document:
    """The table, a block for each data set.

    Args:
        rows: what is compared.
        apart: data sets that are left out, because not all studies have them.
    """
    elements: list[Element] = []
    measures = _measures(rows)
    for dataset in dict.fromkeys(row.dataset for row in rows):
        columns = (
            Column("study", "name"),
            Column("variant", "name"),
            *variant_columns(measures),
            Column("Pareto", "text"),
            Column("device", "text"),
        )
        own = [found for found in rows if found.dataset == dataset]
        fronts = front_of([found.row for found in own], measures)
        cells = [
            _cells(found, measures, on_front=on_front)
            for found, on_front in zip(own, fronts, strict=True)
        ]
        elements.append(table(columns, cells, caption=f"Data set {dataset}"))
    weighed = words.listed([one.title for one in measures.weighed])
    if apart:
        elements.append(Paragraph(f"Left out, not in all of the studies: {', '.join(apart)}."))
    elements.append(Paragraph(NOTE.format(best=_best_text(rows), weighed=weighed), "note"))
    return Document("Studies compared", (), (Section("Best variants", tuple(elements)),))


def _best_text(rows: Sequence[StudyRow]) -> str:
    """By what the best variants are the best."""
    found = {row.study: row.searched for row in rows}
    one = next(iter(found.values()))
    if set(found.values()) == {one}:
        return f"the {one.best} mean validation {one.title} over its seeds"
    each = "; ".join(f"{name}: the {by.best} validation {by.title}" for name, by in found.items())
    return f"the best mean of its objective over its seeds ({each})"


def _measures(rows: Sequence[StudyRow]) -> MeasureTable:
    """Those that one of the studies has; of their own those that are alike in all that have them."""
    found: dict[str, set[Measure]] = {}
    for measure in (one for row in rows for one in row.measures.all):
        found.setdefault(measure.name, set()).add(measure)
    known = [measure for measure in EVERY.all if measure.name in found]
    names = {measure.name for measure in EVERY.all}
    own = [
        one
        for name, alike in found.items()
        if name not in names and len(alike) == 1
        for one in alike
    ]
    return MeasureTable((*known, *own))


def _cells(found: StudyRow, measures: MeasureTable, *, on_front: bool) -> list[str]:
    front, devices = "*" if on_front else "", ", ".join(found.devices)
    return [found.study, found.row.variant, *variant_cells(found.row, measures), front, devices]
