"""``ablate show``: everything about one training run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ablate.cli.options import WIDE, storage_option, storage_place
from ablate.errors import shown
from ablate.spec.measure import OBJECTIVE, Measure, Stage, loss_first
from ablate.spec.measures import EVERY
from ablate.spec.outcomes import PHASES

if TYPE_CHECKING:
    from datetime import datetime

    from ablate.document.elements import Document, Section
    from ablate.housekeeping.details import RunDetails
    from ablate.spec.measure import MeasureTable
    from ablate.spec.study import Phase

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 18
"""Characters for the name of what is said."""
EXAMPLES: tuple[Stage, ...] = ("validation", "test")


class TrialNumber(click.IntRange):
    """The number of a trial."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number that was written."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            told = "a trial is named by its number in the report and in trials.csv, from 0"
            self.fail(f"{told}, found {shown(value)}", param, ctx)


READABLE, REPLACED = "can be read", "is not kept: a better run's is"


@click.command("show")
@click.argument("study")
@click.argument("trial", type=TrialNumber(min=0))
@click.option("--phase", type=click.Choice(tuple(PHASES)), help="Of the search, or a replicate.")
@click.option("--variant", metavar="NAME", help="The trial's variant.")
@click.option("--dataset", metavar="NAME", help="The trial's data set.")
@storage_option
def command(
    study: str,
    trial: int,
    phase: Phase | None,
    variant: str | None,
    dataset: str | None,
    storage: str,
) -> int:
    """Show everything about TRIAL of STUDY: how it ended, its settings, measures and curves.

    TRIAL is the number in the report and in trials.csv. Every variant's search counts from 0, and
    so do the replicates: where several have that number, an option says which is meant.

    \b
    ablate show line_dropout 3 --variant dropout=0.2 --phase tune
    """
    from rich.console import Console

    from ablate.document.terminal import text_of
    from ablate.housekeeping.details import details
    from ablate.housekeeping.lookup import find_run
    from ablate.housekeeping.reading import open_to_read
    from ablate.store.artifacts import Artifacts
    from ablate.store.studies import named_study

    place = storage_place(storage)
    opened = open_to_read(place)
    stored = named_study(opened, study)
    run = find_run(stored, trial, phase=phase, variant=variant, dataset=dataset)
    console = Console()
    width = console.width if console.is_terminal else WIDE
    document = run_document(study, details(stored, run, Artifacts(place, opened)))
    click.echo(text_of(document, width).rstrip())
    return 0


def run_document(study: str, found: RunDetails) -> Document:
    """What is recorded of a training run."""
    from ablate.document.elements import Document, Paragraph

    run = found.run
    title = f"{study}: {PHASES[run.phase].one} {run.trial.number} of {run.cell.variant}"
    said = (*_outcome(found), *_costs(found))
    lead = [Paragraph(f"{name:{WIDTH}} {value}") for name, value in said if value]
    sections = (_measures(found), _hyperparameters(found), _curves(found), _artifacts(found))
    kept: list[Section] = [section for section in sections if section is not None]
    return Document(title, tuple(lead), tuple(kept))


def _outcome(found: RunDetails) -> Sequence[tuple[str, str]]:
    """How it ended, what it is, and who trained it."""
    from ablate.store.attributes import CHOSEN_FROM, FINGERPRINT, REASON, REPEATS, RETRY_OF, SEED

    run, trial = found.run, found.run.trial
    chosen, retry, seed = CHOSEN_FROM.of(trial), RETRY_OF.of(trial), SEED.of(trial)
    repeats = REPEATS.of(trial)
    return (
        ("outcome", _outcome_text(found)),
        ("reason", REASON.of(trial) or ""),
        ("repeats", "" if repeats is None else f"trial {repeats}, whose result it has"),
        ("phase", run.phase),
        ("data set", run.cell.dataset),
        ("variant", run.cell.variant),
        ("seed", "" if seed is None or found.fold is not None else str(seed)),
        ("fold", "" if found.fold is None else str(found.fold)),
        ("configuration of", "" if chosen is None else f"trial {chosen} of the search"),
        ("trained again for", "" if retry is None else f"trial {retry}, which was cut off"),
        ("trained again as", "" if found.retried_as is None else f"trial {found.retried_as}"),
        ("started", _moment(trial.datetime_start)),
        ("ended", _moment(trial.datetime_complete)),
        ("process", _owner_text(found)),
        ("fingerprint", FINGERPRINT.of(trial) or ""),
        ("study in Optuna", run.part.name),
    )


def _outcome_text(found: RunDetails) -> str:
    from ablate.document.words import plural

    if found.outcome != "running":
        return found.outcome
    if found.owner is None or found.is_gone:
        return "cut off; the next run trains it again"
    return f"running, {plural(len(found.reported), 'epoch')} so far"


def _owner_text(found: RunDetails) -> str:
    if found.owner is None:
        return ""
    state = "gone" if found.is_gone else "still there"
    note = f", {state}" if found.outcome == "running" else ""
    return f"{found.owner.pid} on {found.owner.host}{note}"


def _costs(found: RunDetails) -> Sequence[tuple[str, str]]:
    """Sizes, times, and where it was trained."""
    from ablate.document.words import environment_line
    from ablate.store.attributes import ENVIRONMENT

    attributes, environment = found.attributes, ENVIRONMENT.of(found.run.trial)
    costs = (
        one for one in EVERY.all if not set(one.stages) & set(EXAMPLES) and one.name in attributes
    )
    return (
        *((_title(one, found.noun), one.text_with_unit(attributes[one.name])) for one in costs),
        ("environment", environment_line(environment) if environment else ""),
    )


def _measures(found: RunDetails) -> Section | None:
    """The scores on the validation and the test set."""
    from ablate.document.elements import Column, Section, table

    attributes = dict(found.attributes)
    if found.outcome == "complete" and found.run.trial.value is not None:
        attributes.setdefault(OBJECTIVE, found.run.trial.value)
    measures = _on_examples(attributes, found.measures)
    rows = []
    for stage in EXAMPLES:
        values = [attributes.get(m.key(stage)) if stage in m.stages else None for m in measures]
        texts = ["" if v is None else m.text(v) for m, v in zip(measures, values, strict=True)]
        if any(texts):
            rows.append((stage, *texts))
    columns = (Column("measured on", "name"), *(Column(_title(m, found.noun)) for m in measures))
    return Section("Measures", (table(columns, rows),)) if rows else None


def _title(measure: Measure, noun: str) -> str:
    """What a measure is called where examples are called so."""
    from ablate.document.words import one_of

    if noun == "images":
        return measure.title
    return measure.title.replace("an image", one_of(noun)).replace("images", noun)


def _on_examples(attributes: Mapping[str, Any], table: MeasureTable) -> tuple[Measure, ...]:
    """What is measured of every training run, and what else was measured of this one."""
    found = (one for one in table.all if set(one.stages) & set(EXAMPLES))
    keys = {one: [one.key(stage) for stage in one.stages] for one in found}
    return loss_first(
        m for m, own in keys.items() if not m.asked or any(k in attributes for k in own)
    )


def _hyperparameters(found: RunDetails) -> Section | None:
    from ablate.document.elements import Column, Section, table
    from ablate.document.words import number

    rows = [(one.name, number(one.value), one.origin) for one in found.hyperparameters]
    columns = (Column("name", "name"), Column("value", "text"), Column("origin", "text"))
    return Section("Hyperparameters", (table(columns, rows),)) if rows else None


def _curves(found: RunDetails) -> Section | None:
    """Every epoch, and what it measured on the validation set as rows of bars."""
    from ablate.document.elements import Column, Paragraph, Section, table

    if not found.curves:
        return _reported(found)
    epochs = [epoch.model_dump() for epoch in found.curves]
    curves = [one for one in EVERY.curves if epochs[0][one.key("validation")] is not None]
    named = {measure.name: (measure, measure.title) for measure in curves}
    validation = {m.key("validation"): (m, f"validation {m.title}") for m in curves}
    width = max(len(title) for _, title in validation.values())
    lines = [
        Paragraph(f"{title:{width}}  {bars([epoch[key] for epoch in epochs])}")
        for key, (_, title) in validation.items()
    ]
    columns = named | validation
    headings = ("epoch", *(title for _, title in columns.values()), "time (s)")
    rows = [
        (
            str(epoch["epoch"]),
            *(measure.text(epoch[key]) for key, (measure, _) in columns.items()),
            f"{epoch['seconds']:.2f}",
        )
        for epoch in epochs
    ]
    return Section("Epochs", (*lines, table([Column(name) for name in headings], rows)))


def _reported(found: RunDetails) -> Section | None:
    """What is known of the epochs of a training run that has no curves."""
    from ablate.document.elements import Column, Paragraph, Section, table
    from ablate.document.words import score

    if not found.reported:
        return None
    title = f"validation {found.objective.title}"
    line = Paragraph(f"{title:19}  {bars(list(found.reported.values()))}")
    columns = (Column("epoch"), Column(title))
    told = [(str(epoch), score(value)) for epoch, value in sorted(found.reported.items())]
    return Section("Epochs", (line, table(columns, told)))


def _artifacts(found: RunDetails) -> Section | None:
    from rich.filesize import decimal

    from ablate.document.elements import Column, Section, table

    rows = [
        (
            kept.name,
            "" if kept.size is None else decimal(kept.size),
            problem or (READABLE if kept.size is not None else REPLACED),
            kept.where,
        )
        for kept, problem in found.artifacts
    ]
    columns = (
        Column("artifact", "name"),
        Column("size"),
        Column("", "text"),
        Column("file", "text"),
    )
    return Section("Artifacts", (table(columns, rows),)) if rows else None


def bars(values: Sequence[float]) -> str:
    """Numbers as a row of bars, from the lowest to the highest; what is not finite is a ``?``."""
    from math import isfinite

    finite = [value for value in values if isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(BARS[round((v - low) * scale)] if isfinite(v) else "?" for v in values)


def _moment(time: datetime | None) -> str:
    return "" if time is None else f"{time:%Y-%m-%d %H:%M:%S}"
