import subprocess
import sys

import pytest

from ablate.testing import check_architecture

NETWORK = 'return keras.Model(inputs, outputs, name="shallow")'
OUTPUTS = 'outputs = keras.layers.Dense(num_classes, "softmax")(x)'
SIGNATURE = "def build(input_shape, num_classes, *, units=16, dropout=0.0):"


def problem(search_space=None, name="shallow", **sizes):
    with pytest.raises(AssertionError) as caught:
        check_architecture(name, search_space, **sizes)
    return str(caught.value)


def test_a_sound_architecture_passes(example):
    check_architecture("shallow", example.search_space)
    check_architecture("shallow", str(example.search_space), input_shape=(4, 4, 3), num_classes=2)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            OUTPUTS,
            'outputs = keras.layers.Dense(10, "softmax")(x)',
            "cannot be built for 11 classes: build returned a network with output shape (None, 10), "
            "but the data have 11 classes; give the last layer num_classes units",
            id="a build that ignores num_classes",
        ),
        pytest.param(
            "inputs = keras.Input(input_shape)",
            "inputs = keras.Input((28, 28, 1))",
            "cannot be built for images of (28, 28, 2): build returned a network for inputs of shape "
            "(28, 28, 1), but the images are (28, 28, 2): begin with keras.Input(input_shape)",
            id="a build that ignores input_shape",
        ),
        pytest.param(
            OUTPUTS,
            OUTPUTS.replace(', "softmax"', ""),
            "cannot be built with its defaults: its last layer, dense_1, gives no probabilities: "
            "its activation is linear; end it in a softmax",
            id="logits",
        ),
        pytest.param(
            OUTPUTS,
            OUTPUTS.replace('"softmax"', "lambda x: x * 0 + 1"),
            "must give probabilities: numbers from 0 to 1 that add up to 1 for each image, found "
            '"1 to 1, sums 10 to 10"; end in Dense(num_classes, "softmax")',
            id="no probabilities",
        ),
        pytest.param(
            NETWORK,
            'return keras.Model(inputs, outputs, name="deep")',
            'the network must have the name of the architecture: keras.Model(name="shallow"), '
            'found "deep"',
            id="another name",
        ),
        pytest.param(
            NETWORK,
            "return outputs",
            "cannot be built with its defaults: build returned KerasTensor, not a keras.Model",
            id="no network",
        ),
        pytest.param(
            "    inputs = keras.Input",
            "    if units == 4:\n        raise ValueError('too few units')\n    inputs = keras.Input",
            "cannot be built with units=4: too few units; "
            "mend build, or take the value out of the search space",
            id="a choice that cannot be built",
        ),
        pytest.param(
            "units=16, ",
            "units=8, ",
            "units must have the default of the search space, 16, in build, found 8",
            id="another default",
        ),
        pytest.param(
            "units=16, ",
            "units=16.0, ",
            "units must have the default of the search space, 16, in build, found 16.0",
            id="a default of another type",
        ),
        pytest.param(
            "units=16, ",
            "units, ",
            "units must have the default of the search space, 16, in build",
            id="no default",
        ),
        pytest.param(
            "dropout=0.0):",
            "dropout=0.0, layers=1):",
            "build must take the parameters of its search space, units, dropout, alone, found "
            '"units, dropout, layers"',
            id="one parameter more",
        ),
    ],
)
def test_a_promise_that_is_not_kept_is_told(example, old, new, message):
    example.change("shallow.py", old, new)
    assert problem(example.search_space) == f"architecture shallow: {message}"


def test_an_off_value_that_brings_something_in_is_told(example):
    example.change("shallow.toml", "default = 0.0", "default = 0.2")
    example.change("shallow.py", "dropout=0.0", "dropout=0.2")
    check_architecture("shallow", example.search_space)
    example.change("shallow.py", "if dropout:", "if not dropout:")
    assert problem(example.search_space) == (
        "architecture shallow: dropout=0.0, its off value, must bring no layer that the default "
        'lacks, found "Dropout"; name the value that takes the component out'
    )


def test_arguments_that_are_known_only_when_it_runs_are_told(example):
    example.change("shallow.py", SIGNATURE, "def build(input_shape, num_classes, **values):")
    signature = SIGNATURE.replace("build(", "written(").replace(":", ": ...")
    wrapped = f"{NETWORK}\n\n\n{signature}\nbuild.__wrapped__ = written"
    example.change("shallow.py", NETWORK, wrapped)
    assert problem(example.search_space) == (
        "architecture shallow: build must be written with all its arguments, because they are read "
        'without running it, found ""'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'architecture = "baseline"\n[parameters]\nl2 = { low = 0.0, high = 1.0, default = 0.0 }',
            '{file} must say architecture = "shallow", found "baseline"',
        ),
        (
            'architecture = "shallow"\n[parameters]\nunit = { choices = [4], default = 4 }',
            '{file}: parameters.unit: shallow takes no such parameter; did you mean "units"?',
        ),
        (
            'architecture = "shallow"\n[parameters]\n',
            "{file} has no parameter; name at least one under [parameters]",
        ),
        (
            'architecture = "shallow"\n[parameters]\nunits = { choices = [16], default = 16 }',
            'build must take the parameters of its search space, units, alone, found "units, dropout"',
        ),
    ],
)
def test_a_search_space_that_does_not_fit_is_told(example, text, message):
    example.search_space.write_text(text)
    file = example.search_space
    assert problem(file) == f"architecture shallow: {message.format(file=file)}"


def test_a_search_space_of_its_own_must_be_named(example):
    assert problem() == (
        "architecture shallow: no search space of that name ships with ablate; "
        'name its file: check_architecture("shallow", "shallow.toml")'
    )


def test_an_architecture_that_says_which_images_it_is_for_passes(example):
    example.change(
        "shallow.py",
        "    inputs = keras.Input",
        "    if input_shape[-1] != 1:\n        raise ValueError('grey images only')\n"
        "    inputs = keras.Input",
    )
    check_architecture("shallow", example.search_space)


def test_only_the_check_of_an_architecture_loads_keras():
    code = (
        "import sys, ablate.testing as t; t.check_data_set('digits'); t.check_report_format('csv'); "
        "print({'keras', 'tensorflow', 'jax', 'pytest'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "set()\n"
