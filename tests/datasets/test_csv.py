"""Tables as people keep them: what is read, and what is refused before anything is trained."""

from __future__ import annotations

import numpy as np
import pytest

from ablate.data import split as splits
from ablate.data.prepared import prepare
from ablate.datasets._base import Places
from ablate.datasets.csv import Options, load, shape, source
from ablate.errors import InputError
from ablate.spec.data import DataSettings

HEADER = "area,rooms,town,price"
ROWS = [
    f"{30 + 7 * n % 90},{n % 4 + 1},{['Ulm', 'Bonn', 'Kiel'][n % 3]},{n * 1.5}" for n in range(30)
]


def write(folder, *rows, header=HEADER, name="homes.csv", encoding="utf-8"):
    (folder / name).write_text("\n".join([header, *rows]) + "\n", encoding=encoding)


def read(folder, task="regression", **options):
    given = {"file": "homes.csv", "target": ("price",), "categorical": ("town",), **options}
    return load(Options(**given), Places(folder=folder, task=task))


def problems(folder, task="regression", **options):
    with pytest.raises(InputError) as caught:
        read(folder, task, **options)
    return [str(problem).removeprefix(f"{folder}/homes.csv: ") for problem in caught.value.problems]


def test_numbers_come_first_then_a_column_for_each_category_and_one_for_others(tmp_path):
    write(tmp_path, *ROWS)
    found = read(tmp_path)
    assert found.x_train.shape == (24, 6)
    assert found.x_test.shape == (6, 6)
    assert (found.x_train[:, 2:].sum(axis=1) == 1).all()
    assert not found.x_train[:, 5].any(), "every town is known"
    assert found.class_names == ("price",)
    assert (found.y_train.shape, found.y_train.dtype) == ((24, 1), np.float64)
    assert found.fitted.scaled == (True, True, False, False, False, False)
    options = Options(file="homes.csv", target=("price",), categorical=("town",))
    told = shape(options, Places(folder=tmp_path, task="regression"))
    assert (told.train, told.test, told.example, told.classes) == (24, 6, (6,), 1)


def test_categories_are_those_of_the_training_file(tmp_path):
    write(tmp_path, *ROWS)
    write(tmp_path, "50,2,Paris,3", "60,1,Kiel,4", name="test.csv")
    found = read(tmp_path, test_file="test.csv")
    assert (len(found.x_train), len(found.x_test)) == (30, 2)
    assert found.x_test[:, 2:].tolist() == [[0, 0, 0, 1], [0, 1, 0, 0]]


def test_what_is_fitted_comes_from_the_training_rows_of_the_split(tmp_path):
    rows = [row.replace("30,", ",", 1) if row.startswith("30,") else row for row in ROWS]
    write(tmp_path, *rows)
    options = {"file": "homes.csv", "target": ["price"], "categorical": ["town"]}
    settings = DataSettings(
        dataset="csv",
        task="regression",
        validation=0.25,
        folder=str(tmp_path),
        options={**options, "impute": "median"},
    )
    prepared = prepare(settings, tmp_path / "cache")
    split = splits.training_split(prepared, settings, 3)
    train = split.x_train[:]
    assert np.allclose(train[:, :2].mean(axis=0), 0, atol=1e-6)
    assert np.allclose(train[:, :2].std(axis=0), 1, atol=1e-6)
    raw = prepared.array("x_train")[split.x_train.rows]
    median = np.nanmedian(raw[:, 0])
    whole = np.where(np.isnan(raw[:, 0]), median, raw[:, 0])
    held = prepared.array("x_train")[split.x_val.rows][:, 0]
    expected = (np.where(np.isnan(held), median, held) - whole.mean()) / whole.std()
    assert np.allclose(split.x_val[:][:, 0], expected, atol=1e-5)
    test = splits.test_set(prepared, settings, split.x_train.fit)
    assert np.isfinite(test.x[:]).all()
    assert np.allclose(split.units.scaled(split.y_train).mean(axis=0), 0)
    assert np.allclose(split.units.own(split.units.scaled(split.y_train)), split.y_train)


def test_classes_are_taken_as_they_come(tmp_path):
    write(tmp_path, *ROWS)
    found = read(tmp_path, "classification", target=("town",), categorical=())
    assert found.class_names == ("Bonn", "Kiel", "Ulm")
    assert found.y_train.dtype == np.int64


def test_several_columns_are_several_labels(tmp_path):
    rows = [f"{n},{n % 2},{n % 3 // 2}" for n in range(20)]
    write(tmp_path, *rows, header="x,sun,sea")
    found = read(tmp_path, "multilabel_classification", target=("sun", "sea"), categorical=())
    assert found.class_names == ("sun", "sea")
    assert found.y_train.shape == (16, 2)


@pytest.mark.parametrize(
    ("rows", "header", "options", "expected"),
    [
        (
            [*ROWS, "1,2,Ulm"],
            HEADER,
            {},
            ["line 32 has 3 values, the header 4; a text that holds the separator needs quotes"],
        ),
        (ROWS, "area,area,town,price", {}, ["two columns are called area; rename one of them"]),
        (
            ROWS,
            ",rooms,town,price",
            {},
            [
                "column 1 has no name; name it in the first line; an index that pandas wrote goes with index=False"
            ],
        ),
        ([], HEADER, {}, ["has no rows below its header"]),
        (
            ROWS,
            HEADER,
            {"categorical": ()},
            [
                "text in the columns town; a network takes numbers; name them in categorical under [data], or in drop"
            ],
        ),
        (
            ROWS,
            HEADER,
            {"target": ("prize",)},
            ['data.target: there is no such column, found "prize"; did you mean "price"?'],
        ),
        (
            ROWS,
            HEADER,
            {"drop": ("x",), "categorical": ("town", "price")},
            [
                'data.drop: there is no such column, found "x"; known: area, price, rooms, town',
                'data.categorical: is no column to train on, and cannot be a category, found "price"',
            ],
        ),
        (
            ROWS,
            HEADER,
            {"drop": ("price", "area")},
            ['data.drop: is a target, found "price"'],
        ),
        (
            [f",{n},,{n}" for n in range(30)],
            HEADER,
            {"impute": "median"},
            [
                "area: holds nothing in any row; name it in drop under [data]",
                "town: holds nothing in any row; name it in drop under [data]",
            ],
        ),
        (
            [*ROWS, ",2,Ulm,1", ",,Bonn,1"],
            HEADER,
            {},
            [
                'numbers are missing in area (2), rooms (1) of 32 rows; set impute = "median" under [data], or drop the columns'
            ],
        ),
        (
            [*ROWS, "inf,2,Ulm,1", *["1,-inf,Ulm,1"] * 9],
            HEADER,
            {"impute": "median"},
            [
                "area: numbers must be finite, and row 31 below the header is not; leave the cell "
                'empty and set impute = "median" under [data], or leave the row out',
                "rooms: numbers must be finite, and rows 32, 33, 34, 35, 36, 37, 38, 39, ... below the "
                'header are not; leave the cell empty and set impute = "median" under [data], or leave '
                "the row out",
            ],
        ),
        (
            [*ROWS, "1,2,Ulm,"],
            HEADER,
            {},
            ["price: the target is missing in 1 of 31 rows; leave these rows out"],
        ),
        (
            [row.replace(",", ";") for row in ROWS],
            HEADER.replace(",", ";"),
            {},
            ["has one column with the separator ','; set separator = ';' under [data]"],
        ),
        (
            ROWS,
            HEADER,
            {"test_file": "homes.csv", "test_share": 0.1},
            ["data.test_share: is given beside test_file; give one of them, found 0.1"],
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_remedy(tmp_path, rows, header, options, expected):
    write(tmp_path, *rows, header=header)
    assert problems(tmp_path, **options) == expected


def test_a_folder_is_said_to_be_one(tmp_path):
    (tmp_path / "homes.csv").mkdir()
    assert problems(tmp_path) == ["is a folder; name a file"]
    with pytest.raises(InputError, match=r"homes.csv: is a folder; name a file"):
        source(
            Options(file="homes.csv", target=("price",)), Places(folder=tmp_path, task="regression")
        )


def test_the_file_is_named_that_is_wrong(tmp_path):
    write(tmp_path, *ROWS)
    write(tmp_path, "50,2,Paris,3", "60,,Kiel,4", name="test.csv")
    with pytest.raises(InputError) as caught:
        read(tmp_path, test_file="test.csv")
    assert str(caught.value).startswith(f"{tmp_path}/test.csv: numbers are missing in rooms (1)")


@pytest.mark.parametrize("part", ["test_file", "val_file"])
def test_text_where_the_training_file_has_numbers_is_named(tmp_path, part):
    write(tmp_path, *ROWS)
    write(tmp_path, "50,2,Paris,3", ",many,Kiel,4", "x,more,Kiel,4", name="other.csv")
    with pytest.raises(InputError) as caught:
        read(tmp_path, **{part: "other.csv"}, impute="median")
    hint = "mend the cell, or name the column in categorical or drop under [data]"
    rule = "must hold numbers, as in the training file, and row {} below the header does not, found"
    assert [str(problem) for problem in caught.value.problems] == [
        f'{tmp_path}/other.csv: area: {rule.format(3)} "x"; {hint}',
        f'{tmp_path}/other.csv: rooms: {rule.format(2)} "many"; {hint}',
    ]


@pytest.mark.parametrize(
    ("task", "share", "expected"),
    [
        (
            "regression",
            0.98,
            "a share of 0.98 of 30 rows leaves 0 to train and validate; set it to less, or take more rows",
        ),
        (
            "classification",
            0.05,
            "a share of 0.05 of 30 rows gives less than one row of each class to a part; take more rows of each",
        ),
    ],
)
def test_a_share_that_leaves_too_few_is_refused(tmp_path, task, share, expected):
    write(tmp_path, *ROWS)
    target = {"classification": "town", "regression": "price"}[task]
    categorical = () if task == "classification" else ("town",)
    found = problems(tmp_path, task, target=(target,), categorical=categorical, test_share=share)
    assert found == [f"data.test_share: {expected}"]


def test_a_regression_needs_numbers(tmp_path):
    write(tmp_path, *ROWS)
    found = problems(tmp_path, target=("town",), categorical=())
    assert found == [
        'town: a regression predicts numbers, found "Ulm"; of classes set task = "classification" '
        "under [study]"
    ]


def test_another_encoding_is_named(tmp_path):
    write(tmp_path, *(row.replace("Ulm", "Köln") for row in ROWS), encoding="latin1")
    (told,) = problems(tmp_path)
    assert told.startswith("is not UTF-8: byte ")
    assert told.endswith("save it as UTF-8, for example with iconv -f latin1 -t utf-8")


def test_measurements_are_no_classes(tmp_path):
    write(tmp_path, *ROWS)
    (told,) = problems(tmp_path, "classification")
    assert 'task = "regression" under [study]' in told


def test_parquet_says_what_it_needs(tmp_path):
    pytest.importorskip(
        "pyarrow", reason="pyarrow is not installed: Parquet is read by the extra parquet"
    )
    import pandas as pd

    write(tmp_path, *ROWS)
    pd.read_csv(tmp_path / "homes.csv").to_parquet(tmp_path / "homes.parquet")
    same = read(tmp_path, file="homes.parquet")
    assert np.array_equal(same.x_train, read(tmp_path).x_train)


PATIENTS = [f"{n % 50},{n // 5},{n % 2},{1 + n % 3}" for n in range(60)]
PATIENT_HEADER = "age,patient,ill,counts"


def patients(folder, **options):
    given = {"file": "p.csv", "target": ("ill",), "groups": "patient", **options}
    return load(Options(**given), Places(folder=folder))


def test_groups_and_weights_are_columns_that_no_network_sees(tmp_path):
    write(tmp_path, *PATIENTS, header=PATIENT_HEADER, name="p.csv")
    found = patients(tmp_path, sample_weight="counts")
    assert found.x_train.shape[1] == 1, "the age is left"
    assert len(found.groups) == len(found.x_train) == len(found.weights["train"])
    assert len(found.weights["test"]) == len(found.x_test) == 60 - len(found.x_train)
    rows = {str(n // 5) for n in range(60)}
    tested = rows - set(found.groups)
    assert len(found.x_test) == 5 * len(tested), "whole groups are set apart"
    assert found.weights["train"].dtype == np.float64


def test_a_validation_file_takes_the_place_of_a_share(tmp_path):
    write(tmp_path, *ROWS)
    write(tmp_path, *ROWS[:7], name="val.csv")
    found = read(tmp_path, val_file="val.csv")
    assert (len(found.x_train), len(found.x_val), len(found.x_test)) == (24, 7, 6)
    options = Options(
        file="homes.csv", target=("price",), categorical=("town",), val_file="val.csv"
    )
    asked = DataSettings(
        dataset="csv", task="regression", folder=str(tmp_path), options=options.model_dump()
    )
    assert shape(options, Places(folder=tmp_path, task="regression")).validation == 7
    split = splits.training_split(prepare(asked, tmp_path / "cache"), asked, seed=1)
    assert (len(split.x_train), len(split.x_val)) == (24, 7)
    assert np.allclose(split.x_val[:][:, 2:].sum(axis=1), 1)
    other = splits.training_split(prepare(asked, tmp_path / "cache"), asked, seed=2)
    assert np.array_equal(split.x_train[:], other.x_train[:]), "nothing is drawn"


def test_rows_in_time_are_tested_on_last(tmp_path):
    write(tmp_path, *ROWS)
    places = Places(folder=tmp_path, task="regression", chronological=True)
    found = load(Options(file="homes.csv", target=("price",), categorical=("town",)), places)
    assert found.y_test[:, 0].tolist() == [n * 1.5 for n in range(24, 30)]


def test_with_folds_no_row_is_set_apart(tmp_path):
    write(tmp_path, *ROWS)
    places = Places(folder=tmp_path, task="regression", folded=True)
    options = Options(file="homes.csv", target=("price",), categorical=("town",))
    assert (len(load(options, places).y_train), len(load(options, places).y_test)) == (30, 0)
    assert shape(options, places).test == 0


REGIONS = ["NA", "None", "EU"]


def regions(folder, rows, task="classification", **options):
    write(folder, *rows, header="a,region", name="r.csv")
    given = {"file": "r.csv", "target": ("region",), **options}
    return load(Options(**given), Places(folder=folder, task=task))


def test_classes_may_be_called_as_what_is_missing_is_elsewhere(tmp_path):
    found = regions(tmp_path, [f"{n},{REGIONS[n % 3]}" for n in range(30)])
    assert found.class_names == ("EU", "NA", "None")
    assert np.bincount(found.y_train).tolist() == [8, 8, 8]
    write(tmp_path, *(f"{n},NA" for n in range(4)), header="a, region", name="t.csv")
    rows = [f"{n},{REGIONS[n % 3]}" for n in range(30)]
    tested = regions(tmp_path, rows, test_file="t.csv")
    assert tested.y_test.tolist() == [1] * 4


@pytest.mark.parametrize("classes", [("EU", ""), ("0", "NA"), ("True", "NA")])
def test_empty_cells_and_marks_among_numbers_are_missing_classes(tmp_path, classes):
    with pytest.raises(InputError, match="the target is missing in 10 of 30 rows"):
        regions(tmp_path, [f"{n},{classes[n % 3 == 0]}" for n in range(30)])


def test_groups_may_be_called_as_what_is_missing_is_elsewhere(tmp_path):
    rows = [f"{n},{['NA', 'null', 'b', 'c', 'd'][n // 6]},{n % 2}" for n in range(30)]
    write(tmp_path, *rows, header=PATIENT_HEADER.removesuffix(",counts"), name="p.csv")
    assert {"NA", "null"} & set(patients(tmp_path).groups)


def test_marks_in_columns_that_are_trained_on_are_missing(tmp_path):
    write(tmp_path, *ROWS, "NA,2,None,1", ",nan,,1")
    assert problems(tmp_path) == [
        'numbers are missing in area (2), rooms (1) of 32 rows; set impute = "median" under [data], or '
        "drop the columns"
    ]
    found = read(tmp_path, impute="median", test_share=None, test_file="homes.csv")
    assert found.x_train[-2:, 2:].tolist() == [[0, 0, 0, 1]] * 2, "with all other categories"


@pytest.mark.parametrize(
    ("rows", "others", "options", "expected"),
    [
        (
            PATIENTS,
            PATIENTS[:5],
            {"test_file": "t.csv"},
            'patient: lies in the training and in the test part, found "0"; a group belongs to one '
            "part alone",
        ),
        (
            ["1,,0,1", *PATIENTS],
            [],
            {},
            "patient: the group is missing in 1 of 61 rows; leave these out",
        ),
        (
            ["1,99,0,-2", *PATIENTS],
            [],
            {"sample_weight": "counts"},
            'counts: weights must be numbers, 0 or more, and some above 0, found "-2 in row 1"',
        ),
        (
            ["1,99,0,", *PATIENTS],
            [],
            {"sample_weight": "counts"},
            'counts: weights must be numbers, 0 or more, and some above 0, found "none in row 1"',
        ),
        (
            PATIENTS,
            [],
            {"groups": "ill"},
            'data.groups: is a target, found "ill"',
        ),
        (
            PATIENTS,
            [],
            {"groups": "patent"},
            'data.groups: there is no such column, found "patent"; did you mean "patient"?',
        ),
    ],
)
def test_wrong_groups_and_weights_are_said(tmp_path, rows, others, options, expected):
    write(tmp_path, *rows, header=PATIENT_HEADER, name="p.csv")
    write(tmp_path, *others, header=PATIENT_HEADER, name="t.csv")
    with pytest.raises(InputError) as caught:
        patients(tmp_path, **options)
    assert [str(one).removeprefix(f"{tmp_path}/p.csv: ") for one in caught.value.problems] == [
        expected
    ]
