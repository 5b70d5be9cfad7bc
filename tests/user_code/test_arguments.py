"""What a build function takes is read without running its file."""

from __future__ import annotations

import pytest

from ablate.errors import InputError
from ablate.user_code.arguments import build_arguments
from ablate.user_code.imported import load

DEFINE = "define a function there: def build(input_shape, num_classes, *, ...)"


def arguments(folder, text, function="build"):
    path = folder / "model.py"
    path.write_text(text)
    return build_arguments(path, function)


def problem(folder, *args):
    with pytest.raises(InputError) as caught:
        arguments(folder, *args)
    return str(caught.value).removeprefix(str(folder / "model.py"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def build(input_shape, num_classes): ...", (set(), set(), False)),
        (
            "def build(input_shape, num_classes, units, *, act='relu'): ...",
            ({"units", "act"}, {"units"}, False),
        ),
        (
            "import nothing_like_it\ndef build(input_shape, num_classes, *, a=1): ...",
            ({"a"}, set(), False),
        ),
        ("def build(input_shape, num_classes, a=1, **others): ...", ({"a"}, set(), True)),
        ("def build(input_shape, num_classes, /, *, a=1, b): ...", ({"a", "b"}, {"b"}, False)),
        ("def build(units, num_classes, *, input_shape): ...", ({"units"}, {"units"}, False)),
        (
            "def build(output_shape, learning_rate, input_shape=None): ...",
            ({"learning_rate"}, {"learning_rate"}, False),
        ),
    ],
)
def test_hyperparameters_are_read_without_running_the_file(tmp_path, text, expected):
    found = arguments(tmp_path, text)
    assert (found.names, found.required, found.takes_any) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\ndef build(:\n", ": line 2: not valid Python: invalid syntax"),
        (
            "def bild(input_shape, num_classes): ...",
            ': no function build is defined there; did you mean "bild"?',
        ),
        (
            "build = 3",
            ": build is made by what the file does when it runs: what it takes cannot be read "
            f"without running it; {DEFINE}",
        ),
        (
            "build = make_builder(depth=3)",
            ": build is made by what the file does when it runs: what it takes cannot be read "
            f"without running it; {DEFINE}",
        ),
        (
            "class build:\n  def __call__(self, input_shape, num_classes): ...",
            f": build is a class: what it takes cannot be read without running it; {DEFINE}",
        ),
        (
            "from keras.applications import ResNet50 as build",
            ": build is imported from keras.applications, not a file beside it: what it takes "
            f"cannot be read without running it; {DEFINE}",
        ),
        (
            "from .lib import build",
            ": build is imported from .lib, not a file beside it: what it takes cannot be read "
            f"without running it; {DEFINE}",
        ),
        (
            "import build",
            f": build is a module: what it takes cannot be read without running it; {DEFINE}",
        ),
        (
            "other = build\nbuild = other",
            ": other is made by what the file does when it runs: what it takes cannot be read "
            "without running it; define a function there: "
            "def other(input_shape, num_classes, *, ...)",
        ),
    ],
)
def test_a_wrong_file_is_said(tmp_path, text, message):
    assert problem(tmp_path, text) == message


DENSE = "def dense(input_shape, num_classes, *, units, depth=2): ..."


@pytest.mark.parametrize(
    ("text", "required"),
    [
        ("from lib import dense as build", {"units"}),
        ("from package.nets import dense as build", {"units"}),
        ("from package import dense as build", {"units"}),
        ("from package import dense2 as build", {"units"}),
        (f"{DENSE}\nbuild = dense", {"units"}),
        ("from lib import dense\nbuild = dense", {"units"}),
        (f"from functools import partial\n{DENSE}\nbuild = partial(dense, units=3)", set()),
        (f"import functools\n{DENSE}\nbuild = functools.partial(dense, depth=3)", {"units"}),
        ("build = lambda input_shape, num_classes, *, units, depth=2: None", {"units"}),
        (f"def build(a): ...\n{DENSE}\nbuild = dense", {"units"}),
    ],
)
def test_a_build_function_is_found_where_it_comes_from(tmp_path, text, required):
    (tmp_path / "package").mkdir()
    imports = "from package.nets import dense\nfrom .nets import dense as dense2"
    (tmp_path / "package" / "__init__.py").write_text(imports)
    for name in ("lib.py", "package/nets.py"):
        (tmp_path / name).write_text(DENSE)
    found = arguments(tmp_path, text)
    assert (found.names, found.required) == ({"units", "depth"}, required)
    assert callable(load(tmp_path / "model.py").build)


def test_a_file_that_is_no_text_is_not_valid_python(tmp_path):
    assert "None" not in problem(tmp_path, "\0")
