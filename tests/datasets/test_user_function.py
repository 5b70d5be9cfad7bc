"""A user's function as a data set: run in a process of its own, its mistakes told."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

from ablate.config import load_study
from ablate.data.prepared import find_prepared, load, prepare, shape
from ablate.data.reading import read_data
from ablate.errors import InputError

CODE = """
import os
import shutil
import numpy as np
from helper import FACTOR

def load_data(count=12, *, seed=0):
    with open("pids.txt", "a") as file:
        file.write(f"{os.getpid()} ")
    rng = np.random.default_rng(seed)
    x = rng.random((count, 3)) * FACTOR
    y = np.arange(count) % 2
    return (x[:-4], y[:-4]), (x[-4:], y[-4:])
"""
STUDY = """
[study]
name         = "s"
dataset      = "my_data.py:load_data"
search_space = "mlp"
{study}

[data]
validation = 0.25
{data}

[training]
epochs     = 1
batch_size = 4

[replicate]
seeds = 2
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "helper.py").write_text("FACTOR = 2.0\n")

    def written(code=CODE, data="", study=""):
        (tmp_path / "my_data.py").write_text(code)
        (tmp_path / "study.toml").write_text(STUDY.format(data=data, study=study))
        return tmp_path / "study.toml"

    return written


def settings(path):
    return load_study(path, (), {}).datasets[0]


def said(path):
    with pytest.raises(InputError) as caught:
        prepare(settings(path), path.parent / "cache")
    return [str(problem).removeprefix(f"{path}: ") for problem in caught.value.problems]


def test_it_is_run_once_in_another_process_and_kept(write, tmp_path):
    asked = settings(write(data="seed = 3\ncount = 20"))
    told = shape(asked)
    assert (told.train, told.test, told.example, told.classes) == (16, 4, (3,), 2)
    prepared = prepare(asked, tmp_path / "cache")
    expected = np.random.default_rng(3).random((20, 3)) * 2
    assert np.allclose(prepared.array("x_train"), expected[:16])
    pids = (tmp_path / "pids.txt").read_text().split()
    assert len(pids) == 1 and pids != [str(os.getpid())]
    assert find_prepared(asked, tmp_path / "cache") == prepared


def test_other_options_or_other_code_are_other_data(write, tmp_path):
    first = prepare(settings(write()), tmp_path / "cache")
    assert prepare(settings(write(data="seed = 1")), tmp_path / "cache").digest != first.digest
    (tmp_path / "helper.py").write_text("FACTOR = 3.0\n")
    assert find_prepared(settings(write()), tmp_path / "cache") is None
    assert prepare(settings(write()), tmp_path / "cache").digest != first.digest


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "def load_data():\n    return 3\n",
            "my_data.py:load_data: load_data must return ((x_train, y_train), (x_test, y_test)), it returned a int",
        ),
        (
            "def load_data():\n    raise OSError('no disk')\n",
            "my_data.py:load_data: load_data raised OSError: no disk (line 2 of my_data.py)",
        ),
        (
            "import sys\ndef load_data():\n    sys.exit(3)\n",
            "my_data.py:load_data: load_data raised SystemExit: 3 (line 3 of my_data.py)",
        ),
        (
            "import os\ndef load_data():\n    os._exit(7)\n",
            "my_data.py:load_data: its process ended with exit code 7",
        ),
        (
            "def load_data():\n    return ([[1.0], [2.0]], [0, 1, 1]), None\n",
            'my_data.py:load_data: y_train: must hold one label for each of the 2 examples, found "3 labels"',
        ),
    ],
)
def test_what_it_does_wrong_is_told(write, code, expected):
    assert said(write(code)) == [expected]


MISSING = """
import numpy as np
import pandas as pd

def load_data():
    x, y = np.ones((8, 2)), np.array(["no", "yes"] * 4, object)
    y[[2, 5]] = {missing}
    return (x, {targets}), (x[:4], y[:4])
"""


@pytest.mark.parametrize("missing", ["None", "np.nan", "pd.NA", "pd.NaT"])
@pytest.mark.parametrize("targets", ["y", "pd.Series(y)", "y[:, None]"])
def test_missing_targets_are_no_class(write, missing, targets):
    assert said(write(MISSING.format(missing=missing, targets=targets))) == [
        "my_data.py:load_data: y_train: the target is missing in 2 of 8 rows; leave these rows out",
        "my_data.py:load_data: y_test: the target is missing in 1 of 4 rows; leave these rows out",
    ]


def test_missing_groups_are_no_group(write):
    code = """
def load_data():
    return {"x_train": [[1.0]] * 4, "y_train": [0, 1, 0, 1], "groups": ["a", None, "b", "b"]}
"""
    assert said(write(code)) == [
        "my_data.py:load_data: groups: the group is missing in 1 of 4 rows; leave these rows out"
    ]


def test_a_class_may_be_called_none(write):
    found = load(settings(write(MISSING.format(missing="'None'", targets="y"))))
    assert found.class_names == ("None", "no", "yes")


@pytest.mark.parametrize(
    ("code", "data", "expected"),
    [
        (CODE, "sed = 1", 'data.sed: load_data takes no such option; did you mean "seed"?'),
        (
            "def load_data(path):\n    pass\n",
            "",
            "data.path: is required: load_data has no default for it",
        ),
        ("def load():\n    pass\n", "", "study.dataset: no function load_data is defined there"),
        (
            CODE,
            "seed = 2020-01-01",
            "data.seed: must be text, a number, a truth, or a list of such",
        ),
    ],
)
def test_a_study_that_asks_for_what_it_does_not_take_is_refused(write, code, data, expected):
    found = said(write(code, data))
    assert len(found) == 1 and found[0].startswith(expected)


def test_targets_of_a_regression_and_two_inputs(write):
    code = """
import numpy as np

def load_data():
    x = {"a": np.ones((8, 2)), "b": np.zeros((8, 3), int)}
    return (x, np.arange(8) / 2), None
"""
    asked = settings(write(code, study='task = "regression"'))
    told = shape(asked)
    assert (told.train, told.test, told.example) == (8, 0, {"a": (2,), "b": (3,)})


def test_a_third_pair_validates_and_a_third_array_weighs(write):
    code = """
import numpy as np

def load_data():
    x, y = np.arange(16.0).reshape(8, 2), np.arange(8) % 2
    return (x, y, np.arange(8.0)), (x, y), (x[:4], y[:4], np.ones(4))
"""
    asked = settings(write(code))
    assert shape(asked).validation == 4
    found = load(asked)
    assert found.x_val.shape == (4, 2)
    assert {part: one.tolist() for part, one in found.weights.items()} == {
        "train": list(range(8)),
        "val": [1.0] * 4,
    }


def test_a_dictionary_holds_what_a_file_may(write):
    code = """
import numpy as np

def load_data():
    x, y = np.arange(16.0).reshape(8, 2), np.array(["no", "yes"] * 4)
    return {"x_train": x, "y_train": y, "groups": ["a", "a", "b", "b", "c", "c", "d", "d"]}
"""
    found = load(settings(write(code)))
    assert found.groups.tolist() == list("aabbccdd")
    assert (found.class_names, len(found.y_test)) == (("no", "yes"), 0)


def test_a_dictionary_without_what_is_trained_on_is_said(write):
    code = "def load_data():\n    return {'x': 1}\n"
    with pytest.raises(InputError) as caught:
        load(settings(write(code)))
    assert str(caught.value) == (
        "my_data.py:load_data: load_data must return ((x_train, y_train), (x_test, y_test)), or a "
        "dictionary with x_train and y_train; it holds x"
    )


READS = """
from pathlib import Path
import numpy as np

def load_data():
    with open("runs.txt", "a") as file:
        file.write("x")
    here = Path(__file__).parent
    {read}
    x, y = np.full((8, 2), float(number)), np.arange(8) % 2
    return (x, y), None
"""


@pytest.mark.parametrize(
    "read",
    [
        'number = (here / "data.txt").read_text()',
        'number = np.loadtxt("data.txt")',
        'import pandas as pd; number = pd.read_csv(here / "data.txt", header=None)[0][0]',
        'import os; number = os.read(os.open("data.txt", os.O_RDONLY), 9)',
    ],
)
def test_a_file_that_it_reads_and_that_changes_is_read_again(write, tmp_path, read):
    (tmp_path / "data.txt").write_text("3")
    (tmp_path / "notes.txt").write_text("not read")
    asked, cache = settings(write(READS.format(read=read))), tmp_path / "cache"
    first = prepare(asked, cache)
    (tmp_path / "notes.txt").write_text("another text")
    (tmp_path / "plots.py").write_text("print('not imported')")
    assert prepare(asked, cache) == first
    assert (tmp_path / "runs.txt").read_text() == "x", "it was run once"
    (tmp_path / "data.txt").write_text("44")
    assert find_prepared(asked, cache) is None
    second = prepare(asked, cache)
    assert second.digest != first.digest
    assert second.array("x_train").max() == 44
    assert first.array("x_train").max() == 3, "who has begun with the first goes on with it"
    assert read_data(asked).digest == second.digest
    (tmp_path / "data.txt").write_text(" 3 ")
    third = prepare(asked, cache)
    assert (third.digest, third.folder) == (first.digest, third.folder), "equal arrays are the same"


def test_a_file_that_was_not_there_is_looked_for_again(write, tmp_path):
    read = """
    try:
        number = int(open("data.txt").read())
    except OSError:
        number = 3
""".strip()
    asked = settings(write(READS.format(read=read)))
    assert prepare(asked, tmp_path / "cache").array("x_train").max() == 3
    (tmp_path / "data.txt").write_text("7")
    assert prepare(asked, tmp_path / "cache").array("x_train").max() == 7


def test_a_file_that_is_added_to_a_folder_that_it_lists_is_read(write, tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "1.txt").write_text("1")
    read = 'number = sum(int(one.read_text()) for one in (here / "parts").iterdir())'
    asked = settings(write(READS.format(read=read)))
    assert prepare(asked, tmp_path / "cache").array("x_train").max() == 1
    (tmp_path / "parts" / "2.txt").write_text("10")
    assert prepare(asked, tmp_path / "cache").array("x_train").max() == 11


def test_what_it_keeps_for_itself_and_hidden_files_are_no_data(write, tmp_path):
    read = """
    (here / ".lock").touch() or open(here / ".lock").read()
    number = int((here / "count.txt").read_text()) if (here / "count.txt").is_file() else 0
    (here / "count.txt").write_text(str(number + 1))
"""
    asked, cache = settings(write(READS.format(read=read.strip()))), tmp_path / "cache"
    first = prepare(asked, cache)
    (tmp_path / ".lock").write_text("changed")
    (tmp_path / "count.txt").write_text("20")
    assert prepare(asked, cache) == first


def test_the_same_code_beside_other_files_gives_other_data(write, tmp_path):
    (tmp_path / "data.txt").write_text("3")
    here = write(READS.format(read='number = (here / "data.txt").read_text()'))
    shutil.copytree(tmp_path, tmp_path / "there", copy_function=shutil.copy2)
    (tmp_path / "there" / "data.txt").write_text("4")
    for file in (tmp_path / "data.txt", tmp_path / "there" / "data.txt"):
        os.utime(file, (1, 1))
    found = [
        prepare(settings(path), tmp_path / "cache").array("x_train").max()
        for path in (here, tmp_path / "there" / "study.toml")
    ]
    assert found == [3, 4]
