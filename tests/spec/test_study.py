import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ablate.spec.data import DataSettings, Fold
from ablate.spec.pruners import Hyperband, Patient
from ablate.spec.samplers import BruteForce, Qmc
from ablate.spec.space import Choices, Parameter, Range, SearchSpace
from ablate.spec.study import (
    Architecture,
    ArtifactSettings,
    Cell,
    ReplicateSettings,
    Resources,
    StudySpec,
    TuneSettings,
    Variant,
)
from ablate.spec.training import EarlyStopping, Plateau, TrainingSettings
from ablate.spec.trial import Epoch, TrialResult, TrialSpec
from ablate.spec.user_metric import UserMetric

TRIAL = TrialSpec(
    data=DataSettings(
        dataset="npz", per_class=3, home="/home", folder="/study", options={"file": "a.npz"}
    ),
    data_digest="d",
    architecture="model.py:build",
    architecture_source="/study/model.py",
    architecture_digest="a",
    parameters={"units": 16, "dropout": 0.1, "norm": True, "act": "relu"},
    training=TrainingSettings(),
    seed=1,
)
UNITS = Parameter(name="units", domain=Choices(choices=(8, 16)), default=8, off=8)
RATE = Parameter(
    name="rate", domain=Range(low=1e-4, high=1e-2, log=True), default=1e-3, when={"units": (16,)}
)
SPACE = SearchSpace(
    name="space", description="what", architecture="model.py:build", parameters=(UNITS, RATE)
)
ARCHITECTURE = Architecture(
    search_space=SPACE,
    source="/study/model.py",
    digest="a",
    fix={"rate": 0.001},
    tuned=(UNITS,),
)
OTHER_ARCHITECTURE = Architecture(
    search_space=SearchSpace(name="other", architecture="baseline", parameters=(RATE,))
)
DIGITS = DataSettings(dataset="digits")
STUDY = StudySpec(
    name="s",
    description="why",
    seed=3,
    datasets=(TRIAL.data,),
    architectures=(ARCHITECTURE,),
    training=TrainingSettings(early_stopping=EarlyStopping(), plateau=Plateau(factor=0.5)),
    variants=(Variant(name="space", search_space="space"),),
    baseline="space",
    tune=TuneSettings(
        trials=4,
        sampler=Qmc(qmc_type="halton"),
        pruner=Patient(wrapped_pruner=Hyperband(max_resource=4)),
    ),
    path="/study/s.toml",
)
WIDE = StudySpec(
    name="wide",
    datasets=(TRIAL.data, DIGITS),
    architectures=(ARCHITECTURE, OTHER_ARCHITECTURE),
    training=TrainingSettings(),
    design="variants",
    variants=(
        Variant(name="plain", search_space="space"),
        Variant(name="slow", search_space="space", values={"rate": 0.001, "epochs": 3}),
        Variant(name="another", search_space="other"),
    ),
    baseline="plain",
    replicate=ReplicateSettings(seeds=3),
    path="/study/wide.toml",
)


def changed(record, **fields):
    return record.model_copy(update=fields)


def test_the_fingerprint_never_changes():
    """Stored studies name their trials by it."""
    spec = TrialSpec(
        data=DataSettings(dataset="digits"),
        data_digest="d",
        architecture="baseline",
        parameters={"filters": 8, "dropout": 0.5},
        training=TrainingSettings(),
        seed=0,
    )
    assert spec.fingerprint == "e528e71428e8750f"


def test_the_fingerprint_is_the_same_in_every_process():
    code = (
        "import sys; from ablate.spec.trial import TrialSpec;"
        "print(TrialSpec.model_validate_json(sys.stdin.read()).fingerprint)"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            input=TRIAL.model_dump_json(),
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert answers == {TRIAL.fingerprint}


def test_the_fingerprint_does_not_depend_on_folders_or_order():
    elsewhere = changed(
        TRIAL,
        architecture_source="/elsewhere/model.py",
        data=changed(TRIAL.data, home=None, folder="/elsewhere"),
        parameters=dict(reversed(TRIAL.parameters.items())),
    )
    assert elsewhere.fingerprint == TRIAL.fingerprint


OTHER_TRAINING = {
    "batch_norm_averages": "recalibrated",
    "epochs": 11,
    "batch_size": 64,
    "optimizer": "sgd",
    "learning_rate": 0.002,
    "momentum": 0.8,
    "weight_decay": 0.0,
    "learning_rate_decay": "cosine",
    "decay_rate": 0.8,
    "plateau": Plateau(factor=0.5),
    "loss": "mean_squared_error",
    "label_smoothing": 0.1,
    "early_stopping": EarlyStopping(),
    "checkpoint": "last",
    "dtype_policy": "mixed_float16",
    "backend": "jax",
    "class_weight": "balanced",
    "weighted_metrics": True,
    "gradient_clip_norm": 1.0,
    "warmup_epochs": 1,
}
OTHER_DATA = {
    "dataset": "line",
    "per_class": 4,
    "test_per_class": 4,
    "validation": 0.2,
    "options": {"file": "b.npz"},
    "task": "regression",
    "positive": "yes",
    "split": "random",
    "folds": 5,
}
OTHER = {
    "data_digest": "e",
    "architecture": "model.py:other",
    "architecture_digest": "b",
    "parameters": {**TRIAL.parameters, "units": 17},
    "seed": 2,
    "metrics": ("recall",),
    "objective": "val_accuracy",
    "fold": Fold(folds=5, number=1),
    "user_metrics": (UserMetric(name="own", function="f", mode="max", source="m.py", digest="0"),),
}


@pytest.mark.parametrize(("name", "value"), OTHER_TRAINING.items())
def test_another_training_setting_is_another_trial(name, value):
    other = changed(TRIAL, training=changed(TRIAL.training, **{name: value}))
    assert other.fingerprint != TRIAL.fingerprint


@pytest.mark.parametrize(("name", "value"), OTHER_DATA.items())
def test_other_data_are_another_trial(name, value):
    other = changed(TRIAL, data=changed(TRIAL.data, **{name: value}))
    assert other.fingerprint != TRIAL.fingerprint


@pytest.mark.parametrize(("name", "value"), OTHER.items())
def test_another_field_is_another_trial(name, value):
    assert changed(TRIAL, **{name: value}).fingerprint != TRIAL.fingerprint


def test_no_field_was_forgotten_above():
    assert set(OTHER_TRAINING) == set(TrainingSettings.model_fields)
    assert set(OTHER_DATA) == set(DataSettings.model_fields) - {"home", "folder"}
    assert {*OTHER, "data", "training"} == set(TrialSpec.model_fields) - {"architecture_source"}


def test_true_and_one_are_different_trials():
    parameters = [{**TRIAL.parameters, "norm": value} for value in (True, 1, "true")]
    assert len({changed(TRIAL, parameters=p).fingerprint for p in parameters}) == 3


@pytest.mark.parametrize("record", [STUDY, WIDE, TRIAL], ids=["search", "comparison", "trial"])
def test_a_record_survives_json(record):
    again = type(record).model_validate_json(record.model_dump_json())
    assert again == record
    assert again.model_dump_json() == record.model_dump_json()


scalars = st.one_of(
    st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)


@given(st.dictionaries(st.text(min_size=1), scalars))
def test_any_parameters_survive_json(parameters):
    record = changed(TRIAL, parameters=parameters)
    again = TrialSpec.model_validate_json(record.model_dump_json())
    assert again.parameters == parameters
    assert [type(value) for value in again.parameters.values()] == [
        type(v) for v in parameters.values()
    ]
    assert again.fingerprint == record.fingerprint


def test_a_result_survives_json():
    epoch = Epoch(epoch=1, loss=0.5, accuracy=0.5, val_loss=0.25, val_accuracy=0.5, seconds=0.1)
    result = TrialResult(
        outcome="complete",
        measures={"val_loss": 0.25, "epochs": 1},
        curves=(epoch,),
        confusion_matrix=((1, 0), (0, 1)),
    )
    again = TrialResult.model_validate_json(result.model_dump_json())
    assert again == result
    assert [type(value) for value in again.measures.values()] == [float, int]


def test_a_result_holds_nothing_that_the_table_of_measures_does_not_know():
    with pytest.raises(ValidationError, match="not in the table of measures: test_acuracy"):
        TrialResult(outcome="complete", measures={"val_loss": 0.5, "test_acuracy": 0.5})


# What a study holds


def test_cells_are_every_variant_on_every_data_set():
    assert [(cell.dataset, cell.variant) for cell in WIDE.cells] == [
        ("npz", "plain"),
        ("npz", "slow"),
        ("npz", "another"),
        ("digits", "plain"),
        ("digits", "slow"),
        ("digits", "another"),
    ]
    assert STUDY.cells == (Cell(dataset="npz", variant="space"),)


def test_data_variants_and_architectures_are_found_by_name():
    assert WIDE.data("digits") is DIGITS
    assert WIDE.variant("slow").values == {"rate": 0.001, "epochs": 3}
    assert WIDE.architecture("slow") is ARCHITECTURE
    assert WIDE.architecture("another") is OTHER_ARCHITECTURE


def test_replicates_never_use_the_seed_of_the_search():
    assert STUDY.seeds == ()
    assert WIDE.seeds == (1, 2, 3)
    assert changed(WIDE, seed=5).seeds == (6, 7, 8)
    assert changed(WIDE, seed=2**32 - 2).seeds == (2**32 - 1, 0, 1)


def test_more_seeds_keep_the_first_ones():
    more = changed(WIDE, replicate=ReplicateSettings(seeds=5))
    assert more.seeds[:3] == WIDE.seeds


# Which studies ask the same


def with_data(**fields):
    return changed(STUDY, datasets=(changed(TRIAL.data, **fields),))


def with_architecture(**fields):
    return changed(STUDY, architectures=(changed(ARCHITECTURE, **fields),))


@pytest.mark.parametrize(
    "other",
    [
        changed(STUDY, description="else"),
        changed(STUDY, path="/elsewhere/s.toml"),
        with_architecture(source="/elsewhere/model.py"),
        changed(STUDY, tune=changed(STUDY.tune, trials=8)),
        with_architecture(search_space=changed(SPACE, description="else")),
        with_data(home=None, folder="/elsewhere"),
        changed(STUDY, replicate=ReplicateSettings(seeds=4)),
        changed(STUDY, artifacts=ArtifactSettings(models="all")),
        changed(STUDY, resources=Resources(num_cpus=2)),
    ],
)
def test_counts_texts_and_places_do_not_change_the_question(other):
    assert other.question() == STUDY.question()


def test_more_seeds_do_not_change_the_question():
    assert changed(WIDE, replicate=ReplicateSettings(seeds=9)).question() == WIDE.question()


@pytest.mark.parametrize(
    "other",
    [
        changed(STUDY, seed=4),
        with_architecture(digest="b"),
        with_architecture(fix={}),
        changed(STUDY, training=changed(STUDY.training, epochs=11)),
        with_data(per_class=None),
        changed(STUDY, tune=changed(STUDY.tune, sampler=BruteForce())),
        changed(STUDY, tune=changed(STUDY.tune, pruner=Hyperband())),
        with_architecture(tuned=(RATE,)),
        with_architecture(search_space=changed(SPACE, parameters=(UNITS,))),
        changed(STUDY, datasets=(TRIAL.data, DIGITS)),
        changed(STUDY, architectures=(ARCHITECTURE, OTHER_ARCHITECTURE)),
        changed(STUDY, replicate=ReplicateSettings(seeds=4, metric="f1")),
    ],
)
def test_anything_else_changes_the_question(other):
    assert other.question() != STUDY.question()


@pytest.mark.parametrize(
    "other",
    [
        changed(WIDE, baseline="slow"),
        changed(WIDE, variants=WIDE.variants[:2]),
        changed(WIDE, variants=(*WIDE.variants[:2], changed(WIDE.variants[2], name="renamed"))),
        changed(WIDE, datasets=(DIGITS,)),
        changed(WIDE, datasets=(TRIAL.data, changed(DIGITS, per_class=3))),
        changed(
            WIDE, architectures=(ARCHITECTURE, changed(OTHER_ARCHITECTURE, fix={"rate": 0.01}))
        ),
        changed(WIDE, replicate=ReplicateSettings(seeds=3, metric="loss")),
    ],
)
def test_other_variants_are_another_question(other):
    assert other.question() != WIDE.question()


@pytest.mark.parametrize("name", ["digits", "training"])
def test_a_search_space_may_be_called_like_anything_else(name):
    space = changed(OTHER_ARCHITECTURE.search_space, name=name)
    named = changed(
        WIDE, architectures=(ARCHITECTURE, changed(OTHER_ARCHITECTURE, search_space=space))
    )
    fixed = changed(named.architectures[1], fix={"rate": 0.01})
    assert changed(named, architectures=(ARCHITECTURE, fixed)).question() != named.question()
    other = changed(named, datasets=(TRIAL.data, changed(DIGITS, per_class=3)))
    assert other.question() != named.question()


def test_what_belongs_to_one_of_several_stands_under_its_name():
    question = WIDE.question()
    assert question["data"]["digits"]["dataset"] == "digits"
    assert question["search_spaces"]["other"]["search_space"]["name"] == "other"
    assert question["vary"]["baseline"] == "plain"
    assert [variant["name"] for variant in question["vary"]["variants"]] == [
        "plain",
        "slow",
        "another",
    ]
    assert "tune" not in question
    assert STUDY.question()["data"]["dataset"] == "npz"
    assert STUDY.question()["tune"]["parameters"][0]["name"] == "units"


def test_with_several_search_spaces_the_sampler_is_still_part_of_the_question():
    tuned = changed(WIDE, tune=TuneSettings(trials=3))
    other = changed(WIDE, tune=TuneSettings(trials=3, sampler=BruteForce()))
    assert tuned.question()["tune"]["sampler"]["name"] == "tpe"
    assert tuned.question() != other.question()


@pytest.mark.parametrize("study", [STUDY, WIDE], ids=["search", "comparison"])
def test_a_question_is_plain_json(study):
    question = study.question()
    assert json.loads(json.dumps(question)) == question
    assert study.architectures[0].search_space.description == "what"
