"""Where a report comes from: the data, the study file, and the commands that make it again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from ablate.report import words
from ablate.report.document import Bullets, Code, Element, Paragraph, Section

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ablate.report.summary import Report


def data(report: Report) -> Section | None:
    """The data card of each data set, its warnings first."""
    elements: list[Element] = []
    for name, card in report.cards.items():
        if len(report.cards) > 1:
            elements.append(Paragraph(f"Data set {name}", "strong"))
        elements += [Paragraph(f"Warning: {text}.", "strong") for text in card["warnings"]]
        elements.append(Bullets(tuple(_card_lines(card))))
    return Section("Data", tuple(elements)) if elements else None


def _card_lines(card: Mapping[str, Any]) -> list[str]:
    height, width, channels = card["image"]
    return [
        f"{card['dataset']}: {card['source']}",
        f"{card['train']:,} images for training and validation, {card['test']:,} for testing, "
        f"{card['classes']} classes",
        f"{height} x {width} pixels, {words.plural(channels, 'channel')}, values "
        f"{card['values'][0]:g} to {card['values'][1]:g}",
        f"{card['duplicates']:,} training images are exact copies of an earlier one; "
        f"{card['leaked']:,} test images ({card['leaked'] / max(card['test'], 1):.2%}) are exact copies "
        "of a training image",
        f"SHA-256 of all images and labels: {card['digest']}",
    ]


def question(report: Report) -> Section | None:
    """The study file as it was run, and the commands that make the report again."""
    spec = report.spec
    elements: list[Element] = []
    if spec.text:
        elements.append(Code(spec.text, "toml"))
    settings = " ".join(f"--set {shlex.quote(setting)}" for setting in spec.settings)
    name = shlex.quote(report.name)
    run = f"$ ablate run {shlex.quote(spec.path)} {settings}".rstrip()
    elements.append(Code(f"{run}\n$ ablate report {name}", "console"))
    return Section("How to make this again", tuple(elements))
