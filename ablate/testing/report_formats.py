"""Whether a report format writes down the whole report of a study in any state."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate import catalog
from ablate.report.formats import (
    Bars,
    Bullets,
    Code,
    Column,
    Document,
    Figure,
    Page,
    Paragraph,
    Section,
    Table,
)
from ablate.testing._subject import Subject

if TYPE_CHECKING:
    from ablate.report.report import Report

WIDTHS = (40, 200)
FIGURES = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9pt" height="9pt" viewBox="0 0 9 9"/>',
    "pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n",
}
"""An empty figure of each type."""
EVERYTHING = Document(
    title="documenttitle",
    lead=(Paragraph("leadparagraph"), Bullets(("leaditem",))),
    sections=(
        Section(
            "sectiontitle",
            (
                Paragraph("strongparagraph", "strong"),
                Table(
                    columns=(
                        *(Column("nameheading", "name"), Column("settingheading", "setting")),
                        *(Column("numberheading"), Column("textheading", "text")),
                    ),
                    rows=(
                        ("firstname", "firstsetting", "firstnumber", "firsttext"),
                        ("lastname", "lastsetting", "lastnumber", "lasttext"),
                    ),
                    caption="tablecaption",
                ),
                Bars((("firstshare", 0.75), ("lastshare", 0.25)), "shareheading"),
                Bullets(("firstitem", "lastitem")),
                Paragraph("noteparagraph", "note"),
                Code("codetext", "toml"),
                Figure("everything.svg", "figurealternative"),
            ),
        ),
        Section("keptheading", (Paragraph("keptparagraph"),), on_screen=False),
    ),
)
"""Every element that a document may hold; each text is one word that no report holds."""
TITLE = {"the document's title": ("documenttitle",)}
WORDS = {
    "the elements before the first section": ("leadparagraph", "leaditem"),
    "a section's title": ("sectiontitle",),
    "a paragraph": ("strongparagraph", "noteparagraph"),
    "a table's caption": ("tablecaption",),
    "a table's headings": ("nameheading", "settingheading", "numberheading", "textheading"),
    "a table's rows": (
        *("firstname", "firstsetting", "firstnumber", "firsttext"),
        *("lastname", "lastsetting", "lastnumber", "lasttext"),
    ),
    "bars": ("firstshare", "lastshare"),
    "bullets": ("firstitem", "lastitem"),
    "code": ("codetext",),
}
FIGURE = {"a figure's alternative text": ("figurealternative",)}
KEPT = {"a section that is not for the screen": ("keptheading", "keptparagraph")}


def check_report_format(name: str, reports: Mapping[str, Report] | None = None) -> None:
    """Checks that a format renders studies in every state, and leaves nothing out.

    A format that writes the document down must write all of it; one that writes numbers only,
    such as ``csv``, is free to choose them.

    Args:
        name: the name under which it is registered.
        reports: reports to render besides those that ablate makes up, each with words that say
            which study it is of.

    Raises:
        AssertionError: a promise is not kept; says which, and what to do.
    """
    from ablate.report.sections import make_document
    from ablate.testing._reports import COMPLETE, example_reports

    subject = Subject.load("report_formats", name)
    _check_module(subject)
    for state, report in {**example_reports(), **(reports or {})}.items():
        document = make_document(report)
        for width in WIDTHS:
            _check_texts(subject, state, _render(subject, state, report, document, width))
    complete = example_reports()[COMPLETE]
    _check_whole(
        subject, _render(subject, "a document with all elements", complete, EVERYTHING, max(WIDTHS))
    )
    _check_files(subject, name, complete, make_document(complete))


def _check_module(subject: Subject) -> None:
    module = subject.module
    hint = "say in it what the format is for"
    subject.expect(bool(module.__doc__), "its module must begin with a docstring", hint=hint)
    figures = getattr(module, "FIGURES", "missing")
    rule = 'must define FIGURES as None, "svg" or "pdf"'
    subject.expect(figures in (None, *FIGURES), rule, found=figures)
    has_render = callable(getattr(module, "render", None))
    hint = "ablate/report/formats/_base.py says what it returns"
    subject.expect(has_render, "must define a function render(report, document, page)", hint=hint)


def _render(
    subject: Subject, state: str, report: Report, document: Document, width: int
) -> str | Mapping[str, str]:
    """What a format makes of a report, in a folder that holds the figures that it asks for."""
    with tempfile.TemporaryDirectory(prefix="ablate-testing-") as name:
        folder = Path(name)
        kind = subject.module.FIGURES
        for file in (*report.figures.files, "everything.svg") if kind else ():
            (folder / file).with_suffix(f".{kind}").write_bytes(FIGURES[kind])
        before = set(folder.iterdir())
        try:
            rendered: Any = subject.module.render(report, document, Page(width, folder))
        except Exception as error:
            rule = f"render fails on {state}: {type(error).__name__}: {error}"
            raise subject.broken(rule) from error
        own = ", ".join(sorted(path.name for path in set(folder.iterdir()) - before))
        hint = "return the text: ablate writes it, whole or not at all"
        subject.expect(not own, "render must write no file itself", found=own, hint=hint)
    if not isinstance(rendered, str | Mapping):
        rule = "render must return a text that is printed, or texts by file name"
        raise subject.broken(rule, found=type(rendered).__name__)
    return rendered


def _check_texts(subject: Subject, state: str, rendered: str | Mapping[str, str]) -> None:
    texts = {"what is printed": rendered} if isinstance(rendered, str) else rendered
    subject.expect(bool(texts), f"render must return at least one file of {state}")
    for file, text in texts.items():
        rule = "a file must have a name without a folder"
        subject.expect(file != "" and Path(file).name == file, rule, found=file)
        is_text = isinstance(text, str) and text.endswith("\n")
        rule = f"{file} of {state} must be text that ends with a line break"
        found = text[-20:] if isinstance(text, str) else type(text).__name__
        subject.expect(is_text, rule, found=found)


def _check_whole(subject: Subject, rendered: str | Mapping[str, str]) -> None:
    """A format that writes down anything of the document writes down all of it."""
    texts = [rendered] if isinstance(rendered, str) else list(rendered.values())
    text = "\n".join(texts).casefold()
    wanted = WORDS | (FIGURE if subject.module.FIGURES else {})
    wanted |= {} if isinstance(rendered, str) else KEPT
    if not any(word in text for words in wanted.values() for word in words):
        return  # it writes numbers only
    missing = {
        what: [word for word in words if word not in text]
        for what, words in (TITLE | wanted).items()
    }
    lacking = [f"{what} ({', '.join(words)})" for what, words in missing.items() if words]
    hint = "write down every element that ablate.report.formats knows"
    subject.expect(not lacking, f"leaves out {'; '.join(lacking)}", hint=hint)


def _check_files(subject: Subject, name: str, report: Report, document: Document) -> None:
    """No other format writes a file of the same name."""
    own = _files(subject, report, document)
    for other in catalog.available("report_formats"):
        if other == name:
            continue
        rival = Subject.load("report_formats", other)
        both = ", ".join(sorted(own & _files(rival, report, document)))
        rule = f"writes a file that the format {other} writes too"
        subject.expect(not both, rule, found=both, hint="choose another name")


def _files(subject: Subject, report: Report, document: Document) -> set[str]:
    rendered = _render(subject, "a comparison", report, document, max(WIDTHS))
    return set() if isinstance(rendered, str) else set(rendered)
