"""``ablate data``: what is in a data set?"""

from __future__ import annotations

import os
from typing import Any

import click

from ablate.cli.options import storage_option, storage_place
from ablate.errors import InputError


@click.command("data")
@click.argument("name")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A key of a study's [data] table, for example per_class=100. May be repeated.",
)
@storage_option
def command(name: str, settings: tuple[str, ...], storage: str) -> int:
    """Print the data card of NAME: sizes, classes, copies, and leaks into the test set.

    \b
    ablate data line --set whole_pixel=true
    ablate data npz --set file=mine.npz
    """
    from ablate.config import load_data_settings
    from ablate.config.toml import override
    from ablate.planning.backend import usual_backend
    from ablate.workers.executors.local import LocalWorker
    from ablate.workers.messages import PrepareData, Refused

    chosen = load_data_settings(name, override({}, settings))
    place = storage_place(storage)
    place.check()
    with LocalWorker(place.logs / "data.log", usual_backend(os.environ)) as worker:
        answer = worker.ask(PrepareData(settings=chosen, cache=str(place.cache)))
    if isinstance(answer, Refused):
        raise InputError(*answer.problems)
    click.echo(card_text(answer.answer))
    return 0


def card_text(card: dict[str, Any]) -> str:
    """A data card as plain text."""
    from ablate.document import words

    noun, size = words.examples(card["image"])
    if "not_counted" in card:
        train = "not known" if card["train"] is None else f"about {card['train']:,} an epoch"
        lines = [
            f"{card['dataset']}",
            f"  source        {card['source']}",
            f"  {noun:<13} {train}",
            f"  shape         {size}",
            f"  outputs       {card['classes']}",
            f"  not counted   {card['not_counted']}",
            f"  digest        {card['digest'][:16]}",
        ]
        return "\n".join(lines)
    lines = [
        f"{card['dataset']}",
        f"  source        {card['source']}",
        f"  {noun:<13} {card['train']:,} for training, {card['test']:,} for testing",
        f"  shape         {size}",
        *_target_lines(card),
        f"  values        {card['values'][0]:g} to {card['values'][1]:g}",
        f"  duplicates    {card['duplicates']:,} training {noun} are exact copies of an earlier one",
        f"  leaks         {card['leaked']:,} test {noun} are exact copies of a training "
        f"{noun.removesuffix('s')}",
        f"  digest        {card['digest'][:16]}",
    ]
    if sample := card.get("sample"):
        lines.insert(-1, f"  sample        {words.sampled(sample)}")
    lines += [f"  warning       {warning}" for warning in card["warnings"]]
    return "\n".join(lines)


def _target_lines(card: dict[str, Any]) -> list[str]:
    """What there is to predict: classes or labels with their examples, or numbers."""
    if card.get("targets"):
        spans = card["targets"].items()
        each = ", ".join(f"{name} ({low:g} to {high:g})" for name, (low, high) in spans)
        return [f"  to predict    {each}"]
    return [
        f"  classes       {card['classes']}",
        f"  per class     {_span(card['per_class_train'])} for training, "
        f"{_span(card['per_class_test'])} for testing",
    ]


def _span(bounds: list[int]) -> str:
    low, high = bounds
    return f"{low}" if low == high else f"{low} to {high}"
