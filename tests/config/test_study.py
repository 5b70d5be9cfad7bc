import os
from pathlib import Path

import pytest

from ablate.config import find_study, load_data_settings, load_study
from ablate.errors import InputError
from ablate.planning.plan import configure
from ablate.spec.pruners import Hyperband, Median, Patient
from ablate.spec.samplers import Random, Tpe
from ablate.spec.space import Choices, Range
from ablate.spec.study import Resources

ROOT = Path(__file__).parents[2]
MODEL = """
def build(input_shape, num_classes, *, units=16, dropout=0.1, act="relu", norm=True, decay=0.9):
    raise NotImplementedError
"""
SPACE = """
architecture = "model.py:build"
[parameters]
units   = { low = 4, high = 64, step = 4, default = 16 }
dropout = { low = 0.0, high = 0.6, step = 0.1, default = 0.1, off = 0.0 }
act     = { choices = ["relu", "gelu"], default = "relu" }
norm    = { choices = [true, false], default = true, off = false }
decay   = { low = 0.5, high = 0.999, default = 0.9, when = { norm = true } }
"""
STUDY = 'name = "s"\ndataset = "digits"\nsearch_space = "space.toml"'
TUNE = 'trials = 4\nparameters = ["dropout"]'


def write(folder, *, study=STUDY, tune=TUNE, **tables):
    """A study file in `folder` with a search space and an architecture of its own."""
    (folder / "model.py").write_text(MODEL)
    (folder / "space.toml").write_text(SPACE)
    path = folder / "s.toml"
    every = {"study": study, **tables, "tune": tune}
    path.write_text("\n".join(f"[{name}]\n{text}" for name, text in every.items()))
    return path


def load(folder, settings=(), environment=None, **tables):
    return load_study(write(folder, **tables), settings, environment or {})


def problems(folder, *arguments, **tables):
    with pytest.raises(InputError) as caught:
        load(folder, *arguments, **tables)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{folder}/s.toml: ") for line in lines)
    return [line.removeprefix(f"{folder}/s.toml: ") for line in lines]


def home(study):
    return study.datasets[0].home


def fixed(study):
    return study.architectures[0].fix


def tuned(study):
    return study.architectures[0].tuned


def tune(text, sampler=None):
    return f"trials = 4\n{text}" + (f'\nsampler = "{sampler}"' if sampler else "")


# What a good file becomes


def test_a_study_is_read_with_all_its_tables(tmp_path):
    study = load(
        tmp_path,
        study=f'{STUDY}\ndescription = "why"\nseed = 7',
        data="per_class = 20\ntest_per_class = 5\nvalidation = 0.2",
        training='epochs = 3\noptimizer = "sgd"\nmomentum = 0.5\nearly_stopping = { patience = 2 }',
        fix='act = "gelu"\nnorm = false',
        tune="""
        trials = 4
        parameters = ["dropout"]
        units = { low = 8, high = 32 }
        learning_rate = { low = 1e-4, high = 1e-2, log = true }
        sampler = "random"
        pruner = { name = "hyperband", reduction_factor = 2 }
        """,
    )
    assert (study.name, study.description, study.seed) == ("s", "why", 7)
    (data,), (architecture,) = study.datasets, study.architectures
    assert (data.per_class, data.test_per_class, data.validation) == (20, 5, 0.2)
    assert (study.training.epochs, study.training.momentum) == (3, 0.5)
    assert study.training.early_stopping.patience == 2
    assert architecture.fix == {"act": "gelu", "norm": False}
    assert study.tune.sampler == Random()
    assert study.tune.pruner == Hyperband(reduction_factor=2)
    assert {parameter.name: parameter.domain for parameter in architecture.tuned} == {
        "units": Range(low=8, high=32, step=4),
        "dropout": Range(low=0.0, high=0.6, step=0.1),
        "learning_rate": Range(low=1e-4, high=1e-2, log=True),
    }
    assert study.path == str(tmp_path / "s.toml")
    assert data.folder == str(tmp_path.resolve())
    assert architecture.source == str((tmp_path / "model.py").resolve())
    assert len(architecture.digest) == 64


def test_a_short_study_takes_the_defaults(tmp_path):
    study = load(tmp_path)
    assert study.tune.sampler == Tpe()
    assert study.tune.pruner == Median()
    assert (study.seed, study.training.backend, home(study)) == (0, "tensorflow", None)


def test_a_shipped_architecture_has_no_source_of_the_users(tmp_path):
    (found,) = load(tmp_path, study=STUDY.replace("space.toml", "baseline")).architectures
    assert (found.source, found.digest) == (None, None)


def test_all_stands_for_every_parameter_of_the_space(tmp_path):
    study = load(tmp_path, tune=tune('parameters = "all"\nunits = { low = 8, high = 16 }'))
    assert [p.name for p in tuned(study)] == ["units", "dropout", "act", "norm", "decay"]
    assert tuned(study)[0].domain == Range(low=8, high=16, step=4)


def test_a_wrapped_pruner_may_be_a_bare_name(tmp_path):
    text = 'parameters = ["dropout"]\npruner = { name = "patient", wrapped_pruner = "hyperband" }'
    assert load(tmp_path, tune=tune(text)).tune.pruner == Patient(wrapped_pruner=Hyperband())


def test_settings_replace_what_the_file_says(tmp_path):
    settings = ["training.epochs=3", "study.name=second try", "data.per_class=5"]
    study = load(tmp_path, settings)
    assert (study.training.epochs, study.name, study.datasets[0].per_class) == (3, "second try", 5)


def test_a_wrong_setting_is_said_like_a_wrong_file(tmp_path):
    expected = ["training.epochs: must be a whole number, found 3.5"]
    assert problems(tmp_path, ["training.epochs=3.5"]) == expected


def test_whole_numbers_in_a_range_of_floats_become_floats(tmp_path):
    study = load(tmp_path, tune=tune('parameters=["act"]'), fix="dropout = 0")
    assert type(fixed(study)["dropout"]) is float


def test_floats_in_a_range_of_whole_numbers_become_whole(tmp_path):
    assert type(fixed(load(tmp_path, fix="units = 16.0"))["units"]) is int


def test_a_choice_is_taken_as_the_search_space_writes_it(tmp_path):
    baseline = STUDY.replace("space.toml", "baseline")
    study = load(tmp_path, study=baseline, fix="filters = 16.0")
    assert type(fixed(study)["filters"]) is int


# The environment


def test_the_environment_names_the_backend_and_the_folder_for_data(tmp_path):
    environment = {"KERAS_BACKEND": "jax", "ABLATE_DATA_HOME": "/data"}
    study = load(tmp_path, (), environment)
    assert (study.training.backend, home(study)) == ("jax", "/data")


def test_the_file_counts_more_than_the_environment(tmp_path):
    environment = {"KERAS_BACKEND": "jax", "ABLATE_DATA_HOME": "/data"}
    study = load(tmp_path, (), environment, training='backend = "tensorflow"', data='home = "here"')
    assert study.training.backend == "tensorflow"
    assert home(study) == str(tmp_path.resolve() / "here")


def test_empty_variables_count_as_absent(tmp_path):
    study = load(tmp_path, (), {"KERAS_BACKEND": "", "ABLATE_DATA_HOME": ""})
    assert (study.training.backend, home(study)) == ("tensorflow", None)


def test_the_home_of_the_user_is_filled_in(tmp_path):
    study = load(tmp_path, data='home = "~/data"')
    assert home(study) == str((Path.home() / "data").resolve())


def test_a_wrong_backend_of_the_environment_is_not_blamed_on_the_file(tmp_path):
    with pytest.raises(InputError, match="KERAS_BACKEND"):
        load(tmp_path, (), {"KERAS_BACKEND": "openvino"})


# What is wrong with single keys

BACKENDS = "must be one of tensorflow, jax, torch"


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (
            {"tabel": "x = 1"},
            "tabel: unknown key; known: artifacts, data, fix, metrics, published, replicate, resources, study, training, tune, vary",
        ),
        ({"trainin": "epochs = 1"}, 'trainin: unknown key; did you mean "training"?'),
        ({"study": f"{STUDY}\nsed = 3"}, 'study.sed: unknown key; did you mean "seed"?'),
        ({"training": "epoch = 3"}, 'training.epoch: unknown key; did you mean "epochs"?'),
        (
            {"training": "early_stopping = { patienc = 3 }"},
            'training.early_stopping.patienc: unknown key; did you mean "patience"?',
        ),
        ({"data": "per_clas = 3"}, 'data.per_clas: unknown key; did you mean "per_class"?'),
        (
            {"data": "folder = 'x'"},
            "data.folder: unknown key; known: home, per_class, positive, split, test_per_class, validation",
        ),
        (
            {"data": "image_per_class = 3", "study": STUDY.replace("digits", "line")},
            'data.image_per_class: unknown key; did you mean "images_per_class"?',
        ),
        (
            {"tune": f'{TUNE}\nsampler = {{ name = "tpe", n_startup_trial = 3 }}'},
            'tune.sampler.n_startup_trial: unknown key; did you mean "n_startup_trials"?',
        ),
        (
            {"tune": f'{TUNE}\npruner = {{ name = "median", zzz = 3 }}'},
            "tune.pruner.zzz: unknown key; known: interval_steps, n_min_trials, "
            "n_startup_trials, n_warmup_steps, name",
        ),
        (
            {
                "tune": f'{TUNE}\npruner = {{ name = "patient", '
                'wrapped_pruner = { name = "hyperband", min_resorce = 2 } }'
            },
            'tune.pruner.wrapped_pruner.min_resorce: unknown key; did you mean "min_resource"?',
        ),
        (
            {"tune": tune("units = { low = 8, high = 32, hgh = 3 }")},
            'tune.units.hgh: unknown key; did you mean "high"?',
        ),
    ],
)
def test_an_unknown_key_is_an_error_at_every_level(tmp_path, tables, expected):
    assert problems(tmp_path, **tables) == [expected]


def test_a_misspelt_key_of_tune_is_recognised(tmp_path):
    (found,) = problems(tmp_path, tune=f"{TUNE}\ntrails = 4")
    assert found.startswith("tune.trails: ")
    assert found.endswith('did you mean "trials"?')


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ("epochs = 0", "epochs: must be above 0, found 0"),
        ("epochs = 1.0", "epochs: must be a whole number, found 1.0"),
        ('epochs = "3"', 'epochs: must be a whole number, found "3"'),
        ("epochs = true", "epochs: must be a whole number, found true"),
        ("batch_size = -3", "batch_size: must be above 0, found -3"),
        ("learning_rate = 0.0", "learning_rate: must be above 0.0, found 0.0"),
        ('learning_rate = "x"', 'learning_rate: must be a number, found "x"'),
        ("learning_rate = true", "learning_rate: must be a number, found true"),
        ("weight_decay = -1", "weight_decay: must be at least 0.0, found -1"),
        ("label_smoothing = 1.0", "label_smoothing: must be below 1.0, found 1.0"),
        (
            'optimizer = "adamm"',
            'optimizer: must be one of adam, adamw, sgd, rmsprop, found "adamm"; did you mean "adam"?',
        ),
        ("optimizer = 3", "optimizer: must be one of adam, adamw, sgd, rmsprop, found 3"),
        (
            'checkpoint = "bst"',
            'checkpoint: must be one of best, last, found "bst"; did you mean "best"?',
        ),
        ('backend = "openvino"', f'backend: {BACKENDS}, found "openvino"'),
        ("early_stopping = true", "early_stopping: must be a table, found true"),
        ("early_stopping = { patience = 0 }", "early_stopping.patience: must be above 0, found 0"),
    ],
)
def test_a_wrong_training_setting_is_said(tmp_path, training, expected):
    assert problems(tmp_path, training=training) == [f"training.{expected}"]


@pytest.mark.parametrize("value", ["inf", "nan"])
def test_a_learning_rate_must_be_finite(tmp_path, value):
    (found,) = problems(tmp_path, training=f"learning_rate = {value}")
    assert found.startswith("training.learning_rate: must be a finite number")


@pytest.mark.parametrize(
    ("study", "expected"),
    [
        (STUDY.replace('"s"', "3"), "study.name: must be text, found 3"),
        (f"{STUDY}\ndescription = 3", "study.description: must be text, found 3"),
        (f"{STUDY}\nseed = -1", "study.seed: must be at least 0, found -1"),
        (f"{STUDY}\nseed = 1.5", "study.seed: must be a whole number, found 1.5"),
        (f"{STUDY}\nseed = 4294967296", "study.seed: must be below 4294967296, found 4294967296"),
        (
            STUDY.replace('"digits"', "3"),
            "study.dataset: must be text, or a list of texts, found 3",
        ),
        (
            STUDY.replace("digits", "digit"),
            'study.dataset: unknown data set, found "digit"; did you mean "digits"?',
        ),
        (
            STUDY.replace("digits", "zzz"),
            'study.dataset: unknown data set, found "zzz"; known: breast_cancer, '
            "california_housing, cifar10, cifar100, csv, diabetes, digits, fashion_mnist, "
            "image_folder, imdb, line, mnist, npz, reuters, wine",
        ),
        (
            STUDY.replace('"space.toml"', "3"),
            "study.search_space: must be text, or a list of texts, found 3",
        ),
        ('name = "s"\nsearch_space = "space.toml"', "study.dataset: is required"),
        ('name = "s"\ndataset = "digits"', "study.search_space: is required"),
        ('dataset = "digits"\nsearch_space = "space.toml"', "study.name: is required"),
    ],
)
def test_a_wrong_study_table_is_said(tmp_path, study, expected):
    assert problems(tmp_path, study=study) == [expected]


def test_a_name_that_looks_like_an_option_is_refused(tmp_path):
    assert problems(tmp_path, study=STUDY.replace('"s"', '"-x"')) == [
        'study.name: must not begin with "-": commands would take it for an option'
    ]


@pytest.mark.parametrize("name", ["", "a" * 101, r"a\nb", r"a\u007f"])
def test_a_name_that_cannot_be_shown_is_refused(tmp_path, name):
    (found,) = problems(tmp_path, study=STUDY.replace('"s"', f'"{name}"'))
    assert found.startswith("study.name: ")


def test_a_name_may_hold_any_letters(tmp_path):
    assert load(tmp_path, study=STUDY.replace('"s"', '"ünï / x"')).name == "ünï / x"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("per_class = 0", "per_class: must be above 0, found 0"),
        ('per_class = "a"', 'per_class: must be a whole number, found "a"'),
        ("test_per_class = -1", "test_per_class: must be above 0, found -1"),
        ("validation = 0", "validation: must be above 0.0, found 0"),
        ("validation = 1.0", "validation: must be below 1.0, found 1.0"),
        ("home = 3", "home: must be text, found 3"),
    ],
)
def test_a_wrong_data_table_is_said(tmp_path, data, expected):
    assert problems(tmp_path, data=data) == [f"data.{expected}"]


def test_the_own_options_of_a_data_set_are_checked(tmp_path):
    line = STUDY.replace("digits", "line")
    data = "images_per_class = 1\nwhole_pixel = 1\nseed = -1"
    assert problems(tmp_path, study=line, data=data) == [
        "data.images_per_class: must be at least 2, found 1",
        "data.whole_pixel: must be true or false, found 1",
        "data.seed: must be at least 0, found -1",
    ]
    npz = STUDY.replace("digits", "npz")
    assert problems(tmp_path, study=npz) == ["data.file: is required"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("trials = 0", "trials: must be above 0, found 0"),
        ("trials = 1.5", "trials: must be a whole number, found 1.5"),
        ("trials = true", "trials: must be a whole number, found true"),
        ("", "trials: is required"),
        (
            'trials = 1\nsampler = "tp"',
            'sampler: unknown sampler, found "tp"; did you mean "tpe"?',
        ),
        (
            'trials = 1\nsampler = "xx"',
            'sampler: unknown sampler, found "xx"; known: brute_force, grid, qmc, random, tpe',
        ),
        ("trials = 1\nsampler = { n_startup_trials = 3 }", "sampler.name: is required"),
        (
            'trials = 1\nsampler = { name = "tpe", n_startup_trials = -1 }',
            "sampler.n_startup_trials: must be at least 0, found -1",
        ),
        (
            'trials = 1\npruner = "medain"',
            'pruner: unknown pruner, found "medain"; did you mean "median"?',
        ),
        (
            'trials = 1\npruner = { name = "percentile", percentile = 101.0 }',
            "pruner.percentile: must be at most 100.0, found 101.0",
        ),
        (
            'trials = 1\npruner = { name = "percentile", percentile = "a" }',
            'pruner.percentile: must be a number, found "a"',
        ),
        (
            'trials = 1\npruner = { name = "hyperband", reduction_factor = 1 }',
            "pruner.reduction_factor: must be at least 2, found 1",
        ),
        (
            'trials = 1\npruner = { name = "hyperband", min_resource = 3, max_resource = 2 }',
            "pruner: max_resource must not be below min_resource",
        ),
        (
            'trials = 1\npruner = { name = "patient", wrapped_pruner = "patient" }',
            'pruner.wrapped_pruner: unknown wrapped_pruner, found "patient"; '
            "known: hyperband, median, none, percentile, successive_halving",
        ),
        (
            'trials = 1\npruner = { name = "patient", wrapped_pruner = { name = "hyperband", min_resource = 0 } }',
            "pruner.wrapped_pruner.min_resource: must be above 0, found 0",
        ),
    ],
)
def test_a_wrong_search_is_said(tmp_path, line, expected):
    assert problems(tmp_path, tune=f'{line}\nparameters = ["dropout"]') == [f"tune.{expected}"]


@pytest.mark.parametrize("name", ["sampler", "pruner"])
def test_a_sampler_is_a_name_or_a_table(tmp_path, name):
    (found,) = problems(tmp_path, tune=f"{TUNE}\n{name} = 3")
    assert found.startswith(f"tune.{name}: must be ")
    assert found.endswith(", found 3")


# What is tuned

OUTSIDE = "must lie in the search space's domain"
UNITS = "4 to 64 in steps of 4"
TABLE = "must be a table: { low = ..., high = ... } or { choices = [...] }"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "units = { low = 40, high = 8 }",
            "units: low must not be above high (low = 40, high = 8)",
        ),
        ("units = { low = 8, high = 128 }", f"units: {OUTSIDE} ({UNITS}), found 128"),
        ("units = { low = 9, high = 9 }", f"units: {OUTSIDE} ({UNITS}), found 9"),
        ("units = { choices = [8, 15] }", f"units: {OUTSIDE} ({UNITS}), found 15"),
        ('act = { choices = ["reluu"] }', f'act: {OUTSIDE} (relu, gelu), found "reluu"'),
        ('act = { choices = ["relu", 1] }', f"act: {OUTSIDE} (relu, gelu), found 1"),
        (
            "units = { low = 8, high = 30 }",
            "units: high must be low plus a whole number of steps (low = 8, high = 30, step = 4)",
        ),
        ("units = 3", f"units: {TABLE}, found 3"),
        ("units = [8, 16]", f"units: {TABLE}, found [8, 16]"),
        ("units = { low = 8 }", "units.high: is required"),
        ('units = { low = "a", high = 16 }', 'units.low: must be a number, found "a"'),
        ("act = { choices = [] }", "act: choices must not be empty"),
        (
            "units = { low = 8, high = 32, default = 8 }",
            "units.default: belongs in the search space, a study only narrows the domain",
        ),
        (
            "decay = { low = 0.6, high = 0.8, when = { norm = true } }",
            "decay.when: belongs in the search space, a study only narrows the domain",
        ),
        ("learning_rate = 0.1", f"learning_rate: {TABLE}, found 0.1"),
        (
            "learning_rate = { low = 0.0, high = 0.1, log = true }",
            "learning_rate: a log range needs low above 0 (low = 0.0)",
        ),
        (
            "learning_rate = { low = 0.0, high = 0.1 }",
            "learning_rate: must be above 0.0, found 0.0",
        ),
        ("epochs = { low = 0, high = 4 }", "epochs: must be above 0, found 0"),
        ("batch_size = { choices = [32, 0, 64] }", "batch_size: must be above 0, found 0"),
        (
            'optimizer = { choices = ["adam", "sgdd"] }',
            'optimizer: must be one of adam, adamw, sgd, rmsprop, found "sgdd"; did you mean "sgd"?',
        ),
        ('backend = { choices = ["jax"] }', "backend: cannot be tuned; set it under [training]"),
        (
            'checkpoint = { choices = ["last"] }',
            "checkpoint: cannot be tuned; set it under [training]",
        ),
        (
            "drop = { low = 0.1, high = 0.2 }",
            "drop: the search space space has no parameter drop, nor is it a training setting; "
            'did you mean "dropout"?',
        ),
        (
            "learning_rat = { low = 0.1, high = 0.2 }",
            "learning_rat: the search space space has no parameter learning_rat, "
            'nor is it a training setting; did you mean "learning_rate"?',
        ),
    ],
)
def test_a_wrong_domain_is_said(tmp_path, text, expected):
    assert problems(tmp_path, tune=tune(text)) == [f"tune.{expected}"]


@pytest.mark.parametrize(
    "domain",
    [
        "units = { low = 8, high = 32, step = 6 }",
        "units = { low = 8.0, high = 32.0, step = 0.5 }",
        "dropout = { low = 0.1, high = 0.3, step = 0.05 }",
        "kernel_size = { low = 3, high = 7 }",
    ],
)
def test_no_value_between_the_ends_leaves_the_search_space(tmp_path, domain):
    name = STUDY.replace("space.toml", "baseline") if "kernel" in domain else STUDY
    with pytest.raises(InputError, match=f"{OUTSIDE}|must be choices, as in the search space"):
        load(tmp_path, study=name, tune=tune(domain))


@pytest.mark.parametrize(
    "domain", ["units = { low = 8.0, high = 32.0 }", "units = { choices = [8.0, 16.0] }"]
)
def test_a_tuned_whole_number_stays_whole(tmp_path, domain):
    try:
        (parameter,) = tuned(load(tmp_path, tune=tune(domain)))
    except InputError:
        return
    assert all(isinstance(value, int) for value in parameter.domain.values())


def test_a_tuned_float_stays_a_float(tmp_path):
    (tmp_path / "wide.toml").write_text(
        'architecture = "model.py:build"\n[parameters]\ndecay = { low = 0.0, high = 1.0, default = 0.5 }'
    )
    study = load(
        tmp_path,
        study=STUDY.replace("space.toml", "wide.toml"),
        tune=tune("decay = { low = 0, high = 1 }"),
    )
    assert tuned(study)[0].domain.size is None


def test_a_domain_keeps_the_log_scale_of_the_space(tmp_path):
    (tmp_path / "log.toml").write_text(
        'architecture = "model.py:build"\n[parameters]\n'
        "units = { low = 4, high = 64, log = true, default = 16 }"
    )
    study = load(
        tmp_path,
        study=STUDY.replace("space.toml", "log.toml"),
        tune=tune("units = { low = 8, high = 32 }"),
    )
    assert tuned(study)[0].domain == Range(low=8, high=32, log=True)


def test_choices_may_narrow_a_range(tmp_path):
    study = load(tmp_path, tune=tune("units = { choices = [8, 16] }"))
    assert tuned(study)[0].domain == Choices(choices=(8, 16))


NOTHING = 'tune: names nothing to tune; list parameters = ["dropout", ...] or give a domain'


def test_a_study_must_tune_something(tmp_path):
    assert problems(tmp_path, tune="trials = 1") == [NOTHING]


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ('["dropot"]', 'the search space space has no parameter dropot; did you mean "dropout"?'),
        (
            '"dropout"',
            'must be a list of parameters of the search space, or "all", found "dropout"',
        ),
        ("[1]", 'must be a list of parameters of the search space, or "all", found [1]'),
        (
            '["learning_rate"]',
            "the search space space has no parameter learning_rate; known: act, decay, dropout, norm, units",
        ),
    ],
)
def test_a_wrong_list_of_parameters_is_said_once(tmp_path, listed, expected):
    found = problems(tmp_path, tune=tune(f"parameters = {listed}"))
    assert found == [f"tune.parameters: {expected}"]


# What is fixed


@pytest.mark.parametrize(
    ("fix", "expected"),
    [
        ("units = 17", f"units: must lie in the domain of units ({UNITS}), found 17"),
        ('act = "glu"', 'act: must lie in the domain of act (relu, gelu), found "glu"'),
        ("act = [1]", "act: must lie in the domain of act (relu, gelu), found [1]"),
        ("unit = 16", 'unit: the search space space has no parameter unit; did you mean "units"?'),
        ("learning_rate = 0.1", "learning_rate: is a training setting; give it under [training]"),
        ("dropout = 0.2", "dropout: is tuned under [tune]; it is either given or tuned"),
    ],
)
def test_a_wrong_fixed_value_is_said(tmp_path, fix, expected):
    assert problems(tmp_path, fix=fix) == [f"fix.{expected}"]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_fixed_value_that_is_no_number_is_a_problem_and_no_crash(tmp_path, value):
    (found,) = problems(tmp_path, fix=f"units = {value}")
    assert found.startswith("fix.units: must lie in the domain of units")


def test_one_is_not_true(tmp_path):
    (found,) = problems(tmp_path, fix="norm = 1")
    assert found.startswith("fix.norm: must lie in the domain of norm")


# What would be ignored


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (
            {"training": "momentum = 0.5"},
            "training.momentum: is used only with optimizer = sgd; optimizer is adam",
        ),
        (
            {"training": "decay_rate = 0.5"},
            "training.decay_rate: is used only with learning_rate_decay = exponential; "
            "learning_rate_decay is none",
        ),
        (
            {"training": "plateau = { factor = 0.5 }"},
            "training.plateau: is used only with learning_rate_decay = plateau; "
            "learning_rate_decay is none",
        ),
        (
            {"training": 'label_smoothing = 0.1\nloss = "categorical_hinge"'},
            "training.label_smoothing: is used only with loss = categorical_crossentropy or "
            "categorical_focal_crossentropy; loss is categorical_hinge",
        ),
        (
            {"tune": tune("momentum = { low = 0.5, high = 0.9 }")},
            "tune.momentum: is used only with optimizer = sgd; optimizer is adam",
        ),
    ],
)
def test_a_setting_that_would_be_ignored_is_an_error(tmp_path, tables, expected):
    assert problems(tmp_path, **tables) == [expected]


@pytest.mark.parametrize(
    "tables",
    [
        {"training": 'optimizer = "sgd"\nmomentum = 0.5'},
        {"training": 'learning_rate_decay = "plateau"\nplateau = { factor = 0.5 }'},
        {"training": "label_smoothing = 0.1"},
        {
            "training": "momentum = 0.5",
            "tune": tune('optimizer = { choices = ["adam", "sgd"] }'),
        },
    ],
)
def test_a_setting_that_some_trial_uses_is_fine(tmp_path, tables):
    assert load(tmp_path, **tables)


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ('optimizer = "sgd"\nmomentum = 1.0', "momentum: must be below 1.0, found 1.0"),
        ('learning_rate_decay = "plateau"\nplateau = 3', "plateau: must be a table, found 3"),
        (
            'learning_rate_decay = "exponential"\ndecay_rate = 0.5\nepochs = 0',
            "epochs: must be above 0, found 0",
        ),
    ],
)
def test_a_wrong_value_brings_no_second_problem(tmp_path, training, expected):
    assert problems(tmp_path, training=training) == [f"training.{expected}"]


def test_a_training_setting_is_either_given_or_tuned(tmp_path):
    found = problems(
        tmp_path,
        training="learning_rate = 0.01",
        tune=tune("learning_rate = { low = 1e-4, high = 1e-2 }"),
    )
    assert len(found) == 1


@pytest.mark.parametrize(
    "tables",
    [
        {"fix": "norm = false", "tune": tune("decay = { low = 0.5, high = 0.9 }")},
        {"fix": "norm = false\ndecay = 0.8"},
    ],
)
def test_a_parameter_that_no_trial_uses_is_an_error(tmp_path, tables):
    assert problems(tmp_path, **tables)


@pytest.mark.parametrize(
    "condition", ['optimizr = "sgd"', 'optimizer = "sgdd"', "momentum = 0.9", "optimizer = [[1]]"]
)
def test_a_condition_of_a_tuned_setting_is_checked(tmp_path, condition):
    text = f"""
    optimizer = {{ choices = ["adam", "sgd"] }}
    momentum = {{ low = 0.5, high = 0.9, when = {{ {condition} }} }}
    """
    assert problems(tmp_path, tune=tune(text))


def test_a_condition_between_settings_holds_in_any_order(tmp_path):
    momentum = 'momentum = { low = 0.5, high = 0.8, when = { optimizer = "sgd" } }'
    optimizer = 'optimizer = { choices = ["adam", "sgd"] }'
    for text in (f"{momentum}\n{optimizer}", f"{optimizer}\n{momentum}"):
        study = load(tmp_path, tune=tune(text))
        _, training = configure(
            study, "space", lambda p: {"optimizer": "sgd", "momentum": 0.6}[p.name]
        )
        assert (training.optimizer, training.momentum) == ("sgd", 0.6)


# Samplers that list the space


@pytest.mark.parametrize("sampler", ["grid", "brute_force"])
def test_an_exhaustive_sampler_needs_values_that_can_be_listed(tmp_path, sampler):
    text = "learning_rate = { low = 0.1, high = 0.2 }"
    assert problems(tmp_path, tune=tune(text, sampler)) == [
        f"tune.learning_rate: the {sampler} sampler lists all values; "
        'give this range a step, or choices, found "0.1 to 0.2"'
    ]
    assert load(tmp_path, tune=tune("units = { low = 8, high = 32 }", sampler))


def test_the_grid_sampler_knows_no_conditions(tmp_path):
    text = "decay = { low = 0.5, high = 0.8, step = 0.1 }\nnorm = { choices = [true, false] }"
    expected = ["tune.decay: the grid sampler knows no conditions; use brute_force"]
    assert problems(tmp_path, tune=tune(text, "grid")) == expected
    assert load(tmp_path, tune=tune(text, "brute_force"))


# Whole files


def test_all_problems_are_said_at_once(tmp_path):
    assert problems(
        tmp_path,
        study=f"{STUDY}\nsed = 3",
        data="per_class = 0",
        training='epochs = "a"',
        fix="unit = 3",
        tune="trials = 0\nunits = { low = 8, high = 128 }",
    ) == [
        'study.sed: unknown key; did you mean "seed"?',
        'training.epochs: must be a whole number, found "a"',
        "tune.trials: must be above 0, found 0",
        "data.per_class: must be above 0, found 0",
        'fix.unit: the search space space has no parameter unit; did you mean "units"?',
        f"tune.units: {OUTSIDE} ({UNITS}), found 128",
    ]


def test_problems_of_the_search_space_name_its_file(tmp_path):
    path = write(tmp_path, study=f"{STUDY}\nsed = 3")
    space = tmp_path / "space.toml"
    space.write_text(SPACE.replace("default = 16", "default = 3").replace("act ", "zzz "))
    with pytest.raises(InputError) as caught:
        load_study(path, (), {})
    assert str(caught.value).splitlines() == [
        f'{path}: study.sed: unknown key; did you mean "seed"?',
        f"{space}: parameters.units.default: must lie in the domain ({UNITS}), found 3",
        f"{space}: parameters.zzz: model.py:build takes no such parameter; "
        "known: act, decay, dropout, norm, units",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["study: is required"]),
        (
            '[study]\nname = "s"\ndataset = "digits"\nsearch_space = "baseline"',
            [
                "nothing is trained: give [tune] with trials, [replicate] with seeds or folds, or both"
            ],
        ),
        (
            "study = 3\ntune = 4",
            ["study: must be a table, found 3", "tune: must be a table, found 4"],
        ),
        ("x = = 3", ["not valid TOML: Invalid value (at line 1, column 5)"]),
        (
            "a = 1\n[study\n",
            [
                "not valid TOML: Expected ']' at the end of a table declaration (at line 2, column 7)"
            ],
        ),
    ],
)
def test_a_broken_file_is_said(tmp_path, text, expected):
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_study(path, (), {})
    assert str(caught.value).splitlines() == [f"{path}: {line}" for line in expected]


def test_an_unknown_search_space_is_said(tmp_path):
    with pytest.raises(
        InputError, match='unknown search space, found "baselin"; did you mean "baseline"'
    ):
        load(tmp_path, study=STUDY.replace("space.toml", "baselin"))
    with pytest.raises(InputError, match=r"there is no such search space, found"):
        load(tmp_path, study=STUDY.replace("space.toml", "none.toml"))


# Finding studies


def test_a_study_is_found_by_path_or_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path)
    assert find_study(str(path)) == path
    assert find_study("s.toml") == Path("s.toml")
    assert find_study("smoke").samefile(ROOT / "studies/smoke.toml")


def test_a_study_of_the_folder_counts_more_than_a_shipped_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies/smoke.toml").touch()
    assert find_study("smoke") == Path("studies/smoke.toml")


def test_a_study_file_of_the_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.toml").touch()
    (tmp_path / "d.toml").mkdir()
    for name, expected in (
        ("c", 'c: unknown study; did you mean "c.toml"?'),
        ("d.toml", "d.toml: is a folder; name a study file"),
    ):
        with pytest.raises(InputError) as caught:
            find_study(name)
        assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("smok", 'smok: unknown study; did you mean "smoke"?'),
        (
            "zzz",
            "zzz: unknown study; known: batch_norm_averages, bottleneck_components, breast_cancer_folds, breast_cancer_mlp, cnn_foundations_2019, "
            "cnn_foundations_2019_variation, diabetes_mlp, epoch_two_spike, filters_factorial, line_dropout, "
            "mnist_search, smoke",
        ),
        ("smok.toml", 'smok.toml: there is no such study file; did you mean "smoke"?'),
    ],
)
def test_an_unknown_study_is_said(tmp_path, monkeypatch, name, expected):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        find_study(name)
    assert str(caught.value) == expected


# Data sets without a study


def test_data_settings_need_no_study():
    settings = load_data_settings("line", {"images_per_class": 10, "per_class": 3}, {})
    assert settings.options == {"images_per_class": 10, "whole_pixel": False, "seed": 0}
    assert settings.per_class == 3


def test_wrong_data_settings_are_said():
    with pytest.raises(InputError) as caught:
        load_data_settings("line", {"images_per_clas": 10, "per_class": 0}, {})
    assert str(caught.value).splitlines() == [
        '--set: data.images_per_clas: unknown key; did you mean "images_per_class"?',
        "--set: data.per_class: must be above 0, found 0",
    ]


@pytest.mark.parametrize("path", sorted((ROOT / "studies").rglob("*.toml")), ids=lambda p: p.stem)
def test_every_shipped_study_loads(path):
    study = load_study(path, (), {})
    assert study.name == path.stem
    assert study.description


def test_the_environment_of_the_process_counts_unless_another_is_given(tmp_path, monkeypatch):
    monkeypatch.setitem(os.environ, "ABLATE_DATA_HOME", "/data")
    assert home(load_study(write(tmp_path))) == "/data"


# What is kept


def test_no_models_are_kept_unless_asked_for(tmp_path):
    assert load(tmp_path).artifacts.models == "none"
    assert load(tmp_path, artifacts='models = "best"').artifacts.models == "best"
    assert load(tmp_path, ["artifacts.models=all"]).artifacts.models == "all"


def test_what_is_wrong_about_what_is_kept_is_said_at_once(tmp_path):
    text = 'models = "bests"\nmodel = "best"'
    assert problems(tmp_path, artifacts=text, data="per_class = 0") == [
        'artifacts.models: must be one of none, best, all, found "bests"; did you mean "best"?',
        'artifacts.model: unknown key; did you mean "models"?',
        "data.per_class: must be above 0, found 0",
    ]
    assert problems(tmp_path, ["artifacts=1"]) == ["artifacts: must be a table, found 1"]


# What workers ask of a cluster


def test_a_worker_asks_for_a_core_and_a_gpu_where_there_are_any(tmp_path):
    assert load(tmp_path).resources == Resources(num_cpus=1.0, num_gpus=None)
    asked = load(tmp_path, resources="num_cpus = 2\nnum_gpus = 0.25").resources
    assert asked == Resources(num_cpus=2.0, num_gpus=0.25)


def test_what_no_cluster_can_give_is_said_at_once(tmp_path):
    assert problems(tmp_path, resources="num_cpus = 0\nnum_gpus = 1.5\ngpus = 1") == [
        "resources.num_cpus: must be above 0.0, found 0",
        "resources.num_gpus: must be a whole number, or a part of one, found 1.5",
        'resources.gpus: unknown key; did you mean "num_gpus"?',
    ]
