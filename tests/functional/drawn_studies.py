"""Draws folders with a study, its data and its network, most of them with at most one fault."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

Arrays = dict[str, Any]


def _arrays(classes: int = 3, each: int = 8, shape: tuple[int, ...] = (4, 4)) -> Arrays:
    rng = np.random.default_rng(0)

    def part(count: int) -> tuple[Any, Any]:
        labels = np.repeat(np.arange(classes), count)
        return rng.integers(0, 256, (len(labels), *shape), np.uint8), labels

    (x_train, y_train), (x_test, y_test) = part(each), part(3)
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def _each(arrays: Arrays, prefix: str, change: Callable[[Any], Any]) -> Arrays:
    return {key: change(one) if key.startswith(prefix) else one for key, one in arrays.items()}


def _but(arrays: Arrays, **changes: Any) -> Arrays:
    return {**arrays, **changes}


def _alone(arrays: Arrays) -> Arrays:
    """One class with a single training image."""
    keep = np.r_[0 : len(arrays["y_train"]) - 7]
    return _but(arrays, x_train=arrays["x_train"][keep], y_train=arrays["y_train"][keep])


def _nan(arrays: Arrays) -> Arrays:
    images = arrays["x_train"] / 255
    images[0, 0, 0] = np.nan
    return _but(arrays, x_train=images, x_test=arrays["x_test"] / 255)


RIGHT_DATA: dict[str, Callable[[], Arrays]] = {
    "grey": _arrays,
    "colour": lambda: _arrays(shape=(4, 4, 3)),
    "one_channel": lambda: _arrays(shape=(4, 4, 1)),
    "two_classes": lambda: _arrays(classes=2),
    "shares": lambda: _each(_arrays(), "x", lambda x: (x / 255).astype(np.float32)),
    "doubles": lambda: _each(_arrays(), "x", lambda x: x / 255),
    "up_to_255": lambda: _each(_arrays(), "x", lambda x: x.astype(np.float32)),
    "from_one": lambda: _each(_arrays(), "y", lambda y: y + 1),
    "gaps": lambda: _each(_arrays(), "y", lambda y: y * 10),
    "text": lambda: _each(_arrays(), "y", lambda y: y.astype(str)),
    "column": lambda: _each(_arrays(), "y", lambda y: y[:, None]),
    "whole_floats": lambda: _each(_arrays(), "y", lambda y: y.astype(float)),
    "booleans": lambda: _each(_arrays(classes=2), "y", lambda y: y.astype(bool)),
    "untested_class": lambda: _but(_arrays(), y_test=np.repeat([0, 1, 1], 3)),
    "channels_first": lambda: _arrays(shape=(3, 8, 8)),
}
WRONG_DATA: dict[str, Callable[[], Arrays]] = {
    "int64": lambda: _each(_arrays(), "x", lambda x: x.astype(np.int64)),
    "uint16": lambda: _each(_arrays(), "x", lambda x: x.astype(np.uint16)),
    "boolean_images": lambda: _each(_arrays(), "x", lambda x: x > 9),
    "nan": lambda: _nan(_arrays()),
    "flat": lambda: _arrays(shape=(16,)),
    "five_axes": lambda: _arrays(shape=(2, 4, 4, 3)),
    "other_test_shape": lambda: _but(_arrays(), x_test=_arrays(shape=(5, 5))["x_test"]),
    "too_few_labels": lambda: _but(_arrays(), y_train=_arrays()["y_train"][:-1]),
    "no_test": lambda: {k: v for k, v in _arrays().items() if k != "x_test"},
    "one_class": lambda: _arrays(classes=1),
    "alone": lambda: _alone(_arrays()),
    "halves": lambda: _each(_arrays(), "y", lambda y: y + 0.5),
    "one_hot": lambda: _each(_arrays(), "y", lambda y: np.eye(3)[y]),
    "unknown_in_test": lambda: _but(_arrays(), y_test=_arrays()["y_test"] + 1),
    "empty": lambda: _but(_arrays(), x_train=_arrays()["x_train"][:0], y_train=np.zeros(0, int)),
    "few_to_validate": lambda: _arrays(classes=12, each=2),
}

HEAD = "import keras\n"
DENSE = """
def build(input_shape, num_classes, *, units):
    return keras.Sequential([
        keras.Input(input_shape), keras.layers.Flatten(),
        keras.layers.Dense(units, "relu"), keras.layers.Dense({last}),
    ])
"""
SOFTMAX = DENSE.format(last='num_classes, "softmax"')
FUNCTIONAL = """
def build(input_shape, num_classes, *, units):
    inputs = keras.Input(input_shape)
    {inputs}x = keras.layers.Dense(units)(keras.layers.Flatten()(inputs))
    outputs = keras.layers.Dense(num_classes, "softmax")(x)
    return keras.Model({given}, {outputs})
"""
SUBCLASSED = """
class Net(keras.Model):
    def __init__(self, units, num_classes):
        super().__init__()
        self.flat, self.last = keras.layers.Flatten(), keras.layers.Dense(num_classes, {last})

    def call(self, inputs):
        return self.last(self.flat(inputs))


def build(input_shape, num_classes, *, units):
    return Net(units, num_classes)
"""
RIGHT_NETWORKS = {
    "softmax": SOFTMAX,
    "functional": FUNCTIONAL.format(inputs="", given="inputs", outputs="outputs"),
    "subclassed": SUBCLASSED.format(last='"softmax"'),
    "no_input": SOFTMAX.replace("keras.Input(input_shape), ", ""),
    "softmax_layer": DENSE.format(last="num_classes), keras.layers.Softmax("),
    "renamed": f"{SOFTMAX}\nother = build\nbuild = other\n",
    "partial": "from functools import partial\n"
    + SOFTMAX.replace("units)", "units, more)").replace("build(", "made(")
    + "\nbuild = partial(made, more=1)\n",
    "neighbour": "from neighbour import build\n",
    "default": SOFTMAX.replace("*, units", "*, units=3, unknown=2"),
    "takes_any": SOFTMAX.replace("units)", "units, **others)"),
}
COMPILED = 'model.compile("adam", "categorical_crossentropy")'
WRONG_NETWORKS = {
    "logits": DENSE.format(last="num_classes"),
    "sigmoid": DENSE.format(last='1, "sigmoid"'),
    "sigmoids": DENSE.format(last='num_classes, "sigmoid"'),
    "one_more": DENSE.format(last='num_classes + 1, "softmax"'),
    "twice": DENSE.format(last='num_classes, "softmax"), keras.layers.Rescaling(2.0'),
    "nan": DENSE.format(last='num_classes, "softmax"), keras.layers.Rescaling(float("nan")'),
    "dictionary": FUNCTIONAL.format(inputs="", given="inputs", outputs='{"a": outputs}'),
    "two_outputs": FUNCTIONAL.format(inputs="", given="inputs", outputs="[outputs, outputs]"),
    "two_inputs": FUNCTIONAL.format(
        inputs="other = keras.Input((2,))\n    ", given="[inputs, other]", outputs="outputs"
    ),
    "other_inputs": SOFTMAX.replace("keras.Input(input_shape)", "keras.Input((7, 7, 1))"),
    "compiled": SOFTMAX.replace("return keras", "model = keras")
    + f"    {COMPILED}\n    return model\n",
    "subclassed_logits": SUBCLASSED.format(last="None"),
    "nothing": "def build(input_shape, num_classes, *, units): ...\n",
    "a_layer": "def build(input_shape, num_classes, *, units):\n    return keras.layers.Dense(3)\n",
    "raises": "def build(input_shape, num_classes, *, units):\n    raise RuntimeError('no')\n",
    "exits": "def build(input_shape, num_classes, *, units):\n    raise SystemExit(3)\n",
    "never_feasible": "def build(input_shape, num_classes, *, units):\n    raise ValueError('no')\n",
    "misspelled_layer": SOFTMAX.replace("Flatten", "Flaten"),
    "no_import": SOFTMAX.replace("keras.Seq", "kreas.Seq"),
    "fails_on_import": f"import no_such_module_anywhere\n{SOFTMAX}",
    "syntax": f"{SOFTMAX}\nx = (\n",
    "undefined": SOFTMAX.replace("build", "bild"),
    "a_class": "class build: ...\n",
    "lacks_classes": SOFTMAX.replace(", num_classes, *,", ", *,"),
    "wants_more": SOFTMAX.replace("units)", "units, depth)"),
    "takes_less": SOFTMAX.replace(", *, units", "").replace("units", "3"),
}

RIGHT_SETTINGS = (
    "",
    "[training]\nbatch_size = 4\n",
    "[training]\nbatch_size = 500\n",
    '[training]\noptimizer = "sgd"\nmomentum = 0.5\n',
    '[training]\nlearning_rate_decay = "cosine"\n',
    '[training]\nbatch_norm_averages = "recalibrated"\n',
    '[training]\ncheckpoint = "last"\nlabel_smoothing = 0.1\n',
    "[training.early_stopping]\npatience = 1\n",
    "[data]\nper_class = 6\ntest_per_class = 2\n",
    "[data]\nvalidation = 0.5\n",
    '[tune]\ntrials = 2\nsampler = "random"\nparameters = ["units"]\n',
    '[tune]\ntrials = 4\nsampler = "grid"\nparameters = ["units"]\n',
    "[tune]\ntrials = 2\nparameters = []\nlearning_rate = { low = 1e-3, high = 1e-1 }\n",
    '[tune]\ntrials = 2\nparameters = ["units"]\npruner = "median"\nbatch_size = [4, 8]\n',
    "[vary]\nunits = [2, 3]\n",
    "[vary]\nlearning_rate = [0.1, 0.2]\n",
    "[replicate]\nseeds = 2\n",
    '[replicate]\nseeds = 1\nmetric = "f1"\n',
    "[fix]\nunits = 2\n",
    '[published.default]\nsource = "me"\naccuracy = 0.5\n[replicate]\nseeds = 1\n',
)
WRONG_SETTINGS = (
    "[training]\nepochs = 0\n",
    '[training]\nbatch_size = "big"\n',
    '[training]\noptimizer = "adm"\n',
    "[training]\nlearning_rate = -1\n",
    "[training]\nmomentum = 0.5\n",
    '[training]\nbackend = "torch"\n',
    "[training]\nunknown = 1\n",
    "[data]\nper_class = 900\n",
    "[data]\ntest_per_class = 900\n",
    "[data]\nvalidation = 0.01\n",
    "[data]\nvalidation = 0.99\n",
    "[data]\nvalidation = 2\n",
    "[data]\nfolds = 3\n",
    '[data]\nx_train = "images"\n',
    '[data]\nfile = "gone.npz"\n',
    "[tune]\ntrials = 0\n",
    '[tune]\ntrials = 1\nsampler = "gird"\n',
    '[tune]\ntrials = 1\nparameters = ["unit"]\n',
    "[tune]\ntrials = 1\nunits = [99]\n",
    '[tune]\ntrials = 1\nparameters = ["units"]\n[fix]\nunits = 2\n',
    '[tune]\ntrials = 1\nsampler = "grid"\nparameters = []\nlearning_rate = { low = 1e-3, high = 1e-1 }\n',
    "[vary]\nunits = [2]\n",
    "[vary]\nunit = [2, 3]\n",
    "[vary]\nunits = [2, 99]\n",
    "[replicate]\n",
    '[replicate]\nseeds = 2\nmetric = "auc"\n',
    "[fix]\nunits = 7\n",
    '[published.default]\nsource = "me"\naccuracy = 50\n[replicate]\nseeds = 1\n',
    '[published.other]\nsource = "me"\naccuracy = 0.5\n[replicate]\nseeds = 1\n',
    '[artifacts]\nmodels = "some"\n',
    "[nonsense]\na = 1\n",
)
STORED = ("nothing", "the same", "another question", "other data")


@dataclass(frozen=True)
class Drawn:
    """A folder's contents, and what is stored of a study of its name."""

    data: str
    network: str
    settings: str
    stored: str
    is_folder: bool
    """Whether the arrays lie in files of their own."""

    def write(self, folder: Path) -> None:
        """Writes the files, none of which was there before."""
        folder.mkdir(parents=True)
        arrays = (RIGHT_DATA | WRONG_DATA)[self.data]()
        if self.is_folder:
            (folder / "data").mkdir()
            for name, array in arrays.items():
                np.save(folder / "data" / f"{name}.npy", array)
        else:
            np.savez(folder / "data.npz", **arrays)
        (folder / "model.py").write_text(HEAD + (RIGHT_NETWORKS | WRONG_NETWORKS)[self.network])
        (folder / "neighbour.py").write_text(HEAD + SOFTMAX)
        (folder / "space.toml").write_text(
            'architecture = "model.py:build"\n[parameters]\n'
            "units = { choices = [2, 3, 4], default = 3 }\n"
        )
        self.write_study(folder)

    def write_study(self, folder: Path, extra: str = "") -> None:
        """Writes the study file, with some more settings."""
        settings = self.settings
        if (
            not any(table in settings for table in ("[tune]", "[vary]", "[replicate]"))
            or "[vary]" in settings
        ):
            settings += "[replicate]\nseeds = 1\n"
        if "[data]" not in settings:
            settings += "[data]\n"
        if "\nfile = " not in settings:
            file = "data" if self.is_folder else "data.npz"
            settings = settings.replace("[data]\n", f'[data]\nfile = "{file}"\n')
        training = "[training]\n" if "[training" not in settings else ""
        if "epochs" not in settings and "[training.early" not in settings:
            settings = (settings + training).replace("[training]\n", "[training]\nepochs = 1\n")
        if self.data == "few_to_validate" and "validation" not in settings:
            settings = settings.replace("[data]\n", "[data]\nvalidation = 0.1\n")
        elif "validation" not in settings:
            settings = settings.replace("[data]\n", "[data]\nvalidation = 0.25\n")
        (folder / "study.toml").write_text(
            '[study]\nname = "drawn"\ndataset = "npz"\nsearch_space = "space.toml"\n'
            f"{extra}{settings}"
        )


RIGHT = Drawn("grey", "softmax", "", "nothing", is_folder=False)


def studies(count: int, seed: int) -> list[Drawn]:
    """Every fault and every right choice alone, and then what is drawn, one in two without a fault."""
    rng = random.Random(seed)
    singles = [
        *(replace(RIGHT, data=data) for data in RIGHT_DATA | WRONG_DATA),
        *(replace(RIGHT, network=network) for network in RIGHT_NETWORKS | WRONG_NETWORKS),
        *(replace(RIGHT, settings=settings) for settings in (*RIGHT_SETTINGS, *WRONG_SETTINGS)),
        *(replace(RIGHT, stored=stored) for stored in STORED),
    ]
    rng.shuffle(singles)
    return [*singles, *(draw(rng) for _ in range(count - len(singles)))][:count]


def draw(rng: random.Random) -> Drawn:
    """Draws a study: one in two has no fault, few have several."""
    faults = rng.choices((0, 1, 2), (50, 42, 8))[0]
    wrong = set(rng.sample(("data", "network", "settings", "stored"), faults))
    return Drawn(
        data=rng.choice(list(WRONG_DATA if "data" in wrong else RIGHT_DATA)),
        network=rng.choice(list(WRONG_NETWORKS if "network" in wrong else RIGHT_NETWORKS)),
        settings=rng.choice(WRONG_SETTINGS if "settings" in wrong else RIGHT_SETTINGS),
        stored=rng.choice(STORED[2:] if "stored" in wrong else STORED[:2]),
        is_folder=rng.random() < 0.3,
    )
