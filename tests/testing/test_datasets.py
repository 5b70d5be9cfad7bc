import pytest

from ablate import catalog
from ablate.errors import InputError
from ablate.testing import check_data_set

LOAD = "def load(options: Options, places: Places) -> Examples:\n"
IMAGES = "x_train=images[0].reshape(-1, side, side, 1),"
LABELS = "y_test=labels,"


def problem(name="stripes", options=None, **places):
    with pytest.raises(AssertionError) as caught:
        check_data_set(name, options, **places)
    return str(caught.value)


def test_a_sound_data_set_passes(example):
    check_data_set("stripes")
    check_data_set("stripes", {"images_per_class": 5, "side": 4})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            '"""Grey images of stripes that lie or stand."""',
            "",
            "its module must begin with a docstring; say in it what the images are",
            id="no docstring",
        ),
        pytest.param(
            "class Options(DatasetOptions)",
            "class Options",
            "must define Options, a subclass of ablate.datasets.DatasetOptions; leave it empty "
            "where the data set has no options",
            id="options of another class",
        ),
        pytest.param(
            "def shape(",
            "def sizes(",
            "must define a function shape(options, places); ablate/datasets/_base.py says what it "
            "returns",
            id="no shape",
        ),
        pytest.param(
            "    images_per_class:",
            "    per_class: int = 3\n    images_per_class:",
            "an option must not have the name of a setting that every data set has, found "
            '"per_class"; rename it',
            id="an option that every data set has",
        ),
        pytest.param(
            "    images_per_class:",
            "    sides: tuple[int, ...] = (8, 8)\n    images_per_class:",
            "options must be the same after they were stored as JSON, found "
            '{"sides": [8, 8], "images_per_class": 20, "side": 8}; '
            "a list must become a tuple again: see ablate/datasets/npz.py",
            id="options that JSON changes",
        ),
        pytest.param(
            'return f"drawn by ablate_example, version 1: {options.model_dump_json()}"',
            'return "drawn\\nby ablate_example"',
            "source must give one line of text that can be printed, found "
            '"drawn\\nby ablate_example"; say where the images come from',
            id="a source of two lines",
        ),
        pytest.param(
            '    return f"drawn',
            '    source.calls = getattr(source, "calls", 0) + 1\n    return f"{source.calls} drawn',
            "source must say the same as long as the images are the same, found "
            '"2 drawn by ablate_example, version 1: {\\"images_per_class\\":20,\\"side\\":8}"; '
            "leave out what changes by itself: the images are prepared anew whenever it changes",
            id="a source that counts",
        ),
        pytest.param(
            "    return Examples(",
            "    return dict(",
            'load must return ablate.datasets.Examples, found "dict"',
            id="no images",
        ),
        pytest.param(
            "class_names=CLASS_NAMES,",
            'class_names=("lying", "lying"),',
            'class_names must be a tuple of at least two names, each another, found ["lying", "lying"]',
            id="two classes of one name",
        ),
        pytest.param(
            IMAGES,
            "x_train=images[0].reshape(-1, side, side),",
            "x_train must be an array of images, (n, height, width, channels), found "
            '"uint8 (20, 8, 8)"; grey images have one channel: x[..., None]',
            id="no channels",
        ),
        pytest.param(
            IMAGES,
            "x_train=images[0].reshape(-1, side, side // 2, 2),",
            "x_test must hold images of the shape of those for training, found "
            '"(8, 8, 1) and (8, 4, 2)"',
            id="test images of another shape",
        ),
        pytest.param(
            IMAGES,
            IMAGES.replace("images[0]", "images[0].astype(float)"),
            "x_train must be uint8 from 0 to 255, or float32 from 0 to 1, found "
            '"float64 (20, 8, 8, 1)"; convert it with astype',
            id="float64",
        ),
        pytest.param(
            IMAGES,
            IMAGES.replace("images[0]", "images[0].astype(np.float32)"),
            'x_train must lie between 0 and 1, and not be the same everywhere, found "0 to 199"',
            id="floats that are not scaled",
        ),
        pytest.param(
            LABELS,
            "y_test=labels.astype(np.int32),",
            "y_test must hold one int64 label for each of the 20 images, found "
            '"int32 (20,)"; convert it with astype',
            id="int32 labels",
        ),
        pytest.param(
            LABELS,
            "y_test=0 * labels,",
            "y_test must hold every label from 0 to 1, as there are class_names, found [0]",
            id="a class without test images",
        ),
        pytest.param(
            "DataShape(train=count,",
            "DataShape(train=count + 1,",
            "shape must agree with what load gives, DataShape(train=20, test=20, "
            'example=(8, 8, 1), classes=2, validation=0), found "DataShape(train=21, test=20, example=(8, 8, 1), '
            'classes=2, validation=0)"',
            id="shape says something else",
        ),
        pytest.param(
            "default_rng(0)",
            "default_rng()",
            "load must give the same x_train each time: a study keeps a digest of the images; "
            'draw with numpy.random.default_rng and a seed of your own: "seed" may be an option',
            id="other images each time",
        ),
        pytest.param(
            "class_names=CLASS_NAMES,",
            "class_names=CLASS_NAMES if vars(load) else vars(load).update(seen=1) or ('a', 'b'),",
            'load must give the same class_names each time, found ["lying", "standing"]',
            id="other class names each time",
        ),
    ],
)
def test_a_promise_that_is_not_kept_is_told(example, old, new, message):
    example.change("stripes.py", old, new)
    assert problem() == f"data set stripes: {message}"


def test_options_that_a_data_set_needs_are_asked_for():
    assert problem("npz") == (
        "data set npz: file: is required; "
        'name the options to check it with: check_data_set("npz", {...})'
    )


def test_options_that_it_does_not_have_are_refused(example):
    assert problem(options={"sides": 3, "images_per_class": 1}) == (
        "data set stripes: images_per_class: must be at least 4, found 1; "
        'name the options to check it with: check_data_set("stripes", {...})\n'
        'data set stripes: sides: unknown key; did you mean "side"?'
    )


def test_files_that_it_needs_are_looked_for_where_they_are_named(tmp_path):
    with pytest.raises(InputError) as caught:
        check_data_set("npz", {"file": "mine.npz"}, folder=tmp_path)
    assert str(caught.value) == f"{tmp_path / 'mine.npz'}: there is no such file"
    with pytest.raises(InputError) as caught:
        check_data_set("mnist", home=tmp_path / "none")
    assert str(caught.value) == f"{tmp_path / 'none'}: the folder for data files does not exist"


def test_mapped_floats_may_be_of_any_size(tmp_path):
    import numpy as np

    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        np.save(tmp_path / f"x_{split}.npy", rng.normal(size=(6, 4, 4, 1)))
        np.save(tmp_path / f"y_{split}.npy", np.arange(6) % 3)
    check_data_set("npz", {"file": tmp_path.name}, folder=tmp_path.parent)


def test_a_name_that_nobody_registered_is_told():
    assert problem("strips") == (
        'data set strips: is not installed; register it under [project.entry-points."ablate.datasets"] '
        "in pyproject.toml, and install the package again"
    )


def test_a_module_that_cannot_be_imported_is_told(example):
    (example.changed / "stripes.py").unlink()
    assert problem() == (
        "data set stripes: ablate_example.stripes cannot be imported: No module named "
        "'ablate_example.stripes'; look at "
        '[project.entry-points."ablate.datasets"] in pyproject.toml'
    )


def test_a_name_that_is_taken_is_told(example, monkeypatch):
    monkeypatch.setattr(catalog, "find", lambda kind, name: "ablate.datasets.line")
    assert problem() == (
        "data set stripes: ablate_example.stripes is never used: ablate.datasets.line has the same "
        'name; register it under another name in [project.entry-points."ablate.datasets"] in '
        "pyproject.toml"
    )
