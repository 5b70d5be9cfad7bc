"""What a report says of a study whose searches go by another score than the loss."""

from __future__ import annotations

import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import TrialState

from ablate.report.report import make_report
from ablate.report.sections.curves import curves
from ablate.spec.trial import Epoch, TrialResult
from ablate.store.artifacts import Artifacts
from ablate.store.place import StoragePlace
from ablate.store.results import write_result
from report.by_hand import LAST_SEED, RATE, rows_of, texts_of

TUNE = "[tune]\ntrials = 4\nlearning_rate = { low = 1e-4, high = 1e-1, log = true }\n"
EPOCHS = ((0.6, 0.1), (0.9, 0.2), (0.8, 0.3))
"""Validation accuracies and losses: the first epoch is the best by the one, the second by the other."""
TRIALS = ((0.8, 0.1), (0.95, 0.5), (0.9, 0.3), (0.95, 0.2))
BY_LOSS, BY_ACCURACY = None, "val_accuracy"


def result(objective, accuracy=0.9, loss=0.2):
    epochs = tuple(
        Epoch(
            epoch=number,
            loss=loss,
            accuracy=accuracy,
            val_loss=loss,
            val_accuracy=accuracy,
            seconds=1.0,
            objective=None if objective is BY_LOSS else accuracy,
        )
        for number, (accuracy, loss) in enumerate(EPOCHS, 1)
    )
    measures = {
        "val_loss": loss,
        "val_accuracy": accuracy,
        "val_f1": accuracy,
        "parameters": 100,
        "training_seconds": 1.0,
        "epochs": len(EPOCHS),
    }
    return TrialResult(
        outcome="complete", measures=measures, by=objective or "val_loss", curves=epochs
    )


class Trained:
    """A stored study whose trials have learning curves."""

    def __init__(self, study):
        self.study = study
        place = StoragePlace(str(study.folder / "ablate.journal"))
        self.artifacts = Artifacts(place, study.storage)

    def write(self, study, distributions, values, found):
        study.enqueue_trial(values)
        trial = study.ask(distributions)
        write_result(trial, found, ["a", "b"], self.artifacts)
        study.tell(trial, found.objective)

    def report(self, **options):
        return make_report(self.study.stored, self.artifacts, **options)


@pytest.fixture
def searched(ask):
    """Makes a study of a search with four trials."""

    def searched(objective):
        trained = Trained(ask(TUNE, objective=objective))
        (search,) = trained.study.stored.tuning.values()
        for accuracy, loss in TRIALS:
            found = result(objective, accuracy, loss)
            trained.write(search, {"learning_rate": RATE}, {"learning_rate": 0.01}, found)
        return trained

    return searched


@pytest.fixture
def replicated(ask):
    """Makes a study of two variants with a seed each."""

    def replicated(objective, training="", vary="units = [4, 16]"):
        tables = f"[training]\n{training}\n[vary]\n{vary}\n[replicate]\nseeds = 1\n"
        trained = Trained(ask(tables, objective=objective))
        spec = trained.study.spec
        distributions = {
            "dataset": CategoricalDistribution(["digits"]),
            "variant": CategoricalDistribution([variant.name for variant in spec.variants]),
            "seed": IntDistribution(0, LAST_SEED),
        }
        for variant in spec.variants:
            values = {"dataset": "digits", "variant": variant.name, "seed": 1}
            study = trained.study.stored.replicates
            trained.write(study, distributions, values, result(objective))
        return trained

    return replicated


@pytest.mark.parametrize(
    ("objective", "order"), [(BY_LOSS, [0, 3, 2, 1]), (BY_ACCURACY, [1, 3, 2, 0])]
)
def test_the_best_trial_stands_first_and_its_curve_is_named(searched, objective, order):
    trained = searched(objective)
    report, other = trained.report(), trained.report(sort="trial")
    assert report.searches[0].number == order[0]
    assert report.tradeoff["number"].tolist() == order
    assert other.tradeoff["number"].tolist() == [0, 1, 2, 3]
    for found in (report, other):
        assert [curve.number for curve in found.figures.curves] == order
        assert [curve.rank for curve in found.figures.curves] == [0, 1, 2, 3]


@pytest.mark.parametrize(("objective", "best"), [(BY_LOSS, 0.3), (BY_ACCURACY, 0.9)])
def test_a_pruned_trial_counts_with_the_best_it_had_reached(searched, objective, best):
    trained = searched(objective)
    (search,) = trained.study.stored.tuning.values()
    trial = search.ask({"learning_rate": RATE})
    for epoch, value in enumerate((0.5, 0.3, 0.9, 0.6), 1):
        trial.report(value, epoch)
    search.tell(trial, state=TrialState.PRUNED)
    (found,) = trained.report().searches
    assert found.history[-1] == (4, best, True), "not with the last, as Optuna has it"


@pytest.mark.parametrize(
    ("objective", "best", "text"),
    [(BY_LOSS, 1, "lowest validation loss"), (BY_ACCURACY, 2, "highest validation accuracy")],
)
def test_the_best_epoch_is_the_one_that_was_tested(replicated, objective, best, text):
    report = replicated(objective).report()
    assert [one.best_epoch for one in report.curves] == [best, best]
    assert [one.best_epoch for one in report.figures.cell_curves] == [best, best]
    found = curves(report)
    assert {row["best epoch"] for row in rows_of(found)} == {str(best)}
    assert texts_of(found)[-1].endswith(
        f"The dot marks the median of the epochs with the {text}, which is the checkpoint that was "
        'tested (checkpoint = "best").'
    )


@pytest.mark.parametrize(
    ("training", "vary", "text"),
    [
        (
            'checkpoint = "last"',
            "units = [4, 16]",
            'not the one that was tested: that is the last epoch (checkpoint = "last").',
        ),
        (
            "",
            'checkpoint = ["best", "last"]',
            'the checkpoint that was tested of variants with checkpoint = "best"; of those with '
            'checkpoint = "last" it was the last epoch.',
        ),
    ],
)
def test_which_epoch_was_tested_is_said_of_all_variants(replicated, training, vary, text):
    found = curves(replicated(BY_LOSS, training, vary).report())
    assert texts_of(found)[-1].endswith(f"with the lowest validation loss, which is {text}")
