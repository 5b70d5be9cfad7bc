"""Learning curves of the variants over their seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.document import words
from ablate.document.elements import Column, Element, Figure, Paragraph, Section, table
from ablate.report.figures import records as figures_data

if TYPE_CHECKING:
    from ablate.report.report import Report
    from ablate.spec.study import StudySpec

NOTE = (
    "Lines are means over {noun}s on the validation set, with their 95 % band; dashed lines are those of "
    "the training set. The dot marks the median of the epochs with the {best} validation {by}, which is "
    "{use}."
)
BEST = 'the checkpoint that was tested (checkpoint = "best")'
LAST = 'not the one that was tested: that is the last epoch (checkpoint = "last")'
VARIED = (
    'the checkpoint that was tested of variants with checkpoint = "best"; of those with '
    'checkpoint = "last" it was the last epoch'
)


def curves(report: Report) -> Section | None:
    """Loss and accuracy by epoch, and where the best checkpoint lay."""
    if not report.curves:
        return None
    several = len(report.spec.datasets) > 1
    noun = f"{report.noun}s"
    elements: list[Element] = []
    if figures_data.MEAN_CURVES in report.figures.files:
        scores = words.listed([one.title for one in report.spec.measures.curves])
        text = f"Training and validation {scores} by epoch, mean and band over {noun}"
        elements.append(Figure(figures_data.MEAN_CURVES, text))
    columns = (
        Column("data set" if several else "", "name"),
        Column("variant", "name"),
        Column(noun),
        Column("best epoch"),
        Column("of"),
        Column("last training loss"),
        Column("last validation loss"),
        Column("lowest mean validation loss"),
    )
    rows = []
    for found in report.curves:
        losses = [value.mean for value in found.measures["val_loss"]]
        rows.append(
            [
                found.cell.dataset if several else "",
                found.cell.variant,
                str(found.seeds),
                f"{found.best_epoch:g}",
                str(len(losses)),
                words.score(found.measures["loss"][-1].mean),
                words.score(losses[-1]),
                words.score(min(losses)),
            ]
        )
    skip = 0 if several else 1
    elements.append(table(columns[skip:], [row[skip:] for row in rows]))
    by, use = report.spec.searched, _use(report.spec)
    note = NOTE.format(best=by.best, by=by.title, use=use, noun=report.noun)
    elements.append(Paragraph(note, "note"))
    return Section("Learning curves", tuple(elements), on_screen=False)


def _use(spec: StudySpec) -> str:
    """What the best epoch is used for."""
    asked = spec.training.checkpoint
    found = {variant.values.get("checkpoint", asked) for variant in spec.variants}
    if len(found) > 1:
        return VARIED
    return BEST if found == {"best"} else LAST
