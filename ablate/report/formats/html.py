"""The report as one web page that needs nothing else: no network, no other file."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ablate.document.elements import Document, Element, Figure, Table
from ablate.report.formats._svg import inline

if TYPE_CHECKING:
    from ablate.report.formats._base import Page
    from ablate.report.report import Report

FIGURES = "svg"
FILE = "report.html"
BESIDE = Path(__file__).parent


@dataclass(frozen=True)
class Shown:
    """An element as the template shows it."""

    kind: str
    """The name of its class in small letters."""
    element: Element
    label: str
    """What its frame is called for those who do not see it: no two have the same name."""
    svg: Markup | None


def render(report: Report, document: Document, page: Page) -> dict[str, str]:
    """The whole report; every text is escaped, the figures are part of it."""
    environment = Environment(
        loader=FileSystemLoader(BESIDE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = (
        (BESIDE / f"report.{kind}").read_text(encoding="utf-8") for kind in ("css", "js")
    )
    shown = _shown(document, page)
    titles = [section.title for section in document.sections]
    text = environment.get_template("report.html.jinja").render(
        document=document,
        lead=[next(shown) for _ in document.lead],
        sections=[
            (anchor, section.title, [next(shown) for _ in section.elements])
            for anchor, section in zip(anchors(titles), document.sections, strict=True)
        ],
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
    )
    return {FILE: text + "\n"}


def anchors(titles: list[str]) -> list[str]:
    """An id for each section: the same in every report that has a section of that title."""
    found: list[str] = []
    for title in titles:
        plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "section"
        number = sum(re.sub(r"-\d+$", "", anchor) == plain for anchor in found)
        found.append(f"{plain}-{number + 1}" if number else plain)
    return found


def _shown(document: Document, page: Page) -> Iterator[Shown]:
    """All elements in their order."""
    titled = [(document.title, element) for element in document.lead]
    titled += [(s.title, element) for s in document.sections for element in s.elements]
    counts: dict[str, int] = {}
    for title, element in titled:
        kind = type(element).__name__.lower()
        counts[kind] = counts.get(kind, 0) + 1
        about = (element.caption if isinstance(element, Table) else "") or title
        svg = None
        if isinstance(element, Figure):
            content = (page.folder / element.file).read_text(encoding="utf-8")
            svg = Markup(inline(content, f"figure-{counts[kind]}", element.alternative))
        yield Shown(kind, element, f"{kind.capitalize()} {counts[kind]}: {about}", svg)


def _hash(text: str) -> str:
    """How a content security policy names a style or a script that it allows."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
