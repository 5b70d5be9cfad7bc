"""What Keras only draws with is loaded when it draws."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import inspect
import sys

from ablate.workers.later import load_later

load_later()
load_later()

import keras
import matplotlib
import numpy as np

inspect.getmodule(inspect.currentframe(), "nowhere")
assert "matplotlib.axes" not in sys.modules

matplotlib.use("Agg")
images = np.zeros((4, 8, 8, 3), np.float32)
keras.visualization.plot_image_gallery(images, value_range=(0, 1), path=sys.argv[1])
from matplotlib import patches, pyplot

assert sys.modules["matplotlib.pyplot"] is pyplot and pyplot.__spec__.loader.get_source(pyplot.__name__)
assert matplotlib.patches is patches is sys.modules["matplotlib.patches"]
from keras.src.visualization import plot_bounding_box_gallery

assert plot_bounding_box_gallery.patches.Patch is patches.Patch
"""


def test_keras_loads_what_it_draws_with_when_it_draws(tmp_path):
    picture = tmp_path / "images.png"
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(picture)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
