"""What a report says of a comparison, on replicates that are written by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from optuna.trial import create_trial

from ablate.report.numbers import ablation
from ablate.report.numbers.ablation import make_ablation
from ablate.report.sections import make_document
from ablate.spec import measures
from ablate.spec.measure import Measure, MeasureTable
from ablate.store.studies import find_study, open_study
from report.by_hand import answer_of, quoted, rows_of, section, texts_of

TWO = "[vary]\nunits = [4, 16]\n[replicate]\nseeds = {}\n"
THREE = "[vary]\nunits = [4, 8, 16]\n[replicate]\nseeds = {}\n"
TUNE = "[tune]\ntrials = 2\nlearning_rate = {{ low = 1e-4, high = 1e-1, log = true }}\n"
BASE = [0.90, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97]
NOISE = [0.01, -0.008, 0.004, -0.006, 0.007, -0.009, 0.002, -0.003]
RISING = [0.001 * index for index in range(8)]


def moved(by, spread=RISING):
    """The baseline's accuracies and a difference to each."""
    return [value + by + noise for value, noise in zip(BASE, spread, strict=True)]


def compared_rows(study):
    return rows_of(section(study, "Differences to units=16"))


def test_better_and_worse_are_said_with_amount_interval_and_pairs(ask):
    study = ask(THREE.format(8))
    study.replicates("units=16", BASE)
    study.replicates("units=8", moved(0.02))
    study.replicates("units=4", moved(-0.03))
    assert answer_of(study) == [
        "units=8 is better than units=16 (+2.35 [+2.15, +2.55] points of test accuracy, 8 pairs). "
        "units=4 is worse than units=16 (−2.65 [−2.85, −2.45] points of test accuracy, 8 pairs)."
    ]
    worse, better = compared_rows(study)
    # The smallest p of 8 pairs is 2 / 2**8, of two comparisons the first is doubled.
    assert (better["variant"], better["verdict"], better["adjusted p"]) == (
        "units=8",
        "better",
        "0.016",
    )
    assert (worse["variant"], worse["verdict"], worse["pairs"]) == ("units=4", "worse", "8")
    assert better["loss"] == "−0.0235 [−0.0255, −0.0215]"


def test_a_score_that_is_no_number_counts_as_missing(ask):
    """Earlier versions stored such."""
    study = ask(TWO.format(8))
    study.replicates("units=16", BASE)
    study.replicates("units=4", [float("nan"), *moved(0.02)[1:]])
    comparison = make_ablation(study.stored).blocks[0].rows[1].comparisons["accuracy"]
    assert len(comparison.pairs) == 7
    assert answer_of(study)


def test_of_losses_the_lower_is_better(ask):
    study = ask('[vary]\nunits = [4, 16]\n[replicate]\nseeds = 8\nmetric = "loss"\n')
    study.replicates("units=16", BASE)
    study.replicates("units=4", moved(0.02))
    assert answer_of(study) == [
        "units=4 is better than units=16 (−0.0235 [−0.0255, −0.0215] of test loss, 8 pairs)."
    ]
    found = section(study, "Differences to units=16")
    assert list(rows_of(found)[0])[2] == "loss"
    assert "Only loss gets a verdict: it was chosen with the question." in texts_of(found)[-2]


def test_no_detectable_difference_names_what_could_have_been_seen(ask):
    study = ask(TWO.format(8))
    study.replicates("units=16", BASE)
    study.replicates("units=4", moved(0.0, NOISE))
    comparison = make_ablation(study.stored).blocks[0].rows[1].comparisons["accuracy"]
    assert comparison.verdict == "no detectable difference"
    # 1.17 standard deviations of the paired differences, which have one of 0.72 points.
    assert comparison.detectable == pytest.approx(1.17 * 0.0072, rel=0.01)
    assert answer_of(study) == [
        "For units=4 no difference to units=16 was detected; the study could have seen 0.84 points."
    ]
    (row,) = compared_rows(study)
    assert row["verdict"] == "no detectable difference: this study could have seen 0.84 points"
    assert row["accuracy (points)"] == "−0.04 [−0.64, +0.56]"


def test_identical_scores_are_called_identical_and_not_equal_by_chance(ask):
    study = ask(THREE.format(8))
    for variant in ("units=4", "units=8", "units=16"):
        study.replicates(variant, BASE)
    assert answer_of(study) == ["In every pair units=4 and units=8 scored exactly like units=16."]
    assert [row["verdict"] for row in compared_rows(study)] == ["identical in every pair"] * 2
    assert compared_rows(study)[0]["accuracy (points)"] == "0.00 [0.00, 0.00]"


def test_too_few_seeds_are_said_with_how_many_it_takes(ask):
    study = ask(THREE.format(3))
    study.replicates("units=16", BASE)
    study.replicates("units=8", moved(0.02))
    study.replicates("units=4", moved(-0.03))
    assert answer_of(study) == [
        "Whether units=4 and units=8 differ from units=16 cannot be told: 7 seeds are needed, "
        "there are 3."
    ]
    found = section(study, "Differences to units=16")
    for row in rows_of(found):
        assert row["verdict"] == "cannot be told from 3 pairs: needs 7 seeds"
        assert row["adjusted p"] == "-", "a p that no difference can make small tells nothing"
    assert texts_of(found)[-1] == (
        "With 2 comparisons the test needs at least 7 seeds, here are 3: no difference, however "
        "large, could reach p <= 0.05. Raise seeds under [replicate]; what is trained is kept."
    )


def test_one_seed_says_that_its_variation_cannot_be_known(ask):
    study = ask("[replicate]\nseeds = 1\n")
    study.replicates("space", [0.9])
    assert answer_of(study) == [
        "space reached a test accuracy of 0.9000 with one seed; how much that varies from seed to "
        "seed cannot be known from one."
    ]
    (row,) = rows_of(section(study, "Variants"))
    assert (row["seeds"], row["accuracy"]) == ("1", "0.9000"), "there is no interval of one"
    assert section(study, "Differences to space") is None


def test_one_seed_of_two_variants_compares_nothing(ask):
    study = ask(TWO.format(1))
    study.replicates("units=16", [0.9])
    study.replicates("units=4", [0.95])
    (row,) = compared_rows(study)
    assert row["verdict"] == "cannot be told from 1 pair: needs 6 seeds"
    assert (row["accuracy (points)"], row["effect size"]) == ("+5.00", "-")
    (sentence,) = answer_of(study)
    assert sentence.startswith(
        "Whether units=4 differs from units=16 cannot be told: 6 seeds are needed, there "
    )


def test_one_seed_is_one(ask):
    study = ask(TWO.format(1))
    study.replicates("units=16", [0.9])
    study.replicates("units=4", [0.95])
    assert answer_of(study)[0].endswith("6 seeds are needed, there is 1.")


def test_several_seeds_of_one_variant_give_an_interval(ask):
    study = ask("[replicate]\nseeds = 3\n")
    study.replicates("space", [0.90, 0.92, 0.94])
    # t(0.975, 2) = 4.3027; 4.3027 * 0.02 / sqrt(3)
    assert answer_of(study) == ["space reaches a test accuracy of 0.9200 ± 0.0497 over 3 seeds."]


def test_missing_pairs_are_left_out_counted_and_explained(ask):
    study = ask(TWO.format(8))
    study.replicates("units=16", BASE)
    study.replicates(
        "units=4", [None if i in (2, 5) else value for i, value in enumerate(moved(-0.02))]
    )
    for seed in (3, 6):
        for _ in range(2):
            study.replicate("units=4", seed, outcome="failed", reason="RuntimeError: it broke")
    (row,) = compared_rows(study)
    assert (row["pairs"], row["verdict"], row["adjusted p"]) == ("6", "worse", "0.031")
    assert answer_of(study)[0].endswith("points of test accuracy, 6 pairs).")
    assert texts_of(section(study, "Variants"))[-1] == (
        "units=4: seeds 3, 6 missing: RuntimeError: it broke"
    )
    text = study.terminal()
    assert "replicates: 14 complete, 2 missing\n" in text
    reasons = rows_of(section(study, "Training runs"), place=1)
    assert reasons == [{"reason": "failed: RuntimeError: it broke", "runs": "4"}]


def test_a_failure_that_was_made_good_is_not_missing(ask):
    study = ask(TWO.format(2))
    study.replicate("units=4", 1, outcome="failed", reason="RuntimeError: it broke")
    for variant in ("units=16", "units=4"):
        study.replicates(variant, BASE)
    assert compared_rows(study)[0]["pairs"] == "2"
    assert "replicates: 4 complete\n" in study.terminal()
    reasons = rows_of(section(study, "Training runs"), place=1)
    assert reasons == [{"reason": "failed: RuntimeError: it broke", "runs": "1"}]
    assert "missing" not in study.terminal()


def test_a_variant_that_could_not_be_trained_is_said_with_its_reason(ask):
    study = ask(THREE.format(2))
    study.replicates("units=16", BASE)
    for seed in study.spec.seeds:
        study.replicate("units=4", seed, outcome="infeasible", reason="nothing can be built here")
    assert answer_of(study) == [
        "units=4 could not be trained: nothing can be built here. There is no replicate yet to "
        "judge units=8 by."
    ]
    rows = rows_of(section(study, "Variants"))
    assert [row["variant"] for row in rows] == ["units=16 (baseline)", "units=4", "units=8"]
    assert [row["seeds"] for row in rows] == ["2", "0", "0"]
    assert rows[1]["accuracy"] == "-"


def test_variants_that_share_no_seed_are_not_called_untrained(ask):
    study = ask(TWO.format(2))
    study.replicate("units=4", 1, 0.9)
    study.replicate("units=16", 2, 0.9)
    for variant, seed in (("units=4", 2), ("units=16", 1)):
        for _ in range(2):
            study.replicate(variant, seed, outcome="failed", reason="RuntimeError: it broke")
    assert "could not be trained" not in answer_of(study)[0]


def test_without_a_baseline_nothing_is_known(ask):
    study = ask(TWO.format(8))
    study.replicates("units=4", BASE)
    assert answer_of(study) == ["Nothing is known yet: the baseline has no complete replicate."]
    assert section(study, "Differences to units=16") is None
    assert "8 of 16 are still to be trained: ablate run " in study.terminal()


def test_a_baseline_that_cannot_be_trained_is_said_with_its_reason(ask):
    study = ask(TWO.format(2))
    study.replicates("units=4", BASE)
    for seed in study.spec.seeds:
        study.replicate("units=16", seed, outcome="infeasible", reason="nothing can be built here")
    assert "nothing can be built here" in answer_of(study)[0]


def test_each_data_set_has_its_answer_and_all_verdicts_are_one_family(ask):
    study = ask(TWO.format(8), datasets=("digits", "line"))
    for dataset, by in (("digits", 0.02), ("line", -0.02)):
        study.replicates("units=16", BASE, dataset=dataset)
        study.replicates("units=4", moved(by), dataset=dataset)
    assert answer_of(study) == [
        "On digits: units=4 is better than units=16 (+2.35 [+2.15, +2.55] points of test "
        "accuracy, 8 pairs).",
        "On line: units=4 is worse than units=16 (−1.65 [−1.85, −1.45] points of test accuracy, "
        "8 pairs).",
    ]
    found = section(study, "Differences to units=16")
    assert [rows_of(found, place)[0]["adjusted p"] for place in (0, 1)] == ["0.016", "0.016"]
    assert "adjusted for 2 comparisons after Holm" in texts_of(found)[-3]
    assert texts_of(found)[-2].startswith("All together: ")
    assert [t for t in texts_of(found) if t.startswith("Data set")] == [
        "Data set digits",
        "Data set line",
    ]


def test_effects_of_a_factorial_design_are_those_that_were_put_in(ask):
    study = ask(
        '[vary]\ndesign = "factorial"\nunits = [4, 16]\nepochs = [1, 10]\n[replicate]\nseeds = 8\n'
    )
    assert study.spec.baseline == "units=16 epochs=10"
    for variant in study.spec.variants:
        narrow, short = variant.values["units"] == 4, variant.values["epochs"] == 1
        change = -0.03 * narrow - 0.01 * short - 0.02 * (narrow and short)
        study.replicates(variant.name, [value + change for value in BASE])
    found = section(study, "Effects")
    assert [list(row.values()) for row in rows_of(found)] == [
        ["units: 16 → 4", "main effect", "8", "−4.00 [−4.00, −4.00]"],
        ["epochs: 10 → 1", "main effect", "8", "−2.00 [−2.00, −2.00]"],
        ["units: 16 → 4 and epochs: 10 → 1", "interaction", "8", "−2.00 [−2.00, −2.00]"],
    ]
    responses = {
        (found.x_level, found.line_level): found.mean for found in study.report().figures.responses
    }
    assert responses == {
        (units, epochs): pytest.approx(0.935 + change)
        for units, epochs, change in (
            ("16", "10", 0),
            ("16", "1", -0.01),
            ("4", "10", -0.03),
            ("4", "1", -0.06),
        )
    }


def test_effects_leave_out_seeds_that_lack_a_cell(ask):
    study = ask(
        '[vary]\ndesign = "factorial"\nunits = [4, 16]\nepochs = [1, 10]\n[replicate]\nseeds = 3\n'
    )
    for variant in study.spec.variants:
        last = None if variant.name == "units=4 epochs=1" else 0.5
        study.replicates(variant.name, [0.9, 0.8, last])
    assert {row["seeds"] for row in rows_of(section(study, "Effects"))} == {"2"}


def test_the_figure_of_interactions_leaves_out_seeds_that_lack_a_cell_too(ask):
    study = ask(
        '[vary]\ndesign = "factorial"\nunits = [4, 16]\nepochs = [1, 10]\n'
        "batch_size = [32, 128]\n[replicate]\nseeds = 2\n"
    )
    for variant in study.spec.variants:
        large = variant.values["batch_size"] == 128
        missing = variant.values["units"] == 4 and not large
        study.replicates(variant.name, [0.5 if large else 0.9, None if missing else 0.9])
    # Of the first seed alone, which is whole: the width changes nothing.
    found = [
        response.mean
        for response in study.report().figures.responses
        if (response.x_factor, response.line_factor) == ("units", "epochs")
    ]
    assert found == [pytest.approx(0.7)] * 4


def test_a_metric_that_is_not_defined_for_a_seed_leaves_it_out_of_effects_and_of_their_figure(ask):
    study = ask(
        '[vary]\ndesign = "factorial"\nunits = [4, 16]\nepochs = [1, 10]\n'
        '[replicate]\nseeds = 3\nmetric = "f1"\n'
    )
    for variant in study.spec.variants:
        is_first = variant.name == study.spec.variants[0].name
        for seed, f1 in zip(study.spec.seeds, [0.8, 0.8, None if is_first else 0.1], strict=True):
            study.replicate(variant.name, seed, 0.9, f1=f1)
    assert {row["seeds"] for row in rows_of(section(study, "Effects"))} == {"2"}
    found = [response.mean for response in study.report().figures.responses]
    assert found == [pytest.approx(0.8)] * 4


def test_a_reason_cannot_colour_the_screen(ask):
    study = ask(TWO.format(1))
    study.replicates("units=16", [0.9])
    for _ in range(2):
        study.replicate("units=4", 1, outcome="failed", reason="RuntimeError: \x1b[31mred")
    assert "\x1b" not in study.terminal()


def test_a_half_finished_study_says_what_is_missing(ask):
    study = ask(TWO.format(8))
    study.replicates("units=16", BASE[:3])
    study.replicates("units=4", moved(0.02)[:2])
    assert answer_of(study) == [
        "Nothing is judged before its time: 2 of 8 seeds are complete for every variant, and 11 "
        "replicates to come."
    ]
    (row,) = compared_rows(study)
    assert (row["adjusted p"], row["verdict"]) == ("-", "not yet: 2 of 8 seeds")
    assert (
        "replicates: 5 complete; 11 of 16 are still to be trained: ablate run " in study.terminal()
    )


def test_a_variant_without_a_replicate_has_no_complete_seed(ask):
    study = ask(THREE.format(8))
    study.replicates("units=16", BASE[:3])
    study.replicates("units=4", moved(0.02)[:2])
    told, silent = answer_of(study)[0].split(" There is")
    assert told == (
        "Nothing is judged before its time: 0 of 8 seeds are complete for every variant, and 19 "
        "replicates to come."
    )
    assert silent == " no replicate yet to judge units=8 by."


def test_nothing_is_judged_before_all_comparisons_are_there(ask):
    study = ask(THREE.format(8))
    study.replicates("units=16", BASE)
    study.replicates("units=4", moved(-0.02))
    rows = compared_rows(study)
    assert (rows[0]["adjusted p"], rows[0]["verdict"]) == ("-", "not yet: 8 of 8 seeds")
    assert list(rows[1].values())[:8] == ["units=8", "0", *["-"] * 5, "no pair yet"]
    study.replicates("units=8", moved(0.0))
    rows = compared_rows(study)
    assert rows[0]["adjusted p"] == "0.016", "twice 2 / 2**8"
    assert [row["verdict"] for row in rows] == ["worse", "better"]


@pytest.mark.parametrize(
    ("margin", "verdict", "told"),
    [
        (
            2.0,
            "alike",
            "units=4 is alike units=16: within 2 points of test accuracy, either way.",
        ),
        (
            0.1,
            "no detectable difference: this study could have seen 0.84 points",
            "For units=4 no difference to units=16 was detected; the study could have seen 0.84 points.",
        ),
    ],
)
def test_what_lies_within_the_margin_is_alike(ask, margin, verdict, told):
    study = ask(TWO.format(8) + f"margin = {margin}\n")
    study.replicates("units=16", BASE)
    study.replicates("units=4", moved(0.0, NOISE))
    assert answer_of(study) == [told]
    (row,) = compared_rows(study)
    assert row["verdict"] == verdict
    notes = " ".join(texts_of(section(study, "Differences to units=16")))
    assert f"Alike means within {margin:g} points of the baseline" in notes
    assert "So two errors have 5 % each" in notes


def test_a_difference_may_be_both_better_and_within_the_margin(ask):
    study = ask(TWO.format(8) + "margin = 5\n")
    study.replicates("units=16", BASE)
    study.replicates("units=4", moved(0.02))
    assert answer_of(study) == [
        "units=4 is better than units=16 (+2.35 [+2.15, +2.55] points of test accuracy, 8 pairs), and yet "
        "within 5 points."
    ]
    (row,) = compared_rows(study)
    assert row["verdict"] == "better, and within the margin"


def test_seeds_that_came_after_the_verdict_are_told_apart(ask):
    study = ask(TWO.format(8))
    study.replicates("units=16", BASE)
    study.replicates("units=4", moved(0.02))
    spec = study.stored.spec.model_copy(update={"planned": 6})
    ablation = make_ablation(replace(study.stored, spec=spec))
    (row,) = (row for row in ablation.blocks[0].rows if not row.is_baseline)
    assert (ablation.seeds, ablation.further) == (6, 2)
    assert row.comparisons["accuracy"].difference.n == 6
    assert row.comparisons["accuracy"].verdict == "better"
    assert (row.further.pooled.difference.n, row.further.pooled.verdict) == (8, "not yet")
    assert (row.further.alone.difference.n, row.further.alone.verdict) == (2, "too few seeds")


def test_single_differences_are_dots_and_the_median_stands_beside_the_mean(ask):
    study = ask(TWO.format(8))
    study.replicates("units=16", BASE)
    study.replicates("units=4", [*moved(0.02)[:7], BASE[7] + 0.2])
    (row,) = compared_rows(study)
    assert row["typical run"].startswith("+2."), "one run that is far off does not move it"
    assert row["accuracy (points)"].startswith("+4.")
    (forest,) = study.report().figures.forest
    assert len(forest.pairs) == 8
    assert max(forest.pairs) == pytest.approx(20)
    notes = " ".join(texts_of(section(study, "Differences to units=16")))
    assert "8 to 16 in 100 studies of equals claim something, not 5" in notes


def test_nothing_at_all_is_a_report_too(ask):
    study = ask(TUNE.format() + TWO.format(8))
    assert answer_of(study) == ["Nothing is known yet: the baseline has no complete replicate."]
    text = study.terminal(80)
    assert "trials: none yet; 4 of 4 are still to be trained: ablate run " in text
    assert "replicates: none yet; 16 of 16 are still to be trained: ablate run " in text
    assert study.report().figures.files == ()


def test_a_search_of_variants_alone_claims_nothing(ask):
    study = ask("[vary]\nunits = [4, 16]\n" + TUNE.format())
    for variant in ("units=4", "units=16"):
        study.trial(variant, 0.4)
    assert answer_of(study) == [
        "Nothing is known of differences between the variants: their searches select what they "
        "show. Add [replicate] with seeds to the study, and run it again."
    ]
    assert make_ablation(find_study(study.storage, "asked")) is None
    titles = ("Variants", "Differences to units=16", "Trade-off", "Search")
    assert [section(study, title) is not None for title in titles] == [False, False, False, True]


def test_a_selected_loss_is_called_selected_and_chooses(ask):
    study = ask("[vary]\nunits = [4, 16]\n[replicate]\nseeds = 8\n" + TUNE.format())
    study.trial("units=16", 0.5, 0.01)
    study.trial("units=16", 0.4321, 0.02)
    study.trial("units=4", 0.6, 0.03)
    study.trial("units=4", 0.7, 0.04)
    found = section(study, "Search")
    assert rows_of(found) == [
        {
            "variant": "units=16",
            "trials": "2",
            "chosen trial": "1",
            "selected validation loss": "0.4321",
            "expected best of 1": "0.4660",
            "learning_rate": "0.02",
        },
        {
            "variant": "units=4",
            "trials": "2",
            "chosen trial": "0",
            "selected validation loss": "0.6000",
            "expected best of 1": "0.6500",
            "learning_rate": "0.03",
        },
    ]
    assert texts_of(found)[-1].startswith(
        "The selected validation loss is the lowest of its search, and so optimistic; it ranks "
        "nothing."
    )
    # Nowhere else is that loss shown.
    for text in (study.terminal(), study.markdown()):
        assert text.count("0.4321") == 1


def test_a_choice_that_came_after_a_verdict_is_told(ask):
    study = ask("[vary]\nunits = [4, 16]\n[replicate]\nseeds = 8\n" + TUNE.format())
    for variant in ("units=16", "units=4"):
        study.trial(variant, 0.5, 0.01)
        study.replicates(variant, BASE, chosen_from=0)
    study.trial("units=4", 0.4, 0.02)
    assert texts_of(section(study, "Variants"))[-1] == (
        "units=4: 8 replicates of an earlier choice left out: a better configuration has been found since. So a "
        "verdict was made before: that it or the present one claims what is not so happens in more than 5 % of "
        "studies of equals"
    )


def test_seeds_beyond_the_last_look_are_told_once_there_are_any(ask):
    study = ask("[vary]\nunits = [4, 16]\n[replicate]\nseeds = 8\nlooks = [6]\n")
    study.replicates("units=16", BASE[:6])
    study.replicates("units=4", moved(0.02)[:6])
    title = "Differences to units=16"
    assert "planned" not in " ".join(answer_of(study))
    assert "verdict" in compared_rows(study)[0]
    assert not any("further" in text for text in texts_of(section(study, title)))
    for seed in (7, 8):
        study.replicate("units=16", seed, BASE[seed - 1])
        study.replicate("units=4", seed, BASE[seed - 1] + 0.02)
    assert "That is the verdict of the 6 planned seeds" in answer_of(study)[0]
    told = " ".join(texts_of(section(study, title)))
    assert "and stand. The study has 2 more, beyond its last look: with these no later test" in told


def test_further_seeds_of_the_same_searches_confirm_nothing(ask):
    study = ask("[vary]\nunits = [4, 16]\n[replicate]\nseeds = 12\nsearches = 6\n" + TUNE.format())
    study.spec = study.spec.model_copy(update={"planned": 6})
    study.stored = open_study(study.storage, study.spec, {"digits": "0"})
    for cell, search in study.stored.tuning.items():
        search.add_trial(create_trial(value=0.5, user_attrs={"outcome": "complete"}))
        seeds = [
            seed for seed in study.spec.seeds if study.spec.searched_cell(cell.whole, seed) == cell
        ]
        for seed in seeds:
            better = 0.02 if cell.variant == "units=4" else 0.0
            study.replicate(cell.variant, seed, BASE[seed % 8] + better, chosen_from=0)
    ablation = make_ablation(study.stored)
    (row,) = (row for row in ablation.blocks[0].rows if not row.is_baseline)
    assert (ablation.seeds, ablation.further, ablation.searches) == (6, 6, 6)
    assert row.comparisons["accuracy"].verdict == "better"
    assert (row.further.pooled.difference.n, row.further.alone) == (6, None)
    told = " ".join(texts_of(section(study, "Differences to units=16")))
    assert "the further ones by themselves confirm nothing" in told
    assert "a confirmation, whose own error" not in told


def test_replicates_of_an_overtaken_choice_are_left_out_and_said(ask):
    study = ask("[vary]\nunits = [4, 16]\n[replicate]\nseeds = 8\n" + TUNE.format())
    for variant in ("units=16", "units=4"):
        study.trial(variant, 0.5, 0.01)
        study.trial(variant, 0.4, 0.02)
    study.replicates("units=16", BASE, chosen_from=1)
    study.replicates("units=4", [0.1] * 3, chosen_from=0)
    assert answer_of(study) == ["There is no replicate yet to judge units=4 by."]
    assert texts_of(section(study, "Variants"))[-1] == (
        "units=4: 3 replicates of an earlier choice left out: a better configuration has been "
        "found since"
    )
    assert "replicates: 8 complete; 8 of 16 are still to be trained" in study.terminal()


def test_a_search_without_a_complete_trial_leaves_its_variant_missing(ask):
    study = ask("[vary]\nunits = [4, 16]\n[replicate]\nseeds = 2\n" + TUNE.format())
    for _ in range(2):
        study.trial("units=16", 0.4)
        study.trial("units=4", outcome="failed")
    study.replicates("units=16", BASE, chosen_from=0)
    assert answer_of(study) == ["units=4 could not be trained: no trial of its search is complete."]
    row = rows_of(section(study, "Search"))[1]
    assert (row["chosen trial"], row["selected validation loss"]) == ("-", "-")


def test_expected_best_counts_pruned_trials_with_what_they_reached(ask):
    study = ask("[vary]\nunits = [4, 16]\n[replicate]\nseeds = 2\n" + TUNE.format())
    study.trial("units=16", 0.4, curve=(0.6, 0.4))
    study.trial("units=16", outcome="pruned", curve=(0.8, 0.9))
    study.trial("units=4", 0.5, curve=(0.5,))
    study.trial("units=4", outcome="infeasible")
    rows = rows_of(section(study, "Search"))
    assert rows[0]["expected best of 1"] == "0.6000", "the mean of 0.4 and 0.8"
    assert rows[1]["expected best of 1"] == "-", "one of its trials had no loss"
    curves = {curve.name: curve.expected for curve in study.report().figures.searches}
    assert curves == {
        "units=16": (pytest.approx(0.6), pytest.approx(0.4)),
        "units=4": (None, 0.5),
    }


def test_expected_best_of_all_trials_is_the_selected_loss_also_of_last_weights(ask):
    tables = TWO.format(2) + TUNE.format() + '[training]\ncheckpoint = "last"\n'
    study = ask(tables)
    for variant in ("units=16", "units=4"):
        study.trial(variant, 0.4, curve=(0.3, 0.4))
        study.trial(variant, 0.5, curve=(0.2, 0.5))
    for found in study.report().searches:
        assert found.expected[-1] == found.loss == 0.4


@pytest.mark.parametrize(("seconds", "median"), [((0.1, 0.2), 0.15), ((0.1, 0.9, 0.2), 0.2)])
def test_the_latency_is_the_median_over_the_seeds(ask, seconds, median):
    study = ask(TWO.format(len(seconds)))
    for seed, one in zip(study.spec.seeds, seconds, strict=True):
        study.replicate("units=16", seed, 0.9, inference_seconds=one)
    row = next(row for row in study.report().ablation.blocks[0].rows if row.is_baseline)
    assert row.inference_seconds == pytest.approx(median)


def test_a_score_that_was_not_measured_is_left_out(ask):
    study = ask(TWO.format(2))
    for variant in ("units=16", "units=4"):
        study.replicates(variant, [0.9, 0.8], f1=None)
    rows = rows_of(section(study, "Variants"))
    assert [row["macro F1"] for row in rows] == ["-", "-"]
    assert [row["loss"][:6] for row in rows] == ["0.1500", "0.1500"]
    assert "macro F1 (points)" not in compared_rows(study)[0]
    assert compared_rows(study)[0]["loss"].startswith("0.0000")


def test_a_cost_that_is_new_to_the_table_has_a_column_where_it_was_measured(ask, monkeypatch):
    energy = Measure(
        "energy_wh",
        "energy",
        "number",
        ("training",),
        ("variants",),
        unit="Wh",
        digits=1,
        optional=True,
    )
    monkeypatch.setattr(measures, "MEASURES", (*measures.MEASURES, energy))
    monkeypatch.setattr(ablation, "EVERY", MeasureTable(measures.MEASURES))
    study = ask(TWO.format(2))
    study.replicates("units=16", [0.9, 0.8])
    study.replicates("units=4", [0.9, 0.8])
    assert "energy (Wh)" not in rows_of(section(study, "Variants"))[0]
    study = ask(TWO.format(2), name="again")
    study.replicates("units=16", [0.9, 0.8])
    study.replicate("units=4", 1, 0.9, energy_wh=1.5)
    study.replicate("units=4", 2, 0.8, energy_wh=2.5)
    assert [row["energy (Wh)"] for row in rows_of(section(study, "Variants"))] == ["", "2.0"]


def test_a_maximum_over_seeds_is_never_shown(ask):
    study = ask(TWO.format(8))
    extremes = {"units=16": (0.9876, 0.5432), "units=4": (0.9765, 0.4321)}
    for variant, (highest, lowest) in extremes.items():
        study.replicates(variant, [highest, lowest, 0.7, 0.71, 0.72, 0.73, 0.74, 0.75])
    for text in (study.terminal(), study.terminal(80), study.markdown()):
        for digits in ("9876", "5432", "9765", "4321", "98.8", "98.76", "97.65"):
            assert digits not in text
        assert "0.7351" in text, "the mean is"


HOSTILE = {
    "<script>alert(1)</script>": 4,
    "a|b": 8,
    "_under_": 5,
    "back\\slash": 6,
    "\"quotes\" and 'others'": 7,
    "größer ≥ 网络": 9,
    "[x](y) `z` *b* $c$": 10,
}


@pytest.fixture
def hostile(ask, project):
    space = project.folder / "space.toml"
    space.write_text(space.read_text().replace("[4, 8, 16]", "[4, 5, 6, 7, 8, 9, 10, 16]"))
    variants = "".join(f"{quoted(name)} = {{ units = {v} }}\n" for name, v in HOSTILE.items())
    tables = f"[replicate]\nseeds = 8\n[vary]\nbaseline = 'a|b'\n[vary.variants]\n{variants}"
    study = ask(tables, name="<b>|_s_\\ 'x' \"y\" é $a$ [l](u)")
    for index, name in enumerate(HOSTILE):
        study.replicates(name, moved(0.01 * index, NOISE))
    return study


def test_hostile_names_stay_text_in_markdown(hostile):
    text = hostile.markdown().partition("```")[0]
    assert "<" not in text.replace("&lt;", "")
    lines = text.splitlines()
    assert lines[0] == "# &lt;b&gt;\\|\\_s\\_\\\\ 'x' \"y\" é \\$a\\$ \\[l\\](u)"
    for name in (
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "a\\|b (baseline)",
        "\\_under\\_",
        "back\\\\slash",
        "\"quotes\" and 'others'",
        "größer ≥ 网络",
        "\\[x\\](y) \\`z\\` \\*b\\* \\$c\\$",
    ):
        assert sum(line.startswith(f"| {name} ") for line in lines) >= 1, name
    tables = [line for line in lines if line.startswith("|")]
    columns = {line.replace("\\|", "").count("|") for line in tables}
    assert columns == {5, 12}, "the cells of the three tables"


@pytest.mark.parametrize("width", [80, 200])
def test_hostile_names_stay_text_on_the_screen(hostile, width):
    text = hostile.terminal(width)
    assert text.splitlines()[0] == "<b>|_s_\\ 'x' \"y\" é $a$ [l](u)"
    for name in HOSTILE:
        assert f"\n{name} " in text


@pytest.mark.parametrize("width", [80, 200])
def test_a_report_fits_its_width(hostile, ask, width):
    from rich.cells import cell_len

    long = ask(
        '[vary]\ndesign = "factorial"\nunits = [4, 8, 16]\nepochs = [1, 2, 10]\n'
        'learning_rate_decay = ["none", "exponential"]\n[replicate]\nseeds = 9\n' + TUNE.format(),
        datasets=("digits", "line"),
    )
    for dataset in ("digits", "line"):
        for index, variant in enumerate(long.spec.variants):
            long.trial(variant.name, 0.3 + 0.01 * index, dataset=dataset)
            moves = [value - 0.01 * index for value in (*BASE, 0.98)]
            long.replicates(variant.name, moves, dataset=dataset, chosen_from=0)
    for study in (hostile, long):
        lines = study.terminal(width).splitlines()
        assert max(cell_len(line) for line in lines) <= width


def test_the_command_that_goes_on_names_the_file_that_was_run(ask):
    study = ask(TWO.format(8))
    (counts,) = [e for e in make_document(study.report()).lead if hasattr(e, "items")]
    assert counts.items[0].endswith(f"still to be trained: ablate run {study.spec.path}")


def test_seeds_that_are_no_longer_asked_for_are_told(ask):
    study = ask(TWO.format(4))
    for variant in ("units=16", "units=4"):
        study.replicates(variant, BASE)
        for seed in (5, 6):
            study.replicate(variant, seed, 0.5)
    (counts,) = [e for e in make_document(study.report()).lead if hasattr(e, "items")]
    assert counts.items == (
        "replicates: 8 complete",
        "left out: replicates of 2 further seeds (5, 6), trained and tested when the study asked for "
        "more",
    )


def test_artifacts_that_cannot_be_read_are_told(ask):
    study = ask(TWO.format(2))
    study.replicates("units=16", BASE)
    texts = texts_of(section(study, "Training runs"))
    assert texts[-2:] == [
        "The learning curves of 2 replicates cannot be read (deleted, cut or edited): left out above.",
        "The confusion matrix of 2 replicates cannot be read (deleted, cut or edited): left out above.",
    ]
