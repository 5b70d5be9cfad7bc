"""``ablate export``: copy a trained network out of a study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ablate.cli.options import storage_option, storage_place
from ablate.spec.measure import OBJECTIVE, STAGES, loss_first

if TYPE_CHECKING:
    from ablate.spec.measure import MeasureTable
    from ablate.store.export import Exported


@click.command("export")
@click.argument("study")
@click.argument("variant")
@click.argument("file", metavar="FILE.keras", type=click.Path(path_type=Path))
@click.option("--dataset", help="The data set, where the study has several.")
@click.option(
    "--trial", type=click.IntRange(min=0), help="A trial of the search, instead of the best run."
)
@click.option(
    "--seed", type=click.IntRange(min=0), help="The replicate with this seed, instead of the best."
)
@click.option("--force", is_flag=True, help="Overwrite FILE.keras if it is there.")
@storage_option
def command(
    study: str,
    variant: str,
    file: Path,
    dataset: str | None,
    trial: int | None,
    seed: int | None,
    force: bool,
    storage: str,
) -> int:
    """Copy the model of VARIANT of STUDY to FILE.keras, which Keras loads without ablate.

    The study must keep models: [artifacts] models = "best" or "all" in its file. The best run
    is the replicate or, before there are replicates, the trial that is best by the study's
    objective, the validation loss unless it says otherwise.

    \b
    ablate export line_dropout dropout=0.2 line.keras
    """
    from ablate.store.export import Wish, export_model

    wish = Wish(study, variant, file, dataset, trial, seed, force)
    click.echo(exported_text(study, file, export_model(storage_place(storage), wish)))
    return 0


def exported_text(study: str, file: Path, exported: Exported) -> str:
    """What a file holds and how it is loaded, as plain text."""
    from ablate.document.words import parameters_text

    run, attributes = exported.run, exported.run.trial.user_attrs
    lines = [
        f"{file}: {exported.cell.variant} of {study}, {run.title}",
        f"  data          {exported.cell.dataset}",
    ]
    if exported.card is not None:
        lines.append(f"  input         {_input_text(exported.card)}")
        if exported.card.get("targets"):
            text = "numbers with mean 0 and deviation 1, by the training rows of its seed"
            lines.append(f"  output        {text}")
    if run.tuned:
        lines.append(f"  tuned         {parameters_text(run.tuned)}")
    lines += _measured({OBJECTIVE: run.trial.value, **attributes}, exported.measures)
    if exported.better is not None:
        said = f" ({exported.better.model})" if exported.better.model else ""
        lines.append(
            f"  note          {exported.better.title} is better, but no model of it was kept{said}"
        )
    return "\n".join([*lines, *_loading(file, exported)])


def _input_text(card: Mapping[str, Any]) -> str:
    """What the network takes."""
    from ablate.document import words

    noun, size = words.examples(card["image"])
    if "not_counted" in card:
        return f"{noun} of {size}, as the stream gives them"
    low, high = card["values"]
    if noun == "images":
        shape = ", ".join(map(str, card["image"]))
        return f"float32 images of shape (n, {shape}), values {low:g} to {high:g}"
    scaled = ", scaled as in its training" if noun == "rows" else ""
    return f"{noun} of {size}{scaled}"


def _measured(values: Mapping[str, Any], table: MeasureTable) -> Iterator[str]:
    """What the model's training run measured, a line for its scores on the images of each set."""
    measures = loss_first(table.shown("export"))
    for one in measures:
        if not one.is_score and one.name in values:
            yield f"  {one.title:13} {one.text_with_unit(values[one.name])}"
    for stage in STAGES:
        keys = {one.key(stage): one for one in measures if one.is_score and stage in one.stages}
        texts = [f"{m.heading} {m.text(values[key])}" for key, m in keys.items() if key in values]
        if texts:
            yield f"  {stage:13} {', '.join(texts)}"


def _loading(file: Path, exported: Exported) -> list[str]:
    """How a file is loaded."""
    own = "".join(f'"{name}": {name}, ' for name in exported.custom_objects).rstrip(", ")
    objects = f", custom_objects={{{own}}}" if own else ""
    safe = "safe_mode=False" if exported.has_lambda else "safe_mode=True"
    lines = [f'  load it       keras.saving.load_model("{file}"{objects}, {safe})']
    if exported.has_lambda:
        lines.append("                it holds a Lambda layer, and with it code that loading runs")
    return lines
