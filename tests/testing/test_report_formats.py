from dataclasses import replace

import pytest

from ablate.report.formats import Bars, Bullets, Code, Figure, Paragraph, Table
from ablate.testing import check_report_format
from ablate.testing._reports import EXAMPLES, example_reports
from ablate.testing.report_formats import EVERYTHING, FIGURE, KEPT, TITLE, WORDS

RETURN = 'return {FILE: "\\n".join(lines) + "\\n"}'
WHOLE = "write down every element that ablate.report.formats knows"


def problem(reports=None):
    with pytest.raises(AssertionError) as caught:
        check_report_format("plain", reports)
    return str(caught.value)


def test_a_sound_format_passes(example):
    check_report_format("plain")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            '"""The report as plain text, without figures."""',
            "",
            "its module must begin with a docstring; say in it what the format is for",
            id="no docstring",
        ),
        pytest.param(
            "FIGURES = None",
            'FIGURES = "png"',
            'must define FIGURES as None, "svg" or "pdf", found "png"',
            id="figures of another type",
        ),
        pytest.param(
            "FIGURES = None",
            "",
            'must define FIGURES as None, "svg" or "pdf", found "missing"',
            id="no word of figures",
        ),
        pytest.param(
            "def render(",
            "def write(",
            "must define a function render(report, document, page); "
            "ablate/report/formats/_base.py says what it returns",
            id="no render",
        ),
        pytest.param(
            "return [element.caption, headings, *rows]",
            "return []",
            "leaves out a table's caption (tablecaption); a table's headings (nameheading, "
            "settingheading, numberheading, textheading); a table's rows (firstname, firstsetting, "
            f"firstnumber, firsttext, lastname, lastsetting, lastnumber, lasttext); {WHOLE}",
            id="a format that drops tables",
        ),
        pytest.param(
            "for row in element.rows]",
            "for row in element.rows[:1]]",
            f"leaves out a table's rows (lastname, lastsetting, lastnumber, lasttext); {WHOLE}",
            id="a format that drops all rows but one",
        ),
        pytest.param(
            "Paragraph() | Code()",
            "Paragraph()",
            "render fails on a search of which nothing is trained: TypeError: 'NoneType' object is "
            "not iterable",
            id="a format that does not know code",
        ),
        pytest.param(
            "lines = [document.title]",
            "lines = []",
            f"leaves out the document's title (documenttitle); {WHOLE}",
            id="a format without the title",
        ),
        pytest.param(
            '["", section.title]',
            '[""]',
            f"leaves out a section's title (sectiontitle); a section that is not for the screen "
            f"(keptheading); {WHOLE}",
            id="a format without titles",
        ),
        pytest.param(
            "for section in document.sections:",
            "for section in (s for s in document.sections if s.on_screen):",
            "leaves out a section that is not for the screen (keptheading, keptparagraph); "
            + WHOLE,
            id="a file without what is not for the screen",
        ),
        pytest.param(
            "FIGURES = None",
            'FIGURES = "svg"',
            f"leaves out a figure's alternative text (figurealternative); {WHOLE}",
            id="a format that asks for figures and does not show them",
        ),
        pytest.param(
            RETURN,
            "return {}",
            "render must return at least one file of a search of which nothing is trained",
            id="nothing",
        ),
        pytest.param(
            RETURN,
            "return lines",
            'render must return a text that is printed, or texts by file name, found "list"',
            id="a list",
        ),
        pytest.param(
            RETURN,
            'return {"out/report.txt": "\\n".join(lines) + "\\n"}',
            'a file must have a name without a folder, found "out/report.txt"',
            id="a folder",
        ),
        pytest.param(
            RETURN,
            'return {FILE: "the end"}',
            "report.txt of a search of which nothing is trained must be text that ends with a "
            'line break, found "the end"',
            id="no line break at the end",
        ),
        pytest.param(
            RETURN,
            'return {FILE: b"\\n"}',
            "report.txt of a search of which nothing is trained must be text that ends with a "
            'line break, found "bytes"',
            id="bytes",
        ),
        pytest.param(
            RETURN,
            'return "the end"',
            "what is printed of a search of which nothing is trained must be text that ends with a "
            'line break, found "the end"',
            id="no line break on the screen",
        ),
        pytest.param(
            RETURN,
            '(page.folder / FILE).write_text("\\n")\n    return {FILE: "\\n"}',
            'render must write no file itself, found "report.txt"; '
            "return the text: ablate writes it, whole or not at all",
            id="a file that it writes itself",
        ),
        pytest.param(
            "    lines = [document.title]",
            "    lines = [document.title, report.ablation.baseline]",
            "render fails on a search of which nothing is trained: AttributeError: 'NoneType' "
            "object has no attribute 'baseline'",
            id="a format for comparisons only",
        ),
        pytest.param(
            "    lines = [document.title]",
            '    lines = [(page.folder / "variants.svg").read_text(), document.title]',
            "render fails on a search of which nothing is trained: FileNotFoundError: ",
            id="a figure that it does not ask for",
        ),
        pytest.param(
            'FILE = "report.txt"',
            'FILE = "report.md"',
            'writes a file that the format markdown writes too, found "report.md"; '
            "choose another name",
            id="a file of another format",
        ),
    ],
)
def test_a_promise_that_is_not_kept_is_told(example, old, new, message):
    example.change("plain.py", old, new)
    told = problem()
    if message.endswith(": "):  # what follows names a temporary folder
        told = told[: len(message) + len("report format plain: ")]
    assert told == f"report format plain: {message}"


def test_what_is_printed_may_leave_out_what_is_not_for_the_screen(example):
    example.change("plain.py", RETURN, 'return "\\n".join(lines) + "\\n"')
    example.change(
        "plain.py",
        "for section in document.sections:",
        "for section in (s for s in document.sections if s.on_screen):",
    )
    check_report_format("plain")


def test_a_format_of_numbers_is_free_to_choose_them(example):
    numbers = 'return {FILE: f"{document.title}: {len(report.trials)}\\n"}'
    example.change("plain.py", RETURN, numbers)
    check_report_format("plain")


def test_further_reports_are_rendered_too(example):
    example.change("plain.py", "[document.title]", '[{"example": "mine"}[report.name]]')
    report = example_reports()["a comparison that is complete"]
    mine = replace(report, spec=report.spec.model_copy(update={"name": "mine"}))
    told = problem({"a study of mine": mine})
    assert told == "report format plain: render fails on a study of mine: KeyError: 'mine'"


def test_every_state_gives_another_report():
    reports = example_reports()
    assert list(reports) == list(EXAMPLES)
    outcomes = {state: tuple(report.trials["outcome"]) for state, report in reports.items()}
    searched = set(outcomes["a search with trials of every outcome"])
    assert searched == {"complete", "pruned", "infeasible", "failed", "running"}
    complete = reports["a comparison that is complete"]
    assert complete.published and complete.curves and complete.confusions and complete.cards
    assert reports["a search with trials of every outcome"].importance.shares
    assert "interactions.svg" in reports["a factorial design that is complete"].figures.files


def test_the_document_holds_every_element_and_every_word_is_looked_for():
    elements = [*EVERYTHING.lead, *(e for s in EVERYTHING.sections for e in s.elements)]
    assert {type(element) for element in elements} == {
        *(Bars, Bullets, Code, Figure, Paragraph, Table)
    }
    words = [
        word for found in (TITLE, WORDS, FIGURE, KEPT) for words in found.values() for word in words
    ]
    assert len(words) == len(set(words))
    assert not [(a, b) for a in words for b in words if a != b and a in b]
    assert all(word in repr(EVERYTHING) for word in words)
