"""How a study says that its data are split, and what does not go together."""

from __future__ import annotations

import pytest

from ablate.config import load_study
from ablate.errors import InputError
from ablate.spec.data import Fold

CSV = 'file = "a.csv"\ntarget = "y"'


def load(folder, *settings, dataset="digits", task="", **tables):
    own = {"replicate": "folds = 5", **tables}
    study = f'name = "s"\ndataset = "{dataset}"\nsearch_space = "mlp"\n'
    study += f'task = "{task}"\n' if task else ""
    path = folder / "s.toml"
    written = "\n".join(f"[{name}]\n{text}" for name, text in {"study": study, **own}.items())
    path.write_text(written)
    return load_study(path, settings, {})


def problems(folder, *settings, **tables):
    with pytest.raises(InputError) as caught:
        load(folder, *settings, **tables)
    return [str(one).removeprefix(f"{folder}/s.toml: ") for one in caught.value.problems]


def test_each_replicate_has_a_fold_and_all_variants_have_the_same(tmp_path):
    study = load(tmp_path, "study.seed=7", replicate="folds = 3\nfold_repeats = 2")
    assert study.seeds == (8, 9, 10, 11, 12, 13)
    assert [study.fold(seed) for seed in study.seeds] == [
        Fold(folds=3, number=number, repeat=repeat, seed=7)
        for repeat in (0, 1)
        for number in (0, 1, 2)
    ]
    assert study.data("digits").folds == 3
    assert study.searched_cells == study.cells, "nothing is tuned"


def test_seeds_have_none(tmp_path):
    study = load(tmp_path, replicate="seeds = 3")
    assert study.fold(study.seeds[0]) is None
    assert "folds" not in study.model_dump(mode="json")["datasets"][0]
    assert "folds" not in study.model_dump(mode="json")["replicate"]


def test_what_is_tuned_has_a_search_in_each_fold(tmp_path):
    tune = "trials = 2\nlearning_rate = { low = 1e-4, high = 1e-2 }"
    study = load(tmp_path, tune=tune, vary="dropout = [0.0, 0.1]", replicate="folds = 3")
    assert len(study.searched_cells) == 6
    cell, seed = study.cells[1], study.seeds[2]
    searched = study.searched_cell(cell, seed)
    assert (searched.variant, searched.fold) == (cell.variant, 2)
    assert study.fold_of(searched) == study.fold(seed)
    assert study.cell_name(searched) == f"{cell.variant}, fold 3"


def test_the_number_of_folds_belongs_to_the_question_and_that_of_cuts_does_not(tmp_path):
    one, more, others = (
        load(tmp_path, replicate=text).question()
        for text in ("folds = 5", "folds = 5\nfold_repeats = 2", "folds = 4")
    )
    assert one == more
    assert one != others


@pytest.mark.parametrize(
    ("replicate", "expected"),
    [
        (
            "seeds = 3\nfolds = 5",
            "replicate.folds: stands beside seeds; give one of them, found 5; folds takes the place "
            "of seeds: each fold is a replicate",
        ),
        ("folds = 1", "replicate.folds: must be at least 2, found 1"),
        (
            "seeds = 3\nfold_repeats = 2",
            "replicate.fold_repeats: says how often folds are cut, and no folds are asked for, found 2",
        ),
        (
            "",
            "replicate.seeds: is required; or give folds, where nothing is set apart to test on",
        ),
    ],
)
def test_a_wrong_replicate_table_is_said(tmp_path, replicate, expected):
    assert problems(tmp_path, replicate=replicate) == [expected]


@pytest.mark.parametrize(
    ("dataset", "task", "data", "expected"),
    [
        (
            "digits",
            "",
            "per_class = 5",
            ["data.per_class: folds are cut from all examples; leave it out"],
        ),
        (
            "csv",
            "",
            f'{CSV}\ntest_file = "b.csv"\nval_file = "c.csv"',
            [
                'data.test_file: folds are cut from all examples, and this sets some apart, found "b.csv"; leave it out',
                'data.val_file: folds are cut from all examples, and this sets some apart, found "c.csv"; leave it out',
            ],
        ),
        (
            "wine",
            "",
            "test_share = 0.3",
            [
                "data.test_share: folds are cut from all examples, and this sets some apart, found 0.3; leave it out"
            ],
        ),
        (
            "digits",
            "",
            'split = "chronological"',
            [
                'data.split: digits has no order in time, found "chronological"; rows of csv, npz and a '
                "function of your own have: the first is the earliest"
            ],
        ),
        (
            "diabetes",
            "",
            'split = "stratified"',
            [
                "data.split: keeps the shares of the classes, and a regression has none, found "
                '"stratified"; set it to "random" or "chronological", or leave it out'
            ],
        ),
        (
            "csv",
            "",
            f'{CSV}\nsplit = "chronological"\ngroups = "g"',
            [
                'data.groups: groups may lie anywhere in time, which split = "chronological" cuts in '
                "two; leave one of the two out"
            ],
        ),
        (
            "digits",
            "",
            'split = "sorted"',
            [
                'data.split: must be one of stratified, random, chronological, found "sorted"',
            ],
        ),
    ],
)
def test_what_does_not_go_together_is_said(tmp_path, dataset, task, data, expected):
    assert problems(tmp_path, dataset=dataset, task=task, data=data) == expected


@pytest.mark.parametrize(("key", "table"), [("folds", "replicate"), ("class_weight", "training")])
def test_a_key_in_the_wrong_table_is_said_with_the_right_one(tmp_path, key, table):
    found = problems(tmp_path, data=f"{key} = 5")
    assert found == [f"data.{key}: unknown key; it belongs under [{table}]"]


def test_chronological_folds_are_cut_once(tmp_path):
    found = problems(
        tmp_path,
        dataset="csv",
        data=f'{CSV}\nsplit = "chronological"',
        replicate="folds = 4\nfold_repeats = 2",
    )
    assert found == [
        "replicate.fold_repeats: chronological folds are cut in one way alone, found 2; leave it out"
    ]


@pytest.mark.parametrize(
    ("dataset", "training", "expected"),
    [
        (
            "diabetes",
            'class_weight = "balanced"',
            "training.class_weight: is of classes, and a regression has none; leave it out",
        ),
        (
            "digits",
            "class_weight = { one = -1.0 }",
            "training.class_weight.one: must be at least 0.0, found -1.0",
        ),
        (
            "digits",
            "weighted_metrics = true",
            "training.weighted_metrics: needs examples that are weighted, and those of digits are not, "
            "found true; name them: sample_weight under [data], for csv and npz",
        ),
        (
            "digits",
            'early_stopping = { monitor = "val_recall" }',
            "training.early_stopping.monitor: must be one of val_loss, val_accuracy, val_f1, found "
            '"val_recall"',
        ),
        (
            "digits",
            "epochs = 3\nwarmup_epochs = 3",
            "training.warmup_epochs: must be less than the 3 epochs, found 3",
        ),
        (
            "digits",
            'warmup_epochs = 1\nlearning_rate_decay = "plateau"',
            "training.warmup_epochs: is used only with learning_rate_decay = none or cosine or "
            "exponential; learning_rate_decay is plateau",
        ),
        (
            "digits",
            "gradient_clip_norm = 0",
            "training.gradient_clip_norm: must be above 0.0, found 0",
        ),
    ],
)
def test_wrong_training_settings_are_said(tmp_path, dataset, training, expected):
    assert problems(tmp_path, dataset=dataset, training=training) == [expected]


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (
            {"training": "epochs = 10", "vary": "warmup_epochs = [0, 20, 30]"},
            [f"vary.warmup_epochs: must be less than the 10 epochs, found {n}" for n in (20, 30)],
        ),
        (
            {
                "training": "epochs = 10",
                "tune": "trials = 2\nwarmup_epochs = { low = 0, high = 10 }",
            },
            ["tune.warmup_epochs: must be less than the 10 epochs, found 10"],
        ),
        (
            {"training": "epochs = 10\nwarmup_epochs = 5", "vary": "epochs = [5, 10]"},
            ["training.warmup_epochs: must be less than the 5 epochs, found 5"],
        ),
        (
            {
                "training": "warmup_epochs = 9",
                "vary": "layers = [1, 2]",
                "tune": "trials = 2\nepochs = { choices = [20, 8] }",
            },
            ["training.warmup_epochs: must be less than the 8 epochs, found 9"],
        ),
        (
            {"training": "epochs = 3\nwarmup_epochs = 3", "vary": "no_such = [1, 2]"},
            ["training.warmup_epochs: must be less than the 3 epochs, found 3"],
        ),
    ],
)
def test_a_learning_rate_that_is_never_reached_is_said_wherever_it_stands(
    tmp_path, tables, expected
):
    found = problems(tmp_path, **tables)
    assert [one for one in found if "no_such" not in one] == expected


def test_a_warm_up_that_ends_before_training_does_is_varied_and_tuned(tmp_path):
    tune = "trials = 2\nepochs = { low = 5, high = 8 }"
    load(tmp_path, vary="warmup_epochs = [0, 4]", tune=tune)
    tune = "trials = 2\nwarmup_epochs = { choices = [0, 9] }"
    load(tmp_path, training="epochs = 10", tune=tune)


@pytest.mark.parametrize("table", ["vary", "tune"])
def test_weights_of_classes_that_there_are_not_are_neither_varied_nor_tuned(tmp_path, table):
    text = {
        "vary": 'class_weight = ["none", "balanced"]',
        "tune": 'trials = 2\nclass_weight = { choices = ["none", "balanced"] }',
    }
    found = problems(tmp_path, dataset="diabetes", **{table: text[table]})
    assert found == [
        f"{table}.class_weight: is of classes, and a regression has none; leave it out"
    ]


def test_settings_of_plateau_are_tuned_and_varied_by_dotted_names(tmp_path):
    training = 'learning_rate_decay = "plateau"'
    tune = "trials = 2\nplateau.patience = { low = 1, high = 3 }"
    study = load(tmp_path, training=training, tune=tune, vary='"plateau.factor" = [0.1, 0.5]')
    assert [p.name for p in study.architectures[0].tuned] == ["plateau.patience"]
    assert [v.values for v in study.variants] == [{"plateau.factor": 0.1}, {"plateau.factor": 0.5}]
    from ablate.planning.plan import configure

    _, settings = configure(study, study.variants[1].name, lambda parameter: 3)
    assert (settings.plateau.factor, settings.plateau.patience) == (0.5, 3)


@pytest.mark.parametrize(
    ("training", "tune", "expected"),
    [
        (
            'learning_rate_decay = "plateau"\nplateau = { patience = 2 }',
            "plateau.patience = { low = 1, high = 3 }",
            "training.plateau.patience: is tuned under [tune]; it is either given or tuned",
        ),
        (
            "",
            "plateau.patience = { low = 1, high = 3 }",
            "tune.plateau.patience: is used only with learning_rate_decay = plateau; "
            "learning_rate_decay is none",
        ),
        (
            'learning_rate_decay = "plateau"',
            "plateau.factor = { low = 0.5, high = 2.0 }",
            "tune.plateau.factor: must be below 1.0, found 2.0",
        ),
    ],
)
def test_wrong_settings_of_plateau_are_said(tmp_path, training, tune, expected):
    assert problems(tmp_path, training=training, tune=f"trials = 2\n{tune}") == [expected]


def test_varied_settings_that_have_no_default_of_their_own_reach_the_training(tmp_path):
    """`gradient_clip_norm` is left out of a record where it is not set."""
    from ablate.planning.plan import configure

    study = load(tmp_path, vary="gradient_clip_norm = [1.0, 5.0]")
    found = [configure(study, v.name, lambda p: 0)[1].gradient_clip_norm for v in study.variants]
    assert found == [None, 1.0, 5.0], "the baseline clips nothing"
    study = load(tmp_path, vary='class_weight = ["none", "balanced"]')
    found = [configure(study, v.name, lambda p: 0)[1].class_weight for v in study.variants]
    assert found == ["none", "balanced"]
