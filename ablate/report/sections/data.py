"""The data of a study, and what is wrong with them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ablate.document import words
from ablate.document.elements import Bullets, Element, Paragraph, Section
from ablate.report.sections.splits import split_lines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ablate.report.report import Report


COPIES_IN_FOLDS = (
    "Warning: {:,} {} are exact copies of an earlier one: a fold may test on what was trained on. Give "
    "copies a group of their own (groups under [data])."
)


def data(report: Report) -> Section | None:
    """The data card of each data set, its warnings first."""
    elements: list[Element] = []
    for name, card in report.cards.items():
        if len(report.cards) > 1:
            elements.append(Paragraph(f"Data set {name}", "strong"))
        elements += [Paragraph(f"Warning: {text}.", "strong") for text in card["warnings"]]
        if report.spec.data(name).folds is not None and card["duplicates"]:
            text = COPIES_IN_FOLDS.format(card["duplicates"], report.examples)
            elements.append(Paragraph(text, "strong"))
        own = [one for one in report.splits if one.dataset == name]
        lines = [*_card_lines(card), *split_lines(report.spec.data(name), own)]
        elements.append(Bullets(tuple(lines)))
    return Section("Data", tuple(elements), on_screen=False) if elements else None


def _origin(source: str) -> str:
    """Where images come from, without what only tells one state of a file from another."""
    plain = re.sub(r" \(\d+ bytes, \d+\)", "", source)
    if not plain.startswith("{"):
        return plain
    options, _ = json.JSONDecoder().raw_decode(plain)  # what follows is where a folder lies
    named = (options[key] for key in ("file", "directory") if key in options)
    return str(next(named, plain))


def _stream_lines(card: Mapping[str, Any]) -> list[str]:
    """Of examples that come in streams."""
    noun, size = words.examples(card["image"])
    train = (
        "how many is not known" if card["train"] is None else f"about {card['train']:,} an epoch"
    )
    return [
        f"{card['dataset']}: {_origin(card['source'])}",
        f"{noun} come in streams, {train}; {size}; {card['classes']} outputs",
        card["not_counted"],
        f"SHA-256 of their code and first targets: {card['digest']}",
    ]


def _card_lines(card: Mapping[str, Any]) -> list[str]:
    if "not_counted" in card:
        return _stream_lines(card)
    shape, targets = card["image"], card.get("targets")
    noun, size = words.examples(shape)
    if noun == "images":
        size = f"{shape[0]} x {shape[1]} pixels, {words.plural(shape[2], 'channel')}"
    told = f"{card['classes']} classes"
    if targets:
        each = (f"{name} ({low:g} to {high:g})" for name, (low, high) in targets.items())
        told = f"to predict: {', '.join(each)}"
    sample = card.get("sample")  # cards of earlier versions say nothing of it
    test = sample[1] if sample else card["test"]
    tested = f"{card['test']:,} for testing, " if card["test"] else ""
    leaked = (
        f"; {card['leaked']:,} test {noun} ({card['leaked'] / max(test, 1):.2%}) are exact copies of a "
        f"training {noun.removesuffix('s')}"
        if card["test"]
        else ""
    )
    lines = [
        f"{card['dataset']}: {_origin(card['source'])}",
        f"{card['train']:,} {noun} for training and validation, {tested}{told}",
        f"{size}, values {card['values'][0]:g} to {card['values'][1]:g}",
        f"{card['duplicates']:,} training {noun} are exact copies of an earlier one{leaked}",
        f"SHA-256 of all {noun} and {'targets' if targets else 'labels'}: {card['digest']}",
    ]
    if sample:
        lines.insert(-1, words.sampled(sample))
    return lines
