"""What a report begins with: the question, the answer, and what the study holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ablate.document import words
from ablate.document.elements import Bullets, Element, Paragraph
from ablate.report.again import run_command
from ablate.report.answer import answer, published_answer
from ablate.spec.outcomes import PHASES, counts_text

if TYPE_CHECKING:
    from ablate.report.report import Report


def lead(report: Report) -> Iterator[Element]:
    """The question, the answer, and what the study holds."""
    if report.spec.description:
        yield Paragraph(report.spec.description)
    if report.ablation is not None:
        for sentence in answer(report.ablation):
            yield Paragraph(sentence, "strong")
    elif len(report.spec.variants) > 1:
        yield Paragraph(
            "Nothing is known of differences between the variants: their searches select what they "
            "show. Add [replicate] with seeds to the study, and run it again.",
            "strong",
        )
    if report.published is not None and (text := published_answer(report.published)):
        yield Paragraph(text, "strong")
    yield Bullets(tuple(_count_lines(report)))


def _count_lines(report: Report) -> Iterator[str]:
    """What became of the trials of each phase, and how many are missing."""
    for phase in report.phases:
        line = f"{PHASES[phase.phase].many}: {counts_text(phase.counts) or 'none yet'}"
        if phase.finished < phase.total:
            left = phase.total - phase.finished
            verb = "is" if left == 1 else "are"
            line += f"; {left} of {phase.total} {verb} "
            line += (
                "not in the table yet"
                if report.is_judged
                else f"still to be trained: {run_command(report.spec, report.storage)}"
            )
        yield line
        if phase.beyond:
            yield (
                f"left out: replicates of {words.plural(len(phase.beyond), 'further seed')} "
                f"({', '.join(map(str, phase.beyond))}), trained and tested when the study asked for more"
            )
