"""What a study compares: the variants of every design, and what can be wrong with them."""

import pytest

from ablate.config import load_study
from ablate.errors import InputError
from ablate.spec.study import Cell, ReplicateSettings

MODEL = """
def build(input_shape, num_classes, *, units=16, dropout=0.1, act="relu", norm=True, decay=0.9):
    raise NotImplementedError

def tiny(input_shape, num_classes, *, units=8, dropout=0.1, depth=1):
    raise NotImplementedError

def odd(input_shape, num_classes, *, size=1, extra=0):
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
TINY = """
architecture = "model.py:tiny"
[parameters]
units   = { choices = [8, 16], default = 8 }
dropout = { choices = [0.0, 0.1], default = 0.1, off = 0.0 }
depth   = { low = 1, high = 3, default = 1 }
"""
ODD = """
architecture = "model.py:odd"
[parameters]
size  = { choices = [1, "1", 2], default = 1 }
"""
SPACES = {"space": SPACE, "tiny": TINY, "odd": ODD}


def load(folder, *names, settings=(), large=False, **tables):
    """A study of some search spaces; replicated six times unless a table says otherwise."""
    (folder / "model.py").write_text(MODEL)
    for name, text in SPACES.items():
        (folder / f"{name}.toml").write_text(text)
    spaces = ", ".join(f'"{name}.toml"' for name in names or ("space",))
    study = f'name = "s"\ndataset = "digits"\nsearch_space = [{spaces}]'
    every = {"study": study, "replicate": "seeds = 6", **tables}
    path = folder / "s.toml"
    path.write_text("\n".join(f"[{name}]\n{text}" for name, text in every.items() if text))
    return load_study(path, settings, {}, large=large)


def problems(folder, *names, **tables):
    with pytest.raises(InputError) as caught:
        load(folder, *names, **tables)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{folder}/s.toml: ") for line in lines)
    return [line.removeprefix(f"{folder}/s.toml: ") for line in lines]


def laid_out(study):
    """The values of each variant, by name, the baseline marked with a star."""
    star = {study.baseline: "*"}
    return {f"{v.name}{star.get(v.name, '')}": dict(v.values) for v in study.variants}


# One at a time


def test_one_factor_names_every_variant_by_its_value(tmp_path):
    study = load(tmp_path, vary="units = [8, 16, 32]")
    assert study.design == "one_at_a_time"
    assert laid_out(study) == {
        "units=16*": {"units": 16},
        "units=8": {"units": 8},
        "units=32": {"units": 32},
    }
    assert study.factors == {}


def test_the_baseline_is_there_even_where_its_value_is_not_listed(tmp_path):
    study = load(tmp_path, vary="units = [8]")
    assert laid_out(study) == {"units=16*": {"units": 16}, "units=8": {"units": 8}}


def test_several_factors_are_varied_one_at_a_time(tmp_path):
    study = load(tmp_path, vary='units = [8, 16]\nact = ["gelu"]\nnorm = [true, false]')
    base = {"units": 16, "act": "relu", "norm": True}
    assert laid_out(study) == {
        "baseline*": base,
        "units=8": {**base, "units": 8},
        "act=gelu": {**base, "act": "gelu"},
        "norm=false": {**base, "norm": False},
    }


def test_several_search_spaces_are_each_laid_out_by_themselves(tmp_path):
    study = load(tmp_path, "space", "tiny", vary="units = [8, 16]\ndropout = [0.0]")
    assert laid_out(study) == {
        "space*": {"units": 16, "dropout": 0.1},
        "space units=8": {"units": 8, "dropout": 0.1},
        "space dropout=0.0": {"units": 16, "dropout": 0.0},
        "tiny": {"units": 8, "dropout": 0.1},
        "tiny units=16": {"units": 16, "dropout": 0.1},
        "tiny dropout=0.0": {"units": 8, "dropout": 0.0},
    }
    assert [variant.search_space for variant in study.variants] == ["space"] * 3 + ["tiny"] * 3


def test_one_factor_over_several_search_spaces_names_its_value_too(tmp_path):
    study = load(tmp_path, "space", "tiny", vary="units = [8, 16]")
    assert list(laid_out(study)) == [
        "space units=16*",
        "space units=8",
        "tiny units=8",
        "tiny units=16",
    ]


def test_fix_and_training_set_the_base(tmp_path):
    study = load(
        tmp_path,
        fix="units = 32\ndropout = 0.3",
        training="epochs = 3",
        vary="units = [16, 32]\nepochs = [3, 5]",
    )
    assert laid_out(study) == {
        "baseline*": {"units": 32, "epochs": 3},
        "units=16": {"units": 16, "epochs": 3},
        "epochs=5": {"units": 32, "epochs": 5},
    }
    assert study.architectures[0].fix == {"units": 32, "dropout": 0.3}


def test_a_value_takes_the_type_of_its_parameter(tmp_path):
    study = load(tmp_path, vary="units = [8.0]\ndropout = [0]\nlearning_rate = [1]")
    values = {v.name: v.values for v in study.variants}
    assert type(values["units=8"]["units"]) is int
    assert type(values["dropout=0.0"]["dropout"]) is float
    assert type(values["learning_rate=1.0"]["learning_rate"]) is float


@pytest.mark.parametrize(
    ("training", "vary", "expected"),
    [
        ("", "label_smoothing = [0.1]", {"label_smoothing=0.0*": 0.0, "label_smoothing=0.1": 0.1}),
        ("", "epochs = [5, 10]", {"epochs=10*": 10, "epochs=5": 5}),
        ("", "batch_size = [32]", {"batch_size=128*": 128, "batch_size=32": 32}),
        (
            'optimizer = "sgd"',
            'optimizer = ["adam", "sgd"]',
            {"optimizer=sgd*": "sgd", "optimizer=adam": "adam"},
        ),
        (
            "",
            'loss = ["mean_squared_error"]',
            {
                "loss=categorical_crossentropy*": "categorical_crossentropy",
                "loss=mean_squared_error": "mean_squared_error",
            },
        ),
        ("", 'checkpoint = ["last"]', {"checkpoint=best*": "best", "checkpoint=last": "last"}),
    ],
)
def test_training_settings_are_varied_like_parameters(tmp_path, training, vary, expected):
    study = load(tmp_path, training=training, vary=vary)
    found = {name: next(iter(values.values())) for name, values in laid_out(study).items()}
    assert found == expected


def test_the_librarys_own_default_may_be_the_baseline(tmp_path):
    study = load(tmp_path, vary="weight_decay = [0.0, 0.01]")
    assert laid_out(study) == {
        "weight_decay=null*": {},
        "weight_decay=0.0": {"weight_decay": 0.0},
        "weight_decay=0.01": {"weight_decay": 0.01},
    }


def test_another_variant_may_be_the_baseline(tmp_path):
    study = load(tmp_path, vary='units = [8, 32]\nbaseline = "units=32"')
    assert list(laid_out(study)) == ["units=16", "units=8", "units=32*"]


# Leave one out


def test_every_component_that_is_there_is_left_out_in_turn(tmp_path):
    study = load(tmp_path, vary='design = "leave_one_out"')
    assert study.design == "leave_one_out"
    assert laid_out(study) == {
        "baseline*": {},
        "without dropout": {"dropout": 0.0},
        "without norm": {"norm": False},
    }


def test_a_component_that_is_off_is_not_left_out(tmp_path):
    study = load(tmp_path, fix="dropout = 0.0", vary='design = "leave_one_out"')
    assert list(laid_out(study)) == ["baseline*", "without norm"]


def test_components_may_be_chosen(tmp_path):
    study = load(
        tmp_path,
        vary='design = "leave_one_out"\ncomponents = ["norm"]',
        tune='trials = 2\nparameters = ["dropout"]',
    )
    assert laid_out(study) == {"baseline*": {}, "without norm": {"norm": False}}


def test_pairs_are_left_out_together(tmp_path):
    study = load(tmp_path, vary='design = "leave_one_out"\npairs = true')
    assert laid_out(study) == {
        "baseline*": {},
        "without dropout": {"dropout": 0.0},
        "without norm": {"norm": False},
        "without dropout, norm": {"dropout": 0.0, "norm": False},
    }


def test_each_search_space_loses_its_own_components(tmp_path):
    study = load(tmp_path, "space", "tiny", vary='design = "leave_one_out"')
    assert list(laid_out(study)) == [
        "space*",
        "space without dropout",
        "space without norm",
        "tiny",
        "tiny without dropout",
    ]


# Factorial

FACTORIAL = 'design = "factorial"\n'


def test_a_factorial_design_combines_all_values(tmp_path):
    study = load(tmp_path, vary=f"{FACTORIAL}units = [8, 16]\ndropout = [0.0, 0.1, 0.2]")
    assert study.design == "factorial"
    assert list(laid_out(study)) == [
        "units=8 dropout=0.0",
        "units=8 dropout=0.1",
        "units=8 dropout=0.2",
        "units=16 dropout=0.0",
        "units=16 dropout=0.1*",
        "units=16 dropout=0.2",
    ]
    assert study.variant("units=8 dropout=0.2").values == {"units": 8, "dropout": 0.2}


def test_a_factors_first_level_is_the_baselines(tmp_path):
    study = load(tmp_path, vary=f"{FACTORIAL}units = [8, 16]\ndropout = [0.0, 0.1, 0.2]")
    assert dict(study.factors) == {"units": (16, 8), "dropout": (0.1, 0.0, 0.2)}
    other = load(
        tmp_path,
        vary=f'{FACTORIAL}units = [8, 16]\ndropout = [0.0, 0.2]\nbaseline = "units=8 dropout=0.2"',
    )
    assert dict(other.factors) == {"units": (8, 16), "dropout": (0.2, 0.0)}


def test_the_search_space_is_a_factor_too(tmp_path):
    study = load(tmp_path, "space", "tiny", vary=f"{FACTORIAL}units = [8, 16]")
    assert list(laid_out(study)) == [
        "space units=8",
        "space units=16*",
        "tiny units=8",
        "tiny units=16",
    ]
    assert dict(study.factors) == {"search_space": ("space", "tiny"), "units": (16, 8)}
    other = load(
        tmp_path, "space", "tiny", vary=f'{FACTORIAL}units = [8, 16]\nbaseline = "tiny units=8"'
    )
    assert dict(other.factors) == {"search_space": ("tiny", "space"), "units": (8, 16)}


def test_parameters_and_training_settings_are_combined(tmp_path):
    study = load(tmp_path, vary=f"{FACTORIAL}norm = [true, false]\nlabel_smoothing = [0.0, 0.1]")
    assert "norm=false label_smoothing=0.1" in laid_out(study)
    assert study.baseline == "norm=true label_smoothing=0.0"


def listed(count):
    return list(range(1, count + 1))


@pytest.mark.parametrize(("epochs", "sizes", "large"), [(16, 16, False), (17, 17, True)])
def test_more_than_256_cells_need_consent(tmp_path, epochs, sizes, large):
    vary = f"{FACTORIAL}epochs = {listed(epochs)}\nbatch_size = {listed(sizes)}"
    training = "epochs = 1\nbatch_size = 1"
    study = load(tmp_path, vary=vary, training=training, large=large)
    assert len(study.variants) == epochs * sizes


@pytest.mark.parametrize(
    ("epochs", "sizes", "large", "expected"),
    [
        (17, 17, False, "289 cells, more than 256; vary less, or consent with --yes"),
        (101, 100, False, "10,100 cells, more than 256; vary less"),
        (101, 100, True, "10,100 cells, more than 256; vary less"),
    ],
)
def test_a_factorial_design_that_is_too_large_is_refused(tmp_path, epochs, sizes, large, expected):
    vary = f"{FACTORIAL}epochs = {listed(epochs)}\nbatch_size = {listed(sizes)}"
    found = problems(tmp_path, vary=vary, training="epochs = 1\nbatch_size = 1", large=large)
    assert found == [f"vary.design: this factorial design has {expected}"]


def test_every_search_space_counts_towards_the_size(tmp_path):
    vary = f"{FACTORIAL}epochs = {listed(16)}\nbatch_size = {listed(16)}"
    training = "epochs = 1\nbatch_size = 1"
    assert problems(tmp_path, "space", "tiny", vary=vary, training=training) == [
        "vary.design: this factorial design has 512 cells, more than 256; "
        "vary less, or consent with --yes"
    ]
    assert (
        len(load(tmp_path, "space", "tiny", vary=vary, training=training, large=True).cells) == 512
    )


# Written out


def test_variants_may_be_written_out(tmp_path):
    study = load(
        tmp_path,
        **{"vary.variants": "wide = { units = 32 }\nplain = { dropout = 0.0, norm = false }"},
    )
    assert study.design == "variants"
    assert laid_out(study) == {
        "baseline*": {},
        "wide": {"units": 32},
        "plain": {"dropout": 0.0, "norm": False},
    }


def test_the_design_may_be_named_as_well(tmp_path):
    study = load(tmp_path, vary='design = "variants"\nvariants = { a = { units = 8 } }')
    assert list(laid_out(study)) == ["baseline*", "a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wide = { units = 32 }\nusual = { units = 16 }", ["wide", "usual*"]),
        ("wide = { units = 32 }\nusual = {}", ["wide", "usual*"]),
        ("wide = { units = 32 }\nbaseline = { units = 8 }", ["wide", "baseline*"]),
    ],
)
def test_a_baseline_among_the_written_out_is_not_added(tmp_path, text, expected):
    assert list(laid_out(load(tmp_path, **{"vary.variants": text}))) == expected


def test_a_named_baseline_needs_no_other(tmp_path):
    study = load(
        tmp_path,
        vary='baseline = "narrow"',
        **{"vary.variants": "wide = { units = 32 }\nnarrow = { units = 8 }"},
    )
    assert list(laid_out(study)) == ["wide", "narrow*"]


def test_a_variant_may_name_its_search_space(tmp_path):
    text = 'small = { search_space = "tiny", depth = 2 }\nfast = { epochs = 3 }'
    study = load(tmp_path, "space", "tiny", **{"vary.variants": text})
    assert laid_out(study) == {"baseline*": {}, "small": {"depth": 2}, "fast": {"epochs": 3}}
    assert [variant.search_space for variant in study.variants] == ["space", "tiny", "space"]


# Without [vary]


def test_without_vary_there_is_one_variant(tmp_path):
    study = load(tmp_path)
    assert (study.design, laid_out(study)) == (None, {"space*": {}})
    assert study.cells == (Cell(dataset="digits", variant="space"),)


def test_several_search_spaces_are_compared_with_the_first(tmp_path):
    study = load(tmp_path, "tiny", "space")
    assert (study.design, laid_out(study)) == ("variants", {"tiny*": {}, "space": {}})


@pytest.mark.parametrize(
    ("vary", "star"), [('baseline = "tiny"', 1), ('design = "one_at_a_time"', 0)]
)
def test_search_spaces_alone_are_enough_to_vary(tmp_path, vary, star):
    names = ["space", "tiny"]
    names[star] += "*"
    assert list(laid_out(load(tmp_path, "space", "tiny", vary=vary))) == names


# What is wrong

DOMAIN = "must lie in the domain of"
UNITS = f"{DOMAIN} units (4 to 64 in steps of 4)"
NOT_FOUND = "the search space space has no parameter"
LEAVE = 'design = "leave_one_out"\n'


@pytest.mark.parametrize(
    ("vary", "expected"),
    [
        ("units = [8, 17]", [f"vary.units: {UNITS}, found 17"]),
        ("units = [8, 17, 18]", [f"vary.units: {UNITS}, found {n}" for n in (17, 18)]),
        ('act = ["relu", "glu"]', [f'vary.act: {DOMAIN} act (relu, gelu), found "glu"']),
        ("norm = [1]", [f"vary.norm: {DOMAIN} norm (True, False), found 1"]),
        ("units = [[8]]", [f"vary.units: {UNITS}, found [8]"]),
        ("units = 8", ["vary.units: must be a list of values, found 8"]),
        ("units = []", ["vary.units: must be a list of values, found []"]),
        (
            "units = { low = 4, high = 8 }",
            ['vary.units: must be a list of values, found {"low": 4, "high": 8}'],
        ),
        ("units = [8, 16, 8]", ["vary.units: lists 8 twice"]),
        ("units = [8, 8.0]", ["vary.units: lists 8 twice"]),
        ("learning_rate = [0.01, 1e-2]", ["vary.learning_rate: lists 0.01 twice"]),
        (
            "unit = [8]",
            [f'vary.unit: {NOT_FOUND} unit, nor is it a training setting; did you mean "units"?'],
        ),
        (
            "epoch = [8, 9]",
            [
                f'vary.epoch: {NOT_FOUND} epoch, nor is it a training setting; did you mean "epochs"?'
            ],
        ),
        (
            'desing = ["factorial"]',
            [
                f'vary.desing: {NOT_FOUND} desing, nor is it a training setting; did you mean "design"?'
            ],
        ),
        ("epochs = [0]", ["vary.epochs: must be above 0, found 0"]),
        ("epochs = [1.5]", ["vary.epochs: must be a whole number, found 1.5"]),
        (
            'optimizer = ["adam", "sgdd"]',
            [
                "vary.optimizer: must be one of adam, adamw, sgd, rmsprop, "
                'found "sgdd"; did you mean "sgd"?'
            ],
        ),
        ('backend = ["jax"]', ["vary.backend: cannot be varied; set it under [training]"]),
        (
            "early_stopping = [{ patience = 3 }]",
            ["vary.early_stopping: cannot be varied; set it under [training]"],
        ),
        (
            'baseline = "units=64"\nunits = [8]',
            [
                'vary.baseline: is not among the variants, found "units=64"; did you mean "units=16"?'
            ],
        ),
        ("pairs = false", ["vary: names nothing to vary: give values, or several search spaces"]),
        ("units = [16]", ["vary: names nothing to vary: give values, or several search spaces"]),
        ("baseline = 3", ["vary.baseline: must be text, found 3"]),
        (
            'design = "factorail"\nunits = [8]',
            [
                "vary.design: must be one of one_at_a_time, leave_one_out, factorial, variants, "
                'found "factorail"; did you mean "factorial"?'
            ],
        ),
        (
            'units = [8]\ncomponents = ["norm"]\npairs = true',
            [
                'vary.components: is used only with design = "leave_one_out"; design is one_at_a_time',
                'vary.pairs: is used only with design = "leave_one_out"; design is one_at_a_time',
            ],
        ),
        (
            f"{FACTORIAL}units = [8, 16]\nnorm = [true, false]\nvariants = {{ a = {{ units = 8 }} }}",
            ['vary.variants: is used only with design = "variants"; design is factorial'],
        ),
        (
            f"{LEAVE}units = [8]",
            [
                'vary.units: is not used with design = "leave_one_out"; '
                'list components = ["dropout", ...]'
            ],
        ),
        (
            "units = [8]\nvariants = { a = { units = 8 } }",
            [
                'vary.units: is not used with design = "variants"; '
                "give the value inside of each variant's table"
            ],
        ),
        (
            f"{FACTORIAL}units = [8, 16]",
            [
                "vary.design: a factorial design needs at least two things to vary; "
                'use design = "one_at_a_time"'
            ],
        ),
        (
            f"{FACTORIAL}units = [8, 32]\ndropout = [0.0, 0.2]",
            [
                "vary.baseline: the baseline (units = 16, dropout = 0.1) is not among the variants; "
                'name one: baseline = "units=8 dropout=0.0"'
            ],
        ),
        (
            f"{FACTORIAL}norm = [true, false]\ndecay = [0.8, 0.9]",
            [
                "vary: norm=false decay=0.8 and norm=false decay=0.9 are the same network, trained "
                "in the same way"
            ],
        ),
    ],
)
def test_wrong_factors_are_said(tmp_path, vary, expected):
    assert problems(tmp_path, vary=vary) == expected


@pytest.mark.parametrize(
    ("components", "expected"),
    [
        ('["dropout", "act"]', "act has no off value; known: dropout, norm"),
        ('["norm", "norm"]', "names norm twice"),
        ("[]", "nothing in the search space space has an off value that is not taken"),
        ('"norm"', 'must be a list, found "norm"'),
    ],
)
def test_wrong_components_are_said(tmp_path, components, expected):
    found = problems(tmp_path, vary=f"{LEAVE}components = {components}")
    assert found == [f"vary.components: {expected}"]


def test_components_are_texts_and_pairs_are_wanted_or_not(tmp_path):
    assert problems(tmp_path, vary=f"{LEAVE}components = [1]\npairs = 1") == [
        "vary.components.0: must be text, found 1",
        "vary.pairs: must be true or false, found 1",
    ]


def test_an_unknown_component_is_said(tmp_path):
    assert problems(tmp_path, vary=f'{LEAVE}components = ["dropot"]') == [
        f'vary.components: {NOT_FOUND} dropot; did you mean "dropout"?'
    ]


def test_a_component_that_one_search_space_lacks_is_said(tmp_path):
    assert problems(tmp_path, "space", "tiny", vary=f'{LEAVE}components = ["norm"]') == [
        "vary.components: the search space tiny has no parameter norm; known: dropout"
    ]


def test_a_component_that_is_off_cannot_be_left_out(tmp_path):
    vary = f'{LEAVE}components = ["norm", "dropout"]'
    assert problems(tmp_path, fix="dropout = 0.0", vary=vary) == [
        "vary.components: dropout is off already (0.0)"
    ]


def test_a_component_that_is_tuned_cannot_be_left_out(tmp_path):
    tune = 'trials = 2\nparameters = ["dropout"]'
    assert problems(tmp_path, vary=LEAVE, tune=tune) == [
        "vary.components: dropout is tuned under [tune]; it is either left out or tuned; "
        "list the components to leave out"
    ]


def test_where_nothing_can_be_left_out_that_is_said(tmp_path):
    assert problems(tmp_path, "odd", vary=LEAVE) == [
        "vary.design: nothing in the search space odd has an off value that is not taken"
    ]
    assert problems(tmp_path, fix="dropout = 0.0\nnorm = false", vary=LEAVE) == [
        "vary.design: nothing in the search space space has an off value that is not taken"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 3", "a: must be a table of values, for example { dropout = 0.0 }, found 3"),
        ("a = { units = 17 }", f"a.units: {UNITS}, found 17"),
        ("a = { units = [8] }", f"a.units: {UNITS}, found [8]"),
        (
            "a = { unit = 8 }",
            f'a.unit: {NOT_FOUND} unit, nor is it a training setting; did you mean "units"?',
        ),
        (
            'a = { search_space = "spce" }',
            'a.search_space: must be one of the study\'s search spaces, found "spce"; '
            'did you mean "space"?',
        ),
        (
            "a = { search_space = 3 }",
            "a.search_space: must be one of the study's search spaces, found 3; known: space",
        ),
        ('"" = { units = 8 }', ": a variant's name must be 1 to 100 printable characters"),
        (
            f"{'a' * 101} = {{ units = 8 }}",
            f"{'a' * 101}: a variant's name must be 1 to 100 printable characters",
        ),
    ],
)
def test_wrong_variants_are_said(tmp_path, text, expected):
    assert problems(tmp_path, **{"vary.variants": text}) == [f"vary.variants.{expected}"]


@pytest.mark.parametrize("name", ["a\\n", "a\\u0007", "\\u200b"])
def test_a_name_that_cannot_be_shown_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="a variant's name must be 1 to 100 printable characters"):
        load(tmp_path, **{"vary.variants": f'"{name}" = {{ units = 8 }}'})


def test_a_wrong_setting_of_a_variant_is_said_for_that_variant(tmp_path):
    assert problems(tmp_path, **{"vary.variants": "a = { epochs = 0 }"}) == [
        "vary.variants.a.epochs: must be above 0, found 0"
    ]


@pytest.mark.parametrize("vary", ['design = "variants"', "variants = {}"])
def test_variants_must_be_written_out(tmp_path, vary):
    assert problems(tmp_path, vary=vary) == [
        "vary.variants: is required: a table for each variant, for example plain = { dropout = 0.0 }"
    ]


def test_variants_must_be_a_table(tmp_path):
    assert problems(tmp_path, vary="variants = 3") == ["vary.variants: must be a table, found 3"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a = { units = 8 }\nb = { units = 8 }", "a and b"),
        ("a = { units = 16 }\nb = {}", "a and b"),
        ("a = { norm = false }\nb = { norm = false, decay = 0.6 }", "a and b"),
        ("a = { epochs = 10 }\nb = {}", "a and b"),
    ],
)
def test_variants_must_differ(tmp_path, text, names):
    assert problems(tmp_path, **{"vary.variants": text}) == [
        f"vary: {names} are the same network, trained in the same way"
    ]


def test_variants_that_differ_in_what_training_ignores_are_the_same(tmp_path):
    vary = 'optimizer = ["sgd"]\nmomentum = [0.5]'
    assert problems(tmp_path, vary=vary) == [
        "vary: baseline and momentum=0.5 are the same network, trained in the same way"
    ]


def test_values_that_are_written_alike_must_be_given_names(tmp_path):
    assert problems(tmp_path, "odd", vary='size = [1, "1"]', settings=("fix.size=2",)) == [
        "vary: 2 variants are called size=1; write them out"
    ]
    text = 'number = { size = 1 }\ntext = { size = "1" }'
    assert len(load(tmp_path, "odd", **{"vary.variants": text}).variants) == 2


@pytest.mark.parametrize(
    ("tune", "vary"),
    [
        ('parameters = ["units"]', "units = [8, 32]"),
        ("units = { low = 8, high = 16 }", "units = [8, 32]"),
        ("learning_rate = { low = 0.1, high = 0.2 }", "learning_rate = [0.1, 0.2]"),
        ('parameters = ["units"]', "variants = { a = { units = 8 } }"),
    ],
)
def test_what_is_varied_cannot_be_tuned_as_well(tmp_path, tune, vary):
    (found,) = problems(tmp_path, tune=f"trials = 2\n{tune}", vary=vary)
    key, _, rule = found.partition(": ")
    assert key in ("vary.units", "vary.learning_rate", "vary.variants.a.units")
    assert rule == "is tuned under [tune]; it is either varied or tuned"


def test_a_parameter_must_be_in_every_search_space_that_varies_it(tmp_path):
    (found,) = problems(tmp_path, "space", "tiny", vary="depth = [1, 2]")
    assert found.startswith(f"vary.depth: {NOT_FOUND} depth, nor is it a training setting; ")


def test_a_value_must_lie_in_every_domain(tmp_path):
    assert problems(tmp_path, "space", "tiny", vary="dropout = [1.2]") == [
        f"vary.dropout: {DOMAIN} dropout (0.0 to 0.6 in steps of 0.1), found 1.2",
        f"vary.dropout: {DOMAIN} dropout (0.0, 0.1), found 1.2",
    ]
    assert problems(tmp_path, "space", "tiny", vary="dropout = [0.2]") == [
        f"vary.dropout: {DOMAIN} dropout (0.0, 0.1), found 0.2"
    ]


def test_a_setting_that_cannot_be_varied_is_said_once(tmp_path):
    assert problems(tmp_path, vary='backend = ["jax", "tensorflow"]') == [
        "vary.backend: cannot be varied; set it under [training]"
    ]


def test_a_parameter_that_is_not_in_use_makes_no_other_network(tmp_path):
    assert problems(tmp_path, fix="norm = false", vary="decay = [0.6]") == [
        "vary: decay=0.9 and decay=0.6 are the same network, trained in the same way"
    ]


def test_a_varied_setting_that_no_variant_uses_is_an_error(tmp_path):
    assert problems(
        tmp_path, training='loss = "mean_squared_error"', vary="label_smoothing = [0.1]"
    ) == [
        "vary.label_smoothing: is used only with loss = categorical_crossentropy or "
        "categorical_focal_crossentropy; loss is mean_squared_error"
    ]


def test_a_setting_that_one_variant_uses_is_fine(tmp_path):
    assert load(tmp_path, training="momentum = 0.5", vary='optimizer = ["sgd"]')
    assert load(tmp_path, fix="decay = 0.6", vary="norm = [true, false]")
    momentum = 'trials = 2\nmomentum = { low = 0.5, high = 0.9, when = { optimizer = "sgd" } }'
    assert load(tmp_path, tune=momentum, vary='optimizer = ["sgd"]')


def test_several_mistakes_are_said_at_once(tmp_path):
    assert problems(
        tmp_path,
        vary='design = "facto"\nunits = [17]\nunit = [8]\nact = ["relu", "relu"]\nepochs = 3',
        replicate="seeds = 0",
        tune='trials = 0\nparameters = ["dropout"]',
    ) == [
        "tune.trials: must be above 0, found 0",
        "replicate.seeds: must be at least 1, found 0",
        "vary.design: must be one of one_at_a_time, leave_one_out, factorial, variants, "
        'found "facto"; did you mean "factorial"?',
        f"vary.units: {UNITS}, found 17",
        f'vary.unit: {NOT_FOUND} unit, nor is it a training setting; did you mean "units"?',
        'vary.act: lists "relu" twice',
        "vary.epochs: must be a list of values, found 3",
    ]


# What is replicated


def test_accuracy_is_what_verdicts_are_about_unless_said_otherwise(tmp_path):
    assert load(tmp_path).replicate == ReplicateSettings(seeds=6, metric="accuracy")
    replicate = load(tmp_path, replicate='seeds = 8\nmetric = "f1"').replicate
    assert replicate == ReplicateSettings(seeds=8, metric="f1")


def test_verdicts_may_be_about_what_the_study_measures_besides(tmp_path):
    asked = 'study.metrics=["roc_auc", "accuracy", "recall"]'
    study = load(tmp_path, replicate='seeds = 8\nmetric = "recall"', settings=(asked,))
    assert study.replicate == ReplicateSettings(seeds=8, metric="recall")
    assert study.metrics == ("roc_auc", "recall")  # accuracy is measured anyway
    assert list(study.measures.metrics) == ["accuracy", "f1", "recall", "roc_auc", "loss"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            'study.metrics=["roc"]',
            "study.metrics: must be one of accuracy, balanced_accuracy, f1, precision, recall, "
            "matthews_corrcoef, roc_auc, average_precision, top_5_accuracy, log_loss, found "
            '"roc"; did you mean "roc_auc"?',
        ),
        (
            'replicate.metric="recall"',
            'replicate.metric: must be one of accuracy, f1, loss, found "recall"; add it to metrics '
            "under [study]",
        ),
        ("study.metrics=[]", "study.metrics: must be text, or a list of texts, found []"),
    ],
)
def test_a_measure_that_there_is_not_is_said(tmp_path, settings, expected):
    assert problems(tmp_path, settings=(settings,)) == [expected]


def test_the_first_seed_is_a_fresh_one(tmp_path):
    assert load(tmp_path, settings=("study.seed=4", "replicate.seeds=3")).seeds == (5, 6, 7)


@pytest.mark.parametrize(
    ("replicate", "expected"),
    [
        ("seeds = 0", "seeds: must be at least 1, found 0"),
        ("seeds = 1001", "seeds: must be at most 1000, found 1001"),
        ("seeds = 1.5", "seeds: must be a whole number, found 1.5"),
        ("seeds = [1, 2]", "seeds: must be a whole number, found [1, 2]"),
        (
            'metric = "f1"',
            "seeds: is required; or give folds, where nothing is set apart to test on",
        ),
        (
            'seeds = 6\nmetric = "accurcy"',
            'metric: must be one of accuracy, f1, loss, found "accurcy"; did you mean "accuracy"?',
        ),
        ("seeds = 6\nseds = 6", 'seds: unknown key; did you mean "seeds"?'),
    ],
)
def test_a_wrong_replicate_table_is_said(tmp_path, replicate, expected):
    assert problems(tmp_path, replicate=replicate) == [f"replicate.{expected}"]


def test_something_must_be_trained(tmp_path):
    expected = (
        "nothing is trained: give [tune] with trials, [replicate] with seeds or folds, or both"
    )
    assert problems(tmp_path, replicate="", vary="units = [8]") == [expected]


# Several data sets and search spaces


def several(data="", datasets='["digits", "line"]'):
    settings = (f"study.dataset={datasets}",)
    return {"settings": settings, "data": data}


def test_what_holds_for_all_data_sets_and_for_one(tmp_path):
    data = "per_class = 5\nvalidation = 0.2\n[data.line]\nimages_per_class = 10\nper_class = 6"
    digits, line = load(tmp_path, **several(data)).datasets
    assert (digits.dataset, digits.per_class, digits.validation) == ("digits", 5, 0.2)
    assert (line.dataset, line.per_class, line.validation) == ("line", 6, 0.2)
    assert (digits.options, line.options["images_per_class"]) == ({}, 10)


def test_a_table_of_its_own_is_allowed_for_the_only_data_set(tmp_path):
    (digits,) = load(tmp_path, data="[data.digits]\nper_class = 5").datasets
    assert digits.per_class == 5


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            "[data.line]\nimages_per_clas = 10",
            ['data.line.images_per_clas: unknown key; did you mean "images_per_class"?'],
        ),
        ("per_clas = 10", ['data.per_clas: unknown key; did you mean "per_class"?']),
        ("[data.digits]\nper_class = 0", ["data.digits.per_class: must be above 0, found 0"]),
        ("per_class = 0", ["data.per_class: must be above 0, found 0"]),
        ("line = 3", ["data.line: must be a table of what holds for line only, found 3"]),
        (
            "[data.line]\nwhole_pixel = 1\nseed = -1",
            [
                "data.line.whole_pixel: must be true or false, found 1",
                "data.line.seed: must be at least 0, found -1",
            ],
        ),
        (
            "[data.digits]\nper_clas = 1\n[data.line]\nper_clas = 1",
            [
                f'data.{name}.per_clas: unknown key; did you mean "per_class"?'
                for name in ("digits", "line")
            ],
        ),
    ],
)
def test_a_mistake_is_found_in_the_table_that_holds_it(tmp_path, data, expected):
    found = problems(tmp_path, **several(data))
    assert found == expected


def test_an_option_of_one_data_set_does_not_hold_for_all(tmp_path):
    (found,) = problems(tmp_path, **several("images_per_class = 10"))
    assert found.startswith("data.images_per_class: unknown key; ")


def test_a_mistake_inside_of_a_list_is_found_in_the_table_that_holds_it(tmp_path):
    data = '[data.npz]\nfile = "a.npz"\nclass_names = [1]'
    assert problems(tmp_path, **several(data, datasets='["digits", "npz"]')) == [
        "data.npz.class_names.0: must be text, found 1"
    ]


def test_what_one_of_several_data_sets_lacks_is_said_for_that_one(tmp_path):
    tables = several(datasets='["digits", "npz"]')
    assert problems(tmp_path, **tables) == ["data.npz.file: is required"]


@pytest.mark.parametrize(
    ("datasets", "expected"),
    [
        ('["digits", "digits"]', "names digits twice"),
        ("[]", "must be text, or a list of texts, found []"),
        ('["digits", 3]', 'must be text, or a list of texts, found ["digits", 3]'),
        ('["digits", "lin"]', 'unknown data set, found "lin"; did you mean "line"?'),
    ],
)
def test_a_wrong_list_of_data_sets_is_said(tmp_path, datasets, expected):
    found = problems(tmp_path, **several(datasets=datasets))
    assert found == [f"study.dataset: {expected}"]


def test_every_variant_is_trained_on_every_data_set(tmp_path):
    study = load(tmp_path, **several(), vary="units = [8]")
    assert [(cell.dataset, cell.variant) for cell in study.cells] == [
        ("digits", "units=16"),
        ("digits", "units=8"),
        ("line", "units=16"),
        ("line", "units=8"),
    ]


def test_search_spaces_need_different_names(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "model.py").write_text(MODEL)
    (tmp_path / "more" / "space.toml").write_text(SPACE)
    assert problems(tmp_path, "space", "more/space") == [
        "study.search_space: two search spaces are called space; rename one of the files"
    ]
    assert problems(tmp_path, "space", "space") == ["study.search_space: names space.toml twice"]


def test_what_only_some_search_spaces_have_is_fixed_and_tuned_in_those(tmp_path):
    study = load(
        tmp_path,
        "space",
        "tiny",
        fix="depth = 2\ndropout = 0.0",
        tune='trials = 3\nparameters = ["act", "units"]',
    )
    first, second = study.architectures
    assert (first.fix, second.fix) == ({"dropout": 0.0}, {"depth": 2, "dropout": 0.0})
    assert [parameter.name for parameter in first.tuned] == ["units", "act"]
    assert [parameter.name for parameter in second.tuned] == ["units"]


def test_what_no_search_space_has_is_said(tmp_path):
    tables = {
        "fix": "dept = 2",
        "tune": 'trials = 3\nparameters = ["unit"]\ndrop = { choices = [1] }',
    }
    rule = "none of the search spaces space, tiny has a parameter"
    assert problems(tmp_path, "space", "tiny", **tables) == [
        f'fix.dept: {rule} dept; did you mean "depth"?',
        f'tune.parameters: {rule} unit; did you mean "units"?',
        f'tune.drop: {rule} drop, nor is it a training setting; did you mean "dropout"?',
    ]


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (
            '[vary]\ndesign = "factorial"\nunits = [4, 16]\nepochs = [2]\n',
            "vary.epochs: a factor needs at least two values",
        ),
        (
            "[vary.variants]\nbaseline = { units = 4 }\n",
            "vary: nothing is compared: the only variant, baseline, is the baseline itself",
        ),
    ],
)
def test_a_design_that_compares_nothing_is_an_error(project, tables, expected):
    text = project.study_file.read_text() + tables
    project.study_file.write_text(text)
    with pytest.raises(InputError) as caught:
        load_study(
            project.study_file,
            ("tune.parameters=[]", "tune.learning_rate={low=1e-4, high=1e-2}"),
            {},
        )
    assert any(str(problem).endswith(expected) for problem in caught.value.problems)
