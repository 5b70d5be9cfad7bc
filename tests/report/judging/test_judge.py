"""Runs that were trained elsewhere get the verdicts that a study gets from the same numbers."""

from __future__ import annotations

import csv
import dataclasses
import io
import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from scipy import stats

import ablate
from ablate.cli import cli
from ablate.errors import InputError
from ablate.report.formats import csv as csv_format
from ablate.report.formats import html, latex, markdown, terminal
from ablate.report.formats import json as json_format
from ablate.report.formats._base import Page
from ablate.report.judging.asked import Asked, Columns
from ablate.report.judging.judge import judge_table
from ablate.report.judging.table import read_table
from ablate.report.sections import JUDGED, make_document
from ablate.statistics import holm, welch
from ablate.store.results import results_table
from report.by_hand import ByHand

RNG = np.random.default_rng(8)
BASE = (0.90 + 0.01 * RNG.standard_normal(8)).tolist()
OTHERS = {
    "units=4": [
        value + 0.02 + 0.003 * noise
        for value, noise in zip(BASE, RNG.standard_normal(8), strict=True)
    ],
    "units=8": [
        value + 0.004 * noise for value, noise in zip(BASE, RNG.standard_normal(8), strict=True)
    ],
}
TABLES = "[vary]\nunits = [4, 8, 16]\n[replicate]\nseeds = 8\n"


@pytest.fixture
def study(tmp_path, project):
    (tmp_path / "space.toml").write_text((project.folder / "space.toml").read_text())
    (tmp_path / "models.py").write_text((project.folder / "models.py").read_text())
    return tmp_path


def made(folder, tables=TABLES):
    found = ByHand(folder, tables)
    for variant, values in {"units=16": BASE, **OTHERS}.items():
        found.replicates(variant, values)
    return found


def judged(table, **asked):
    columns = asked.pop("columns", {})
    whole = Asked(
        **{"baseline": "units=16", "metric": "accuracy", **asked, "columns": Columns(**columns)}
    )
    return judge_table(table, whole, "results.csv", "asked")


def sections(report, module):
    """The sections on variants and differences, as a format writes them, without the study's title."""
    document = make_document(report, JUDGED)
    written = module.render(report, dataclasses.replace(document, lead=()), Page())
    return written if isinstance(written, str) else next(iter(written.values()))


@pytest.mark.parametrize(
    ("tables", "asked"),
    [
        (TABLES, {}),
        (TABLES + "margin = 1.0\n", {"margin": 1.0}),
        (TABLES + "looks = [8]\n", {"looks": (8,)}),
    ],
)
@pytest.mark.parametrize("module", [terminal, markdown, html, latex])
def test_it_agrees_with_the_report_of_a_study_to_the_last_digit(project, tables, asked, module):
    own = made(project.folder, tables)
    report, told = judged(results_table(own.stored), **asked)
    bare = report.figures.model_copy(update={"forest": (), "variants": ()})
    report = dataclasses.replace(report, figures=bare)
    expected = dataclasses.replace(own.report(), figures=bare, is_judged=True)
    found, known = (sections(one, module) for one in (report, expected))
    assert "units=4" in found
    for text in ("0.016", "better") if not asked.get("looks") else ("better",):
        assert text in found
    # What the study's report says of its seeds and of its data is not known here.
    images = "The test set has 500 examples"
    assert [line for line in found.splitlines() if images not in line] == [
        line for line in known.splitlines() if images not in line
    ]
    assert told == ()


def test_its_numbers_are_those_of_the_studys_json(project):
    own = made(project.folder)
    report, _ = judged(results_table(own.stored))
    document = make_document(report, JUDGED)
    found = json.loads(json_format.render(report, document, Page())[json_format.FILE])
    known = json.loads(json_format.render(own.report(), document, Page())[json_format.FILE])
    assert found["ablation"]["metric"] == known["ablation"]["metric"]
    rows = {row["variant"]: row for row in found["ablation"]["blocks"][0]["rows"]}
    for row in known["ablation"]["blocks"][0]["rows"]:
        assert rows[row["variant"]]["comparisons"] == row["comparisons"]
        assert rows[row["variant"]]["scores"] == row["scores"]


def test_what_was_not_measured_is_not_made_up():
    table = wide(val_loss=[0.25, *[None] * 11]).drop(index=[7])
    report, _ = judged(table, baseline="base")
    document = make_document(report, JUDGED)
    found = json.loads(json_format.render(report, document, Page())[json_format.FILE])
    Draft202012Validator(json_format.json_schema()).validate(found)
    assert found["unreadable"] == {}
    measures = [run["measures"] for run in found["trials"]]
    assert measures[0] == {"val_loss": 0.25, "test_accuracy": 0.9}
    assert [one.keys() - {"test_accuracy"} for one in measures[1:]] == [set()] * 11
    rows = csv.DictReader(csv_format.render(report, document, Page())[csv_format.FILE].splitlines())
    assert [row["val_loss"] for row in rows] == ["0.25", *[""] * 11]


def long_table():
    rows = [
        {"model": variant, "run": seed, "what": "bleu", "is": 100 * value}
        for variant, values in {"a": BASE, "b": OTHERS["units=4"]}.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_long_tables_and_wide_ones_say_the_same():
    long = long_table()
    wide = long.pivot(index=["model", "run"], columns="what", values="is").reset_index()
    asked = {"baseline": "a", "metric": "bleu", "mode": "max"}
    columns = {"variant": "model", "seed": "run"}
    (one, _), (other, _) = (
        judged(long, **asked, columns={**columns, "name": "what", "value": "is"}),
        judged(wide, **asked, columns=columns),
    )
    assert one.ablation == other.ablation
    assert one.ablation.blocks[0].rows[1].comparisons["bleu"].verdict == "better"


def test_other_columns_of_a_long_table_may_be_empty_and_differ_in_a_run():
    long = long_table()
    more = long.assign(what="ter", note="rerun", parameters=1000)
    table = pd.concat([long.assign(note=None), more], ignore_index=True)
    columns = {"variant": "model", "seed": "run", "name": "what", "value": "is"}
    asked = {"baseline": "a", "metric": "bleu", "mode": "max", "columns": columns}
    (one, told), (other, _) = judged(table, **asked), judged(long, **asked)
    assert told == ()
    (base, row), (_, known) = (found.ablation.blocks[0].rows for found in (one, other))
    assert row.comparisons["bleu"] == known.comparisons["bleu"]
    assert base.parameters == 1000


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("model", "results.csv: line 2: the variant is missing; leave the line out"),
        ("run", "results.csv: line 2: the seed is missing; leave the line out"),
        ("is", "results.csv: line 2: bleu is missing, or no number; leave the line out"),
    ],
)
def test_empty_cells_of_a_long_table_are_told_with_their_row(column, expected):
    table = long_table().astype(object)
    table.loc[0, column] = None
    columns = {"variant": "model", "seed": "run", "name": "what", "value": "is"}
    with pytest.raises(InputError) as raised:
        judged(table.infer_objects(), baseline="a", metric="bleu", mode="max", columns=columns)
    assert [str(problem) for problem in raised.value.problems] == [expected]


def test_it_agrees_with_scipy():
    table = pd.DataFrame(
        {
            "variant": ["base"] * 8 + ["one"] * 8 + ["two"] * 8,
            "seed": [*range(8)] * 3,
            "accuracy": [*BASE, *OTHERS["units=4"], *OTHERS["units=8"]],
        }
    )
    found = ablate.judge(table, baseline="base").set_index("variant")
    tests = [
        stats.permutation_test(
            (np.array(values) - BASE,), np.mean, permutation_type="samples", n_resamples=np.inf
        ).pvalue
        for values in OTHERS.values()
    ]
    assert found["p"].tolist() == pytest.approx(holm(tests))
    interval = stats.ttest_rel(OTHERS["units=4"], BASE).confidence_interval()
    assert (found["low"]["one"], found["high"]["one"]) == pytest.approx(tuple(interval))
    unpaired = ablate.judge(table, baseline="base", seed=None).set_index("variant")
    results = [stats.ttest_ind(v, BASE, equal_var=False) for v in OTHERS.values()]
    assert unpaired["p"].tolist() == pytest.approx(holm([one.pvalue for one in results]))
    interval = results[0].confidence_interval()
    assert (unpaired["low"]["one"], unpaired["high"]["one"]) == pytest.approx(tuple(interval))


def test_welch_of_runs_that_do_not_spread():
    assert welch([1.0, 1.0], [1.0, 1.0]).p == 1.0
    assert welch([2.0, 2.0], [1.0, 1.0]).p == 0.25
    assert welch([2.0], [1.0, 1.1]).sd is None


def wide(**changes):
    table = {
        "variant": ["base"] * 6 + ["other"] * 6,
        "seed": [1, 2, 3, 4, 5, 6] * 2,
        "accuracy": [0.9, 0.91, 0.92, 0.9, 0.91, 0.92, 0.95, 0.96, 0.97, 0.95, 0.96, 0.97],
    }
    return pd.DataFrame(table | changes)


def test_the_metric_is_the_column_of_its_name_and_no_other():
    table = wide(test_accuracy=[0.5] * 12)
    assert ablate.judge(table, baseline="base")["difference"].tolist() == [pytest.approx(0.05)]


def test_seeds_that_only_some_have_are_told_and_left_out():
    table = wide().drop(index=[7])
    report, told = judged(table, baseline="base")
    assert told == ("not in the table: other seed 2",)
    assert report.ablation.blocks[0].rows[1].comparisons["accuracy"].difference.n == 5
    assert report.ablation.blocks[0].rows[1].missing == {2: "there is no such run in the table"}


def test_nothing_is_judged_before_what_was_planned_is_there():
    found = ablate.judge(wide(), baseline="base", planned=8)
    assert found["verdict"].tolist() == ["not yet"]
    assert found["p"].isna().all()


def test_what_came_after_the_plan_confirms():
    report, _ = judged(wide(), baseline="base", planned=4)
    row = report.ablation.blocks[0].rows[1]
    assert (report.ablation.seeds, report.ablation.further) == (4, 2)
    assert row.further.alone.difference.n == 2


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"planned": 20},
        {"looks": (6,), "planned": 8},
        {"planned": 4},
        {"folds": 6},
        {"columns": {"seed": None}},
    ],
    ids=str,
)
def test_nothing_is_said_that_only_a_study_knows(asked):
    report, _ = judged(wide(test_images=[100] * 12), baseline="base", **asked)
    told = " ".join(terminal.render(report, make_document(report, JUDGED), Page()).split())
    for claim in ("ablate run", "trained: ", "[replicate]", "draw the split", "same rows", "image"):
        assert claim not in told


def test_seeds_that_are_still_to_come_are_counted_and_no_verdict_is_told_of_them():
    report, _ = judged(wide(), baseline="base", looks=(6,), planned=8)
    told = terminal.render(report, make_document(report, JUDGED), Page())
    assert "replicates: 12 complete; 4 of 16 are not in the table yet\n" in told
    assert "further" not in told
    assert report.ablation.further == 0


def test_folds_get_the_corrected_test():
    report, _ = judged(wide(), baseline="base", folds=6)
    assert report.ablation.noun == "fold"
    folds = stats.t.sf  # the p of a corrected test is larger than that of the plain one
    difference = report.ablation.blocks[0].rows[1].comparisons["accuracy"].difference
    plain = 2 * folds(difference.mean / (difference.sd / 6**0.5), 5) if difference.sd else 0
    assert difference.p >= plain


@pytest.mark.parametrize("size", [1e99, 1e-150])
@pytest.mark.parametrize(
    "asked",
    [{}, {"seed": None}, {"margin": 1e98}, {"looks": (6,)}, {"folds": 6}, {"planned": 3}],
    ids=str,
)
@pytest.mark.filterwarnings("error")
def test_numbers_of_any_size_are_judged(size, asked):
    table = wide(bleu=[size * one for one in wide()["accuracy"]], training_seconds=[size] * 12)
    expected = ablate.judge(wide(), baseline="base", **{**asked, "margin": None})
    found = ablate.judge(table, baseline="base", metric="bleu", mode="max", **asked)
    assert found["difference"].tolist() == [pytest.approx(0.05 * size)]
    if "margin" not in asked:
        assert found["verdict"].tolist() == expected["verdict"].tolist()


def test_rows_of_a_search_are_left_out_and_told():
    table = wide(phase=["replicate"] * 12)
    table = pd.concat([table, pd.DataFrame({"phase": ["tune"], "variant": ["base"]})])
    _, told = judged(table, baseline="base")
    assert told == ("1 rows of a search are left out: only replicates are judged",)


SEARCHED = """[vary]
units = [4, 16]
[tune]
trials = 2
learning_rate = {low = 0.0001, high = 0.1, log = true}
[replicate]
seeds = 8
"""


def test_it_reads_what_ablate_wrote_of_a_study_that_went_astray(project, tmp_path):
    own = ByHand(project.folder, SEARCHED)
    for variant in ("units=16", "units=4"):
        own.trial(variant, 0.5)
    own.replicate("units=4", 1, 0.1, chosen_from=0)
    own.trial("units=16", 0.6)
    own.trial("units=4", 0.4)
    own.replicate("units=16", 1, outcome="failed", chosen_from=0, reason="out of memory")
    own.replicate("units=4", 2, outcome="running", chosen_from=1)
    own.replicates("units=16", BASE, chosen_from=0)
    own.replicates("units=4", OTHERS["units=4"], chosen_from=1)
    report = own.report()
    (text,) = csv_format.render(report, make_document(report), Page()).values()
    (tmp_path / "trials.csv").write_text(text)
    found, told = judged(read_table(str(tmp_path / "trials.csv")))
    assert told == (
        "4 rows of a search are left out: only replicates are judged",
        "left out: 2 replicates, not complete",
        "left out: 1 replicate, of an earlier choice",
    )
    rows, expected = (one.ablation.blocks[0].rows for one in (found, report))
    assert [row.comparisons for row in rows] == [row.comparisons for row in expected]
    assert found.ablation.blocks[0].rows[1].comparisons["accuracy"].verdict == "better"


def test_cells_that_are_missing_are_no_numbers_whatever_pandas_keeps_them_as():
    table = wide(f1=[None, *[0.9] * 11]).astype({"seed": object})
    for kept in (table, table.convert_dtypes()):
        assert ablate.judge(kept, baseline="base")["pairs"].tolist() == [6]
        kept.loc[2, ["variant", "seed", "accuracy"]] = None
        with pytest.raises(InputError) as raised:
            judged(kept, baseline="base")
        assert [str(problem) for problem in raised.value.problems] == [
            "results.csv: line 4: the variant is missing; leave the line out",
            "results.csv: line 4: the seed is missing; leave the line out",
            "results.csv: line 4: accuracy is missing, or no number; leave the line out",
        ]


@pytest.mark.parametrize(
    ("table", "asked", "expected"),
    [
        (
            wide(accuracy=[0.9, None, *[0.9] * 10]),
            {},
            ["results.csv: line 3: accuracy is missing, or no number; leave the line out"],
        ),
        (
            wide(seed=[1, 1, 3, 4, 5, 6] * 2),
            {},
            [
                "results.csv: line 3: base, seed 1, stands in line 2 already; keep one of the two",
                "results.csv: line 9: other, seed 1, stands in line 8 already; keep one of the two",
            ],
        ),
        (
            wide(),
            {"baseline": "bas"},
            [
                'results.csv: --baseline: there is no such variant, found "bas"; did you mean "base"?',
                'results.csv: --baseline: the data set results has no run of the baseline, found "bas"',
            ],
        ),
        (
            wide(),
            {"metric": "accurary"},
            ['results.csv: --metric: there is no column accurary; did you mean "accuracy"?'],
        ),
        (
            wide(**{"accuracy ": [0.5] * 12}),
            {},
            ["results.csv: two columns are called accuracy; rename one of them"],
        ),
        (
            wide(bleu=[1.0] * 12),
            {"metric": "bleu"},
            ["results.csv: --mode: is needed: whether more of bleu is better (max), or less (min)"],
        ),
        (
            wide(),
            {"mode": "min"},
            ['results.csv: --mode: accuracy is better the higher it is, found "min"; leave it out'],
        ),
        (
            wide(accuracy=["high"] * 12),
            {},
            ['results.csv: --metric: the column accuracy must hold numbers, found "high"'],
        ),
        (
            wide().rename(columns={"seed": "sead"}),
            {},
            [
                'results.csv: --seed-column: there is no column seed; did you mean "sead"?; runs that are '
                "not paired are judged with --unpaired"
            ],
        ),
        (
            wide(accuracy=[0.9, float("inf"), *[0.9] * 10]),
            {},
            ["results.csv: line 3: accuracy is missing, or no number; leave the line out"],
        ),
        (
            wide(variant=["base", None, *["base"] * 4, *["other"] * 6]),
            {},
            ["results.csv: line 3: the variant is missing; leave the line out"],
        ),
        (
            wide(seed=[1, None, 3, 4, 5, 6, *range(1, 7)]),
            {},
            ["results.csv: line 3: the seed is missing; leave the line out"],
        ),
        (
            wide(),
            {"looks": (4, 6)},
            [
                "results.csv: --looks: a look after 4 seeds can decide nothing, of 1 comparison, found "
                "[4, 6]; the first that can is after 6 or more"
            ],
        ),
        (
            wide(),
            {"looks": True},
            [
                "results.csv: --looks: the first look at 1 comparison takes 6 seeds, and more must follow, "
                "found 6; set --planned to 8 or more"
            ],
        ),
        (
            wide(),
            {"planned": 1001},
            ["results.csv: seeds: must be at most 1000, found 1001"],
        ),
        (
            wide(),
            {"folds": 4},
            [
                "results.csv: --folds: there are 6 folds in the table, which is no multiple of it, found 4"
            ],
        ),
        (
            wide(variant=["base"] * 12, seed=[*range(12)]),
            {},
            ["results.csv: there is nothing to compare with base"],
        ),
        (
            wide(accuracy=[90.375, *[91.0] * 11]),
            {},
            [
                "results.csv: line 2: accuracy must lie between 0 and 1, found 90.375; divide "
                "percentages by 100"
            ],
        ),
        (
            wide(f1=[0.9, 0.9, -0.1, *[0.9] * 9], test_recall=[90] * 12),
            {"metric": "recall"},
            [
                "results.csv: line 4: f1 must lie between 0 and 1, found -0.1",
                "results.csv: line 2: recall must lie between 0 and 1, found 90.0; divide percentages by "
                "100",
            ],
        ),
        (
            wide(accuracy=[*[0.9] * 11, 91.5]).drop(columns="seed"),
            {"columns": {"seed": None}},
            [
                "results.csv: line 13: accuracy must lie between 0 and 1, found 91.5; divide "
                "percentages by 100"
            ],
        ),
        (
            wide(parameters=[1000, 11.5, *[2000] * 10]),
            {},
            [
                "results.csv: line 3: parameters must be a whole number, found 11.5; count one by one, "
                "or call the column otherwise"
            ],
        ),
        (
            wide(bleu=[30.0, -1e308, *[31.0] * 10], flops=[1e101] * 12),
            {"metric": "bleu", "mode": "max"},
            [
                "results.csv: line 3: bleu must lie between -1e+100 and 1e+100, found -1e+308; leave the "
                "line out",
                "results.csv: line 2: flops must lie between -1e+100 and 1e+100, found 1e+101; leave the "
                "line out",
            ],
        ),
    ],
)
def test_what_cannot_be_judged_is_told_with_its_row(table, asked, expected):
    with pytest.raises(InputError) as raised:
        judged(table, **{"baseline": "base", **asked})
    assert [str(problem) for problem in raised.value.problems] == expected


@pytest.mark.parametrize(
    "column",
    ["environment", "tuned", "owner", "workers", "moving_averages", "outcome", "reason", "units"],
)
def test_columns_that_are_no_measures_are_left_alone(column):
    report, told = judged(wide(**{column: [3] * 12}), baseline="base")
    assert (report.ablation, told) == (judged(wide(), baseline="base")[0].ablation, ())
    assert make_document(report, JUDGED)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("training_seconds", 0),
        ("training_seconds", -1.0),
        ("inference_seconds", 0),
        ("test_images", 0),
        ("test_images", -5),
    ],
)
def test_times_and_numbers_of_images_that_were_not_measured_count_as_missing(column, value):
    report, _ = judged(wide(**{column: [value] * 12}), baseline="base")
    assert report.ablation == judged(wide(), baseline="base")[0].ablation


def test_a_measure_of_ones_own_may_be_in_percent():
    table = wide(bleu=wide()["accuracy"] * 100)
    report, _ = judged(table, baseline="base", metric="bleu", mode="max")
    difference = report.ablation.blocks[0].rows[1].comparisons["bleu"].difference
    assert difference.mean == pytest.approx(5)


@pytest.mark.parametrize("names", [("base", "None"), ("NA", "null"), ("0.5", "None")])
def test_variants_may_be_called_as_what_is_missing_is_elsewhere(names):
    base, other = names
    text = wide(variant=[base] * 6 + [other] * 6, dataset=["nan"] * 12).to_csv(index=False)
    table = read_table("-", io.StringIO(text), Columns())
    found, _ = judged(table, baseline=base)
    (block,) = found.ablation.blocks
    assert (block.dataset, [row.variant for row in block.rows]) == ("nan", [base, other])


def test_empty_cells_and_marks_among_numbers_are_missing():
    text = wide().to_csv(index=False).replace("base,2,0.91", ",NA,n/a")
    with pytest.raises(InputError) as raised:
        judged(read_table("-", io.StringIO(text), Columns()), baseline="base")
    assert [str(problem) for problem in raised.value.problems] == [
        "results.csv: line 3: the variant is missing; leave the line out",
        "results.csv: line 3: the seed is missing; leave the line out",
        "results.csv: line 3: accuracy is missing, or no number; leave the line out",
    ]
    text = "variant,seed,accuracy\nbase,1,n/a\nother,1,n/a\n"
    with pytest.raises(InputError, match='the column accuracy must hold numbers, found "n/a"'):
        judged(read_table("-", io.StringIO(text), Columns()), baseline="base")


def test_a_file_that_is_no_table_is_told(tmp_path):
    with pytest.raises(InputError, match=r"is a folder; name a CSV file, or - $"):
        read_table(str(tmp_path))
    with pytest.raises(InputError, match="there is no such file"):
        read_table("nowhere.csv")
    with pytest.raises(InputError, match="is no CSV table"):
        read_table("-", io.StringIO(""))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "variant,seed,accuracy, accuracy\na,1,0.5,0.9\nb,1,0.6,0.1\n",
            ["results.csv: two columns are called accuracy; rename one of them"],
        ),
        (
            "variant,seed,accuracy\na,1,0.5,9\n\nb,1\nb,2,0.6\n",
            [
                "results.csv: line 2: has 4 cells, the header 3; a text that holds a comma needs quotes",
                "results.csv: line 4: has 2 cells, the header 3; a text that holds a comma needs quotes",
            ],
        ),
        (
            "variant;seed;accuracy\na;1;0,5\nb;1;0,6\n",
            [
                "results.csv: its cells are separated by semicolons; separate them by commas, and write "
                "decimals with a point"
            ],
        ),
    ],
)
def test_lines_that_do_not_fit_the_header_are_told(tmp_path, text, expected, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results.csv").write_text(text, encoding="utf-8-sig")
    for stream in (None, io.StringIO(text)):
        with pytest.raises(InputError) as raised:
            read_table("results.csv", stream)
        assert [str(problem) for problem in raised.value.problems] == expected


def test_columns_without_a_name_and_empty_lines_are_passed_over():
    text = wide().to_csv().replace("\n3,", "\n\n  \n3,")
    assert len(read_table("-", io.StringIO(text))) == 12


def test_the_command_reads_standard_input_and_prints_json():
    runner = CliRunner()
    text = wide().to_csv(index=False)
    found = runner.invoke(cli, ["judge", "-", "--baseline", "base"], input=text)
    assert found.exit_code == 0, found.output
    assert "other is better than base" in found.stdout
    found = runner.invoke(cli, ["judge", "-", "--baseline", "base", "--json"], input=text)
    assert json.loads(found.stdout)["ablation"]["baseline"] == "base"
    found = runner.invoke(cli, ["judge", "-", "--baseline", "base", "--unpaired"], input=text)
    assert "Runs are not paired" in found.stdout
    assert "compared by Welch's t test" in found.stderr
    assert "runs  " in found.stdout and "seeds  " not in found.stdout
    assert "without a column" not in found.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ["--looks", "six"],
            'ablate judge: --looks: must be yes, or numbers of seeds separated by commas, found "six"',
        ),
        (
            ["--unpaired", "--planned", "8"],
            "ablate judge: --planned: needs runs that are paired by seed; leave --unpaired out",
        ),
        (
            ["--json", "--format", "html"],
            "ablate judge: --json: prints JSON and nothing else; leave it out, or ask for --format json",
        ),
        (["--margin", "-1"], "ablate judge: margin: must be above 0.0, found -1.0"),
    ],
)
def test_options_that_do_not_fit_are_told(options, told):
    found = CliRunner().invoke(
        cli, ["judge", "-", "--baseline", "base", *options], input="variant\n"
    )
    assert isinstance(found.exception, InputError)
    assert str(found.exception) == told


def test_the_help_shows_its_examples_line_by_line():
    told = CliRunner().invoke(cli, ["judge", "--help"]).stdout
    assert "\\b" not in told
    assert "\n  ablate judge results.csv --baseline resnet18\n  ablate judge runs.csv" in told
