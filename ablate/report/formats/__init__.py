"""Report formats, one file each; `_base` says what a file must hold.

Other packages import from here what their formats write down.
"""

from ablate.document.elements import (
    Bars,
    Bullets,
    Code,
    Column,
    Document,
    Element,
    Figure,
    Paragraph,
    Section,
    Table,
)
from ablate.report.formats._base import Page, Rendered

__all__ = [
    "Bars",
    "Bullets",
    "Code",
    "Column",
    "Document",
    "Element",
    "Figure",
    "Page",
    "Paragraph",
    "Rendered",
    "Section",
    "Table",
]
