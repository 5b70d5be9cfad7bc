"""A network that a study kept, loaded elsewhere by plain Keras, scores what was recorded."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from conftest import make_project

import ablate
from ablate.data import prepared as data
from ablate.data import split
from ablate.running.run import run_study

pytestmark = pytest.mark.usefixtures("warm_workers")

STUDY = """
[study]
name = "kept"
dataset = "digits"
search_space = "space.toml"
[data]
per_class = 30
validation = 0.2
[training]
epochs = 4
batch_size = 16
learning_rate = 0.03
[vary]
trouble = ["none", "own_layer", "unsaved"]
[replicate]
seeds = 2
[artifacts]
models = "all"
"""

LOAD = """
import json, sys
sys.modules["ablate"] = None
import keras, numpy
file, data, own = sys.argv[1:]
custom = {}
if own:
    sys.path.insert(0, own)
    import models
    custom = {"Scale": models.Scale}
model = keras.saving.load_model(file, safe_mode=True, custom_objects=custom)
arrays = numpy.load(data)
found = model.predict(arrays["x"], verbose=0).argmax(axis=1)
print(json.dumps(float((found == arrays["y"]).mean())))
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A study that keeps its models, run to its end, with its test images in a file."""
    project = make_project(tmp_path_factory.mktemp("kept"))
    project.study_file.write_text(STUDY)
    study = project.study()
    run_study(study, project.place)
    test = split.test_set(data.prepare(study.datasets[0], project.place.cache), study.datasets[0])
    np.savez(project.folder / "test.npz", x=test.x[:], y=test.y)
    return project


def loaded_accuracy(project, file, elsewhere, own=""):
    result = subprocess.run(
        [sys.executable, "-c", LOAD, str(file), str(project.folder / "test.npz"), str(own)],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def recorded(project, variant, seed):
    table = ablate.results("kept", storage=project.place.url)
    return table[(table["variant"] == variant) & (table["seed"] == seed)].iloc[0]


@pytest.mark.parametrize("seed", [1, 2])
def test_an_exported_network_scores_what_was_recorded(kept, tmp_path, seed):
    file = tmp_path / "model.keras"
    result = kept.ablate("export", "kept", "trouble=none", str(file), "--seed", str(seed))
    assert result.returncode == 0, result.stderr
    row = recorded(kept, "trouble=none", seed)
    assert row["test_accuracy"] > 0.3, "it should have learned something"
    assert loaded_accuracy(kept, file, tmp_path) == row["test_accuracy"]
    assert result.stdout.splitlines() == [
        f"{file}: trouble=none of kept, the replicate with seed {seed}",
        "  data          digits",
        "  input         float32 images of shape (n, 8, 8, 1), values 0 to 1",
        "  parameters    1,210",
        f"  validation    loss {row['val_loss']:.4f}, accuracy {row['val_accuracy']:.4f}, "
        f"F1 {row['val_f1']:.4f}",
        f"  test          loss {row['test_loss']:.4f}, accuracy {row['test_accuracy']:.4f}, "
        f"F1 {row['test_f1']:.4f}",
        f'  load it       keras.saving.load_model("{file}", safe_mode=True)',
    ]


def test_without_more_the_network_with_the_lowest_validation_loss_is_exported(kept, tmp_path):
    file = tmp_path / "model.keras"
    result = kept.ablate("export", "kept", "trouble=none", str(file))
    losses = {seed: recorded(kept, "trouble=none", seed)["val_loss"] for seed in (1, 2)}
    best = min(losses, key=losses.get)
    assert f"the replicate with seed {best}\n" in result.stdout


def test_a_network_with_layers_of_ones_own_loads_with_them(kept, tmp_path):
    file = tmp_path / "model.keras"
    result = kept.ablate("export", "kept", "trouble=own_layer", str(file), "--seed", "1")
    assert result.returncode == 0, result.stderr
    loading = result.stdout.splitlines()[-1]
    assert loading == (
        f'  load it       keras.saving.load_model("{file}", custom_objects={{"Scale": Scale}}, '
        "safe_mode=True)"
    )
    accuracy = loaded_accuracy(kept, file, tmp_path, own=kept.folder)
    assert accuracy == recorded(kept, "trouble=own_layer", 1)["test_accuracy"]


def test_a_network_that_cannot_be_saved_is_complete_and_says_why(kept):
    row = recorded(kept, "trouble=unsaved", 1)
    assert row["outcome"] == "complete"
    assert row["test_accuracy"] > 0
    result = kept.ablate("export", "kept", "trouble=unsaved", "model.keras")
    assert result.returncode == 2
    assert re.fullmatch(
        r"trouble=unsaved: no model was kept \(the replicate with seed [12]: not saved: "
        r"NotImplementedError: this layer cannot be saved\); models of trained runs cannot be made "
        "afterwards, but a further seed or a run with --fresh will keep them\n",
        result.stderr,
    )
