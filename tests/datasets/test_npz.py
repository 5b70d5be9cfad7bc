import numpy as np
import pytest

from ablate.datasets._base import Places
from ablate.datasets._labels import KINDS, TO_CLASSES
from ablate.datasets.npz import Options, load, shape, source
from ablate.errors import InputError
from ablate.spec.data import DataShape

Y_TRAIN, Y_TEST = np.array([0, 1, 2, 0, 1, 2]), np.array([2, 1, 0])


def images(count, *rest, dtype=np.uint8):
    return (np.arange(count * np.prod(rest)) % 251).reshape(count, *rest).astype(dtype)


def write(folder, **changes):
    arrays = {
        "x_train": images(6, 4, 5),
        "y_train": Y_TRAIN,
        "x_test": images(3, 4, 5),
        "y_test": Y_TEST,
    }
    path = folder / "a.npz"
    np.savez(path, **{k: v for k, v in (arrays | changes).items() if v is not None})
    return path


def read(folder, **options):
    """The images, once `shape` has told the same sizes."""
    settings = Options.model_validate({"file": "a.npz", **options})
    places = Places(folder=folder)
    loaded = load(settings, places)
    assert shape(settings, places) == DataShape(
        len(loaded.x_train), len(loaded.x_test), loaded.x_train.shape[1:], len(loaded.class_names)
    )
    return loaded


def problems(folder, **options):
    with pytest.raises(InputError) as caught:
        load(Options.model_validate({"file": "a.npz", **options}), Places(folder=folder))
    path = folder / "a.npz"
    assert all(line.startswith(f"{path}: ") for line in str(caught.value).splitlines())
    return [line.removeprefix(f"{path}: ") for line in str(caught.value).splitlines()]


def test_bytes_without_a_channel_axis_get_one(tmp_path):
    write(tmp_path)
    loaded = read(tmp_path)
    assert np.array_equal(loaded.x_train, images(6, 4, 5)[..., None])
    assert loaded.x_train.dtype == np.uint8
    assert loaded.class_names == ("0", "1", "2")


def test_images_with_channels_stay_as_they_are(tmp_path):
    write(tmp_path, x_train=images(6, 4, 5, 3), x_test=images(3, 4, 5, 3))
    assert read(tmp_path).x_train.shape == (6, 4, 5, 3)
    assert read(tmp_path, image_shape=[4, 5, 3]).x_train.shape == (6, 4, 5, 3)
    assert read(tmp_path, image_shape=[4, 5]).x_train.shape == (6, 4, 5, 3)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_become_float32(tmp_path, dtype):
    write(tmp_path, x_train=images(6, 4, 5, dtype=dtype), x_test=images(3, 4, 5, dtype=dtype))
    loaded = read(tmp_path)
    assert (loaded.x_train.dtype, loaded.x_test.dtype) == (np.float32, np.float32)
    assert np.array_equal(loaded.x_train[..., 0], images(6, 4, 5))


@pytest.mark.parametrize("image_shape", [[4, 5], [4, 5, 1], [2, 5, 2]])
def test_flattened_images_take_the_shape_given(tmp_path, image_shape):
    write(tmp_path, x_train=images(6, 20), x_test=images(3, 20))
    loaded = read(tmp_path, image_shape=image_shape)
    height, width, channels = (*image_shape, 1)[:3]
    assert loaded.x_train.shape == (6, height, width, channels)
    assert np.array_equal(loaded.x_train.reshape(6, 20), images(6, 20))


@pytest.mark.parametrize(
    ("y_train", "y_test"),
    [
        (Y_TRAIN.astype(np.uint8), Y_TEST.astype(np.uint8)),
        (Y_TRAIN.astype(np.int32)[:, None], Y_TEST.astype(np.int32)[:, None]),
        (np.eye(3)[Y_TRAIN], np.eye(3)[Y_TEST]),
        (np.eye(3, dtype=bool)[Y_TRAIN], np.eye(3, dtype=bool)[Y_TEST]),
        (np.eye(3, dtype=np.uint8)[Y_TRAIN], np.eye(3, dtype=np.uint8)[Y_TEST]),
        (Y_TRAIN.astype(float), Y_TEST.astype(np.float32)[:, None]),
        (Y_TRAIN + 1, Y_TEST + 1.0),
        (np.array(["cat", "dog", "owl"])[Y_TRAIN], np.array(["cat", "dog", "owl"])[Y_TEST]),
        (np.array([b"cat", b"dog", b"owl"])[Y_TRAIN], np.array(["cat", "dog", "owl"])[Y_TEST]),
    ],
    ids=[
        "bytes",
        "column",
        "one-hot floats",
        "one-hot truths",
        "one-hot bytes",
        "whole floats",
        "from 1",
        "text",
        "bytes and text",
    ],
)
def test_labels_are_whole_numbers_or_one_hot(tmp_path, y_train, y_test):
    write(tmp_path, y_train=y_train, y_test=y_test)
    loaded = read(tmp_path)
    assert np.array_equal(loaded.y_train, Y_TRAIN)
    assert np.array_equal(loaded.y_test, Y_TEST)
    assert (loaded.y_train.dtype, loaded.y_test.dtype) == (np.int64, np.int64)


def test_classes_are_called_as_their_labels_are(tmp_path):
    write(tmp_path, y_train=Y_TRAIN > 0, y_test=Y_TEST > 0)
    loaded = read(tmp_path)
    assert loaded.class_names == ("False", "True")
    assert loaded.y_train.tolist() == [0, 1, 1, 0, 1, 1]
    names = np.array(["owl", "cat", "dog"])
    write(tmp_path, y_train=names[Y_TRAIN], y_test=names[Y_TEST])
    loaded = read(tmp_path)
    assert loaded.class_names == ("cat", "dog", "owl")
    assert loaded.y_train.tolist() == [2, 0, 1, 2, 0, 1]


def test_labels_that_skip_numbers_are_counted_from_zero(tmp_path):
    write(tmp_path, y_train=Y_TRAIN * 10 - 5, y_test=Y_TEST * 10 - 5)
    loaded = read(tmp_path)
    assert np.array_equal(loaded.y_train, Y_TRAIN)
    assert np.array_equal(loaded.y_test, Y_TEST)
    assert loaded.class_names == ("-5", "5", "15")


def test_a_class_of_the_test_images_alone_counts(tmp_path):
    write(tmp_path, y_test=np.array([2, 1, 7]))
    loaded = read(tmp_path)
    assert loaded.class_names == ("0", "1", "2", "7")
    assert loaded.y_test.tolist() == [2, 1, 3]


def test_a_one_hot_column_without_images_is_a_class(tmp_path):
    write(tmp_path, y_train=np.eye(4)[Y_TRAIN], y_test=np.eye(4)[Y_TEST])
    assert read(tmp_path).class_names == ("0", "1", "2", "3")


def test_classes_take_the_names_given(tmp_path):
    write(tmp_path)
    assert read(tmp_path, class_names=["cat", "dog", "owl"]).class_names == ("cat", "dog", "owl")


def test_arrays_may_have_other_names(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, images=images(6, 4, 5), labels=Y_TRAIN, test=images(3, 4, 5), test_labels=Y_TEST)
    names = {"x_train": "images", "y_train": "labels", "x_test": "test", "y_test": "test_labels"}
    assert np.array_equal(read(tmp_path, **names).y_train, Y_TRAIN)


def test_the_source_changes_with_file_and_options(tmp_path):
    places, options = Places(folder=tmp_path), Options(file="a.npz")
    write(tmp_path)
    first = source(options, places)
    assert source(Options(file="a.npz", class_names=("a", "b", "c")), places) != first
    write(tmp_path, x_test=images(4, 4, 5), y_test=np.zeros(4, int))
    assert source(options, places) != first


def test_a_missing_file_is_named(tmp_path):
    expected = f"{tmp_path / 'a.npz'}: there is no such file"
    for function in (source, shape, load):
        with pytest.raises(InputError) as caught:
            function(Options(file="a.npz"), Places(folder=tmp_path))
        assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("changes", "options", "expected"),
    [
        (
            {"x_train": images(6, 4, 5, dtype=np.int64)},
            {},
            'x_train: images must be uint8 or float, found "int64 (6, 4, 5)"; '
            "save pixels from 0 to 255 with x_train.astype(numpy.uint8); for other whole numbers set "
            "input_shape = [4, 5]",
        ),
        (
            {"x_train": np.full((6, 4, 5), np.nan)},
            {},
            'x_train: images must not hold NaN or infinity, found "float64 (6, 4, 5)"',
        ),
        (
            {"x_test": np.full((3, 4, 5), np.inf)},
            {},
            'x_test: images must not hold NaN or infinity, found "float64 (3, 4, 5)"',
        ),
        (
            {"x_train": images(6, 20), "x_test": images(3, 24)},
            {"image_shape": [4, 6]},
            'x_train: flattened images must fill image_shape = [4, 6], found "shape (6, 20)"',
        ),
        (
            {"x_train": images(6, 2, 2, 5, 1)},
            {},
            "x_test: test examples must have the shape of training examples, (2, 2, 5, 1), found "
            '"(4, 5, 1)"',
        ),
        (
            {"x_test": images(3, 5, 4)},
            {},
            'x_test: test images must have the shape of training images, (4, 5, 1), found "(5, 4, 1)"',
        ),
        (
            {"y_train": Y_TRAIN[:5]},
            {},
            'y_train: must hold one label for each of the 6 images, found "5 labels"',
        ),
        (
            {"y_train": Y_TRAIN + 0.5},
            {},
            f'y_train: {KINDS}, found "0.5 (float64)"; {TO_CLASSES}',
        ),
        (
            {"y_test": np.array(["2020-01-01"] * 3, "datetime64[D]")},
            {},
            f'y_test: {KINDS}, found "datetime64[D]"; {TO_CLASSES}',
        ),
        (
            {"y_test": np.array(["a", "b", "c"])},
            {},
            'y_test: labels must be of one kind: y_train holds numbers, found "text"',
        ),
        (
            {"y_test": np.array([b"\xff", b"a", b"b"])},
            {},
            'y_test: labels that are bytes must be UTF-8, found "|S1"; save them as text',
        ),
        (
            {"y_train": np.array(list("abcabc"), dtype=object)},
            {},
            "y_train: holds Python objects, which are not read: they can run code; save text with "
            'y_train.astype(str), numbers with y_train.astype("int64") or "float32"',
        ),
        (
            {"y_train": np.eye(3)[Y_TRAIN] * 2, "y_test": np.eye(3)[Y_TEST]},
            {},
            'y_train: one-hot labels must hold one 1 a row, found "float64 (6, 3)"; '
            f"{TO_CLASSES}, or a row with a 1 in its column",
        ),
        (
            {"y_train": np.array([[0, 1], [1, 1], [1, 0]] * 2), "y_test": np.eye(2)[Y_TEST % 2]},
            {},
            'y_train: one-hot labels must hold one 1 a row, found "2 in row 1"; of several '
            'labels each set task = "multilabel_classification" under [study]',
        ),
        (
            {"y_train": Y_TRAIN * 0, "y_test": Y_TEST * 0},
            {},
            'y_train: the training examples must belong to at least two classes, found "1 class"',
        ),
        (
            {},
            {"class_names": ["cat", "dog"]},
            'class_names: must name each of the 3 classes, found "2 names"',
        ),
        (
            {"y_test": None},
            {},
            "the file holds no array y_test; it holds: x_train, y_train, x_test",
        ),
    ],
)
def test_a_wrong_array_is_said(tmp_path, changes, options, expected):
    write(tmp_path, **changes)
    assert problems(tmp_path, **options) == [expected]


def test_rows_of_a_table_are_taken_as_they_are(tmp_path):
    write(tmp_path, x_train=images(6, 20), x_test=images(3, 20))
    found = load(Options(file="a.npz"), Places(folder=tmp_path))
    assert (found.x_train.shape, found.x_test.shape) == ((6, 20), (3, 20))
    assert shape(Options(file="a.npz"), Places(folder=tmp_path)).example == (20,)


def test_whole_numbers_stay_whole(tmp_path):
    tokens = np.arange(120).reshape(6, 20)
    write(tmp_path, x_train=tokens, x_test=tokens[:3])
    found = load(Options(file="a.npz"), Places(folder=tmp_path))
    assert found.x_train.dtype == np.int64
    assert np.array_equal(found.x_train, tokens)


def test_a_series_has_the_shape_that_is_asked_for(tmp_path):
    series = np.random.default_rng(0).random((6, 4, 5), np.float32)
    write(tmp_path, x_train=series, x_test=series[:3])
    found = load(Options(file="a.npz", input_shape=(4, 5)), Places(folder=tmp_path))
    assert found.x_train.shape == (6, 4, 5)
    with pytest.raises(InputError, match=r"an example must fill input_shape = \[4, 4\]"):
        load(Options(file="a.npz", input_shape=(4, 4)), Places(folder=tmp_path))


def test_without_test_arrays_nothing_is_tested(tmp_path):
    write(tmp_path, x_test=None, y_test=None)
    found = load(Options(file="a.npz"), Places(folder=tmp_path))
    assert (len(found.x_train), len(found.x_test), len(found.y_test)) == (6, 0, 0)
    assert shape(Options(file="a.npz"), Places(folder=tmp_path)).test == 0


def test_several_inputs_are_arrays_of_their_names(tmp_path):
    arrays = {
        "x_train.words": np.arange(30).reshape(6, 5),
        "x_train.age": np.arange(6.0),
        "x_test.words": np.arange(15).reshape(3, 5),
        "x_test.age": np.arange(3.0),
    }
    write(tmp_path, x_train=None, x_test=None, **arrays)
    options, places = Options(file="a.npz"), Places(folder=tmp_path)
    found = load(options, places)
    assert {name: array.shape for name, array in found.x_train.items()} == {
        "words": (6, 5),
        "age": (6, 1),
    }
    assert shape(options, places).example == {"words": (5,), "age": (1,)}
    write(tmp_path, x_train=None, x_test=None, **{**arrays, "x_test.age": np.arange(2.0)})
    with pytest.raises(InputError, match="inputs must have as many examples"):
        load(options, places)


def test_targets_of_a_regression_are_numbers(tmp_path):
    write(tmp_path, y_train=np.arange(6) / 4, y_test=np.arange(3) / 4)
    options, places = Options(file="a.npz"), Places(folder=tmp_path, task="regression")
    found = load(options, places)
    assert (found.y_train.shape, found.y_train.dtype, found.class_names) == ((6, 1), float, ("y",))
    write(tmp_path, y_train=np.array(list("abcdef")), y_test=np.array(list("abc")))
    with pytest.raises(InputError) as caught:
        load(options, places)
    assert 'y_train: a regression predicts numbers, found "a"' in str(caught.value.problems[0])


def test_several_labels_are_rows_of_0_and_1(tmp_path):
    labels = np.array([[0, 1, 1], [0, 0, 0], [1, 0, 0]] * 2)
    write(tmp_path, y_train=labels, y_test=labels[:3])
    options = Options(file="a.npz", class_names=("sun", "sea", "sand"))
    places = Places(folder=tmp_path, task="multilabel_classification")
    found = load(options, places)
    assert np.array_equal(found.y_train, labels)
    assert found.class_names == ("sun", "sea", "sand")
    write(tmp_path, y_train=labels * 2, y_test=labels[:3])
    with pytest.raises(InputError, match="several labels are an array"):
        load(options, places)


@pytest.mark.parametrize("text", ["f0,f1,label\n0.1,2,1\n", "f0;f1\n0,1;2\n", "a\tb\n1\t2\n"])
@pytest.mark.parametrize("name", ["a.csv", "a.npz"])
def test_a_table_of_text_is_named_with_the_way_to_go(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    for function in (shape, load):
        with pytest.raises(InputError) as caught:
            function(Options(file=name), Places(folder=tmp_path))
        assert str(caught.value) == (
            f"{path}: is a CSV file, a table saved as text, and not a .npz archive of arrays; set "
            'dataset = "csv" under [study], and under [data] target, the column to predict'
        )


def test_images_of_another_shape_than_given_are_said(tmp_path):
    write(tmp_path)
    assert problems(tmp_path, image_shape=[5, 4]) == [
        'x_train: images must have image_shape = [5, 4], found "shape (6, 4, 5)"',
        'x_test: images must have image_shape = [5, 4], found "shape (3, 4, 5)"',
    ]


def test_the_size_of_images_of_another_shape_is_not_told(tmp_path):
    write(tmp_path)
    with pytest.raises(InputError):
        shape(Options(file="a.npz", image_shape=(5, 4)), Places(folder=tmp_path))


@pytest.mark.parametrize(
    "changes",
    [
        {"x_train": np.uint8(3)},
        {"y_train": np.int64(3)},
        {"y_test": np.int64(3)},
        {"y_train": np.arange(24).reshape(6, 2, 2) % 3},
        {"y_train": np.array([[0.5, 0.5]] * 6, dtype=object)},
        {"x_train": images(6, 4, 5).astype("<U3")},
        {"y_train": np.eye(3)[Y_TRAIN], "y_test": np.eye(4)[[3, 1, 0]]},
        {"y_train": np.eye(3)[Y_TRAIN], "y_test": np.array([7, 1, 0])},
    ],
    ids=["x is a number", "y is a number", "y_test is a number", "y has three axes", "objects",
         "text", "one-hot rows of two lengths", "one-hot and a number beyond"],
)  # fmt: skip
@pytest.mark.parametrize("function", [shape, load])
def test_odd_arrays_are_a_problem_and_no_crash(tmp_path, changes, function):
    write(tmp_path, **changes)
    if function is shape:
        with pytest.raises(InputError):
            load(Options(file="a.npz"), Places(folder=tmp_path))
    try:
        function(Options(file="a.npz"), Places(folder=tmp_path))
    except InputError:
        return
    assert function is shape, "only shape may leave a finding to load"


PARTS = {
    "x_train": np.arange(24.0).reshape(12, 2),
    "y_train": np.arange(12) % 2,
    "x_test": np.zeros((4, 2)),
    "y_test": np.arange(4) % 2,
    "x_val": np.ones((6, 2)),
    "y_val": np.arange(6) % 2,
    "who": np.array(list("aabbccddeeff")),
    "much": np.arange(12.0),
    "much_test": np.ones(4),
    "much_val": np.ones(6),
}


def parts(folder, changes=None, **options):
    held = {name: array for name, array in (PARTS | (changes or {})).items() if array is not None}
    np.savez(folder / "p.npz", **held)
    given = {"file": "p.npz", "groups": "who", "sample_weight": "much", **options}
    return load(Options(**given), Places(folder=folder))


def test_a_file_may_hold_a_validation_part_groups_and_weights(tmp_path):
    found = parts(tmp_path)
    assert (found.x_val.tolist(), found.y_val.tolist()) == (np.ones((6, 2)).tolist(), [0, 1] * 3)
    assert found.groups.tolist() == list("aabbccddeeff")
    assert {part: len(one) for part, one in found.weights.items()} == {
        "train": 12,
        "test": 4,
        "val": 6,
    }
    told = shape(Options(file="p.npz"), Places(folder=tmp_path))
    assert (told.train, told.test, told.validation) == (12, 4, 6)
    plain = parts(tmp_path, groups=None, sample_weight=None)
    assert (plain.groups, plain.weights) == (None, {})


def test_other_parts_need_no_weights(tmp_path):
    found = parts(tmp_path, {"much_test": None, "much_val": None})
    assert list(found.weights) == ["train"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"who": np.arange(3)},
            'who: must hold a whole number or a text for each of the 12 examples, found "int64 (3,)"',
        ),
        (
            {"who_test": np.array(list("axyz"))},
            'who: lies in the training and in the test part, found "a"; a group belongs to one part '
            "alone",
        ),
        (
            {"much": np.ones(5)},
            'much: must hold a number for each of the 12 examples, found "shape (5,)"',
        ),
        (
            {"much_val": np.full(6, -1.0)},
            'much_val: weights must be numbers, 0 or more, and some above 0, found "-1 in row 1"',
        ),
        (
            {"much": np.zeros(12)},
            'much: weights must be numbers, 0 or more, and some above 0, found "0 everywhere"',
        ),
        (
            {"x_val": np.ones((6, 3))},
            'x_val: validation examples must have the shape of training examples, (2,), found "(3,)"',
        ),
        (
            {"y_val": np.arange(5) % 2},
            'y_val: must hold one label for each of the 6 examples, found "5 labels"',
        ),
        ({"y_val": None}, "the file holds no array y_val"),
    ],
)
def test_wrong_parts_are_said(tmp_path, changes, expected):
    with pytest.raises(InputError) as caught:
        parts(tmp_path, changes)
    found = [str(one).removeprefix(f"{tmp_path}/p.npz: ") for one in caught.value.problems]
    assert len(found) == 1
    assert found[0].startswith(expected)
