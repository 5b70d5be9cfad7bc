"""A file of streams as a data set: looked at in a process of its own, its mistakes told."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest

from ablate.cli.readings import read_study, reading_lines
from ablate.config import load_study
from ablate.data.prepared import find_prepared, prepare, shape
from ablate.data.streams import check_same_stream
from ablate.errors import InputError
from ablate.files import file_digest, folder_name
from ablate.workers.at_hand import AtHand

HEAD = """
from pathlib import Path
import numpy as np

RNG = np.random.default_rng(0)


class Rows:
    def __init__(self, count, batch_size, width=3, classes=2):
        self.count, self.batch_size, self.width, self.classes = count, batch_size, width, classes

    def __len__(self):
        return self.count

    def __iter__(self):
        for index in range(self.count):
            rng = np.random.default_rng(index)
            yield rng.random((self.batch_size, self.width)), rng.integers(0, self.classes, self.batch_size)

"""
CODE = (
    HEAD
    + """
def train_data(*, seed, batch_size, width=3):
    return Rows(10, batch_size, width), Rows(2, batch_size, width)


def test_data(*, batch_size):
    Path("tested.txt").write_text("x")
    return Rows(3, batch_size)
"""
)
STUDY = """
[study]
name         = "s"
dataset      = "{dataset}"
search_space = "mlp"
{study}

[data]
{data}

[training]
epochs     = 2
batch_size = 8
{training}

[replicate]
seeds = 2
"""
NAMES = 'class_names = ["no", "yes"]'


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def written(code=CODE, data=NAMES, study="", training="", dataset="mine.py"):
        (tmp_path / "mine.py").write_text(code)
        text = STUDY.format(data=data, study=study, training=training, dataset=dataset)
        (tmp_path / "study.toml").write_text(text)
        return tmp_path / "study.toml"

    return written


def refused(path):
    with pytest.raises(InputError) as raised:
        read_study(load_study(path), None)
    return [str(problem).replace(f"{path.parent}/", "") for problem in raised.value.problems]


def test_it_is_looked_at_and_nothing_is_kept_of_it(write, tmp_path):
    study, readings = read_study(load_study(write()), None)
    (reading,) = readings
    assert reading_lines(readings) == [
        "  rows          mine.py: 3 numbers, float64, read as they come; about 320 to train, validated and "
        "tested by streams of their own; 2 to tell apart"
    ]
    settings = study.datasets[0]
    assert (shape(settings).train, shape(settings).example, shape(settings).classes) == (
        320,
        (3,),
        2,
    )
    prepared = prepare(settings, tmp_path / "cache")
    assert prepared.digest == reading.digest
    assert [file.name for file in prepared.folder.iterdir()] == ["data.json"]
    assert prepared.class_names == ("no", "yes")
    assert not (tmp_path / "tested.txt").exists(), "the test stream was not made"


def test_options_are_handed_to_the_functions_that_take_them(write, tmp_path):
    settings = load_study(write(data=f"{NAMES}\nwidth = 5")).datasets[0]
    assert shape(settings).example == (5,)
    split = AtHand().split(settings, 1, tmp_path / "cache")
    assert next(iter(split.make(4)[0]))[0].shape == (4, 5)
    test = AtHand().test_set(settings, 1, tmp_path / "cache")
    assert next(iter(test.make(4)))[0].shape == (4, 3), "test_data takes no width"


@pytest.mark.parametrize(
    ("targets", "study", "data", "names"),
    [
        ("np.eye(4)[rng.integers(0, 4, n)]", "", "", ("0", "1", "2", "3")),
        ("rng.integers(0, 2, n)", 'task = "binary_classification"', "", ("0", "1")),
        ("rng.integers(0, 2, (n, 3))", 'task = "multilabel_classification"', "", ("0", "1", "2")),
        ("rng.random(n)", 'task = "regression"', "", ("y",)),
        ("rng.random((n, 2))", 'task = "regression"', 'class_names = ["a", "b"]', ("a", "b")),
    ],
)
def test_targets_of_every_task(write, tmp_path, targets, study, data, names):
    code = CODE.replace(
        "rng.integers(0, self.classes, self.batch_size)", targets.replace("n)", "self.batch_size)")
    ).replace("(n,", "(self.batch_size,")
    path = write(code, study=study, data=data)
    text = path.read_text()
    if 'task = "regression"' in study:
        path.write_text(text.replace("seeds = 2", 'seeds = 2\nmetric = "r2"'))
    if "multilabel" in study:
        path.write_text(text.replace("seeds = 2", 'seeds = 2\nmetric = "f1"'))
    settings = load_study(path).datasets[0]
    assert prepare(settings, tmp_path / "cache").class_names == names


def test_code_that_changes_is_another_data_set(write, tmp_path):
    settings = load_study(write()).datasets[0]
    first = prepare(settings, tmp_path / "cache").digest
    at_hand = AtHand()
    at_hand.prepared(settings, tmp_path / "cache")
    write(CODE + "\n# changed\n")
    assert find_prepared(settings, tmp_path / "cache") is None
    assert prepare(settings, tmp_path / "cache").digest != first
    with pytest.raises(InputError, match="its files were changed while the study ran"):
        at_hand.prepared(settings, tmp_path / "cache")


def test_code_that_is_not_imported_is_no_part_of_it(write, tmp_path):
    settings = load_study(write()).datasets[0]
    cache, at_hand = tmp_path / "cache", AtHand()
    first = at_hand.prepared(settings, cache)
    (tmp_path / "plot_results.py").write_text("print('hello')\n")
    assert find_prepared(settings, cache) == first == at_hand.prepared(settings, cache)


@pytest.mark.parametrize(
    "imports",
    [
        "import my_bursts",
        "from my_package import my_bursts",
        "import importlib; importlib.import_module('my_bursts')",
    ],
)
def test_code_that_is_imported_is_a_part_of_it(write, tmp_path, imports):
    (tmp_path / "my_package").mkdir()
    files = tmp_path / "my_bursts.py", tmp_path / "my_package" / "my_bursts.py"
    for file in files:
        file.write_text("")
    code = CODE.replace("import numpy", f"{imports}\nimport numpy")
    settings = load_study(write(code)).datasets[0]
    cache, at_hand = tmp_path / "cache", AtHand()
    first = at_hand.prepared(settings, cache)
    for file in files:
        file.write_text("# changed\n")
    with pytest.raises(InputError, match="its files were changed while the study ran"):
        at_hand.prepared(settings, cache)
    assert find_prepared(settings, cache) is None
    assert prepare(settings, cache).digest != first.digest
    for file in files:
        file.write_text("")
    assert prepare(settings, cache) == first, "put back they are the same"


def test_an_import_that_would_fail_in_training_fails_before(write, tmp_path):
    (tmp_path / "my_bursts.py").write_text("")
    code = CODE.replace("    return Rows(10", "    import my_bursts\n    return Rows(10")
    (found,) = refused(write(code))
    assert found.startswith("mine.py: train_data raised ModuleNotFoundError")


def test_streams_that_are_moved_as_a_whole_stay_the_same(write, tmp_path):
    (tmp_path / "helper.py").write_text("")
    path = write(CODE.replace("import numpy", "import helper\nimport numpy"))
    shutil.copytree(tmp_path, tmp_path / "moved")
    digests = {
        prepare(load_study(one).datasets[0], tmp_path / "cache").digest
        for one in (path, tmp_path / "moved" / "study.toml")
    }
    assert len(digests) == 1


def test_a_study_that_an_earlier_version_began_goes_on(write, tmp_path):
    """Earlier versions took all Python files beside them for a part, and the place for none."""
    settings, cache = load_study(write()).datasets[0], tmp_path / "cache"
    now = prepare(settings, tmp_path / "other")
    about = json.loads((now.folder / "data.json").read_text())
    code = hashlib.sha256(f"mine.py {file_digest(tmp_path / 'mine.py')}".encode()).hexdigest()[:16]
    options = json.dumps(dict(settings.options), sort_keys=True)
    source = f"mine.py {options} {code}"
    key = hashlib.sha256(f"mine.py: {source}".encode()).hexdigest()[:12]
    earlier = cache / f"{folder_name('mine.py')}-{key}"
    earlier.mkdir(parents=True)
    del about["used"]
    written = {**about, "digest": "as it was", "source": source}
    (earlier / "data.json").write_text(json.dumps(written))
    assert find_prepared(settings, cache).digest == "as it was"
    assert prepare(settings, cache).digest == "as it was"
    (tmp_path / "plot_results.py").write_text("print('hello')\n")
    assert prepare(settings, cache).digest == "as it was"
    write(CODE + "\n# changed\n")
    assert prepare(settings, cache).digest != "as it was"


def test_other_targets_from_the_same_code_are_told(write, tmp_path):
    (tmp_path / "targets.txt").write_text("1")
    code = CODE.replace(
        "rng.integers(0, self", "int(Path('targets.txt').read_text()) * rng.integers(0, self"
    )
    settings = load_study(write(code)).datasets[0]
    prepared = prepare(settings, tmp_path / "cache")
    check_same_stream(prepared, settings)
    (tmp_path / "targets.txt").write_text("0")
    with pytest.raises(InputError) as raised:
        check_same_stream(prepared, settings)
    assert str(raised.value) == (
        "mine.py: the first batch of train_data(seed=0, batch_size=32) has other targets than when the "
        "study was begun; put the data back, or have train_data draw by its seed alone: replicates are "
        "compared seed by seed"
    )


KINDS = "a PyDataset, a tf.data.Dataset, a DataLoader, or whatever gives its batches anew each time"


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ("[1, 2, 3]", "train_data must return (train, validation), it returned a list of 3"),
        (
            "(i for i in []), Rows(1, batch_size)",
            f"the training stream of train_data is a generator, which can be read once; return {KINDS}",
        ),
        (
            "np.zeros((4, 3)), Rows(1, batch_size)",
            "the training stream of train_data is a ndarray, which is no stream; give arrays by load_data "
            'and dataset = "file.py:load_data"',
        ),
        (
            "Rows(1, batch_size), 7",
            f"the validation stream of train_data is a int, which is no stream; return {KINDS}",
        ),
        (
            "Rows(0, batch_size), Rows(1, batch_size)",
            "the training stream of train_data gave no batch at all; give it examples",
        ),
        (
            "Rows(1, batch_size), Rows(1, batch_size, width=4)",
            "train_data gives training examples of shape (3,) with targets of shape (), and for validation "
            "of shape (4,) with targets of shape (); they must have one shape",
        ),
        (
            "Rows(1, batch_size, classes=9), Rows(1, batch_size)",
            "data.class_names: train_data gives a class 8, and there are 2, from 0",
        ),
        ("1 / 0", "train_data raised ZeroDivisionError: division by zero (line 22 of mine.py)"),
    ],
)
def test_what_is_no_stream_is_told(write, made, told):
    code = CODE.replace("Rows(10, batch_size, width), Rows(2, batch_size, width)", made)
    (found,) = refused(write(code))
    assert found == f"mine.py: {told}"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"data": ""},
            "mine.py: data.class_names: the targets of train_data are whole numbers, of how many classes "
            'is not known; name them, class_names = ["a", "b"], or give one-hot targets',
        ),
        (
            {"data": f"{NAMES}\nper_class = 3"},
            "study.toml: data.per_class: draws examples of each class, and mine.py gives them as they come; "
            "have train_data do it",
        ),
        (
            {"data": f"{NAMES}\nwidht = 3"},
            'study.toml: data.widht: train_data and test_data take no such option; did you mean "width"?',
        ),
        (
            {"data": f"{NAMES}\nseed = 3"},
            "study.toml: data.seed: is given to the functions by ablate, found 3; set study.seed",
        ),
        (
            {"data": 'class_names = "ab"'},
            'study.toml: data.class_names: must be a list of at least two different names, found "ab"',
        ),
        (
            {"training": 'class_weight = "balanced"'},
            "study.toml: training.class_weight: needs the number of examples of each class, which mine.py "
            "does not tell; give a number for each class",
        ),
        (
            {"training": 'batch_norm_averages = "recalibrated"'},
            "study.toml: training.batch_norm_averages: reads all training examples once more an epoch, "
            "which mine.py streams; leave it out",
        ),
        (
            {
                "training": 'learning_rate_decay = "cosine"',
                "code": CODE.replace("def __len__(self):\n        return self.count\n", ""),
            },
            "study.toml: training.learning_rate_decay: counts the steps of an epoch, which mine.py does not "
            "know; give the stream a __len__ or a cardinality",
        ),
        (
            {"code": CODE.replace("def test_data", "def other_data")},
            "study.toml: replicate: replicates are tested, and mine.py defines no "
            "test_data(*, batch_size, **options); define it, or leave [replicate] out: a search needs none",
        ),
        (
            {"code": CODE.replace("def train_data", "def load_data")},
            "study.toml: study.dataset: a file of streams must define train_data(*, seed, batch_size, "
            '**options) -> (train, validation), found "mine.py"; of a function that returns arrays write "mine.py:load_data"',
        ),
        (
            {"code": CODE.replace("seed, batch_size", "batch_size")},
            "study.toml: study.dataset: train_data must be train_data(*, seed, batch_size, **options) -> "
            '(train, validation), found "mine.py"',
        ),
    ],
)
def test_what_a_study_cannot_ask_of_streams_is_told(write, change, told):
    assert refused(write(**change)) == [told]


def test_an_unknown_length_is_told_and_not_taken_for_none(write):
    from ablate.cli.planned import plan_text
    from ablate.planning.plan import make_plan

    code = CODE.replace("def __len__(self):\n        return self.count\n", "")
    study, readings = read_study(load_study(write(code)), None)
    plan = make_plan(study, {"mine.py": shape(study.datasets[0])})
    text = plan_text(study, plan, "1", readings)
    assert "mine.py: how many training rows there are is not known before they are read" in text
    assert "0 steps" not in text


def test_folds_cut_no_stream(write):
    path = write()
    path.write_text(path.read_text().replace("seeds = 2", "folds = 3"))
    assert refused(path) == [
        "study.toml: replicate.folds: cuts examples that mine.py gives as they come; ask for seeds"
    ]
