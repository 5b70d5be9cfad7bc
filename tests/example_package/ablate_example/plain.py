"""The report as plain text, without figures."""

from ablate.report.formats import Bars, Bullets, Code, Figure, Paragraph, Table

FIGURES = None
FILE = "report.txt"


def render(report, document, page):
    """The whole report."""
    lines = [document.title]
    for element in document.lead:
        lines += text(element)
    for section in document.sections:
        lines += ["", section.title]
        for element in section.elements:
            lines += text(element)
    return {FILE: "\n".join(lines) + "\n"}


def text(element):
    """The lines of an element."""
    match element:
        case Paragraph() | Code():
            return [element.text]
        case Bullets():
            return [f"- {item}" for item in element.items]
        case Table():
            headings = " | ".join(column.heading for column in element.columns)
            rows = [" | ".join(row) for row in element.rows]
            return [element.caption, headings, *rows]
        case Bars():
            return [f"{name}: {share:.1%}" for name, share in element.shares]
        case Figure():
            return []  # its numbers stand in the tables
