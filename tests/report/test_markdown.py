"""Texts of a user's stay texts in Markdown, as what reads it sees them."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from ablate.document.elements import Bullets, Column, Document, Paragraph, Section, Table
from ablate.report.formats import markdown
from ablate.report.formats._base import Page

TEXTS = [
    *("- a list?", "+ 1 layer is better", "* a", "-", "+"),
    *("1. which network?", "20) why?", "1.", "1.5 is not a list", "-1 to 1"),
    *("---", "- - -", "===", "___", "***", "--- as it was"),
    *("# no heading", "> no quote", "```", "~~~ sh", "<b>bold</b>", "[a](b)", "[a]: b", "| a |"),
]


def read(*elements):
    """The tokens of a document's only section, below its heading."""
    document = Document("asked", (), (Section("Texts", elements),))
    (text,) = markdown.render(None, document, Page()).values()
    return MarkdownIt("commonmark").enable("table").parse(text)[6:]


def kinds_and_texts(tokens):
    texts = ["".join(child.content for child in t.children) for t in tokens if t.type == "inline"]
    return [t.type for t in tokens if t.type.endswith("_open") or t.type in ("hr", "fence")], texts


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_a_paragraph_however_it_begins(text):
    assert kinds_and_texts(read(Paragraph(text))) == (["paragraph_open"], [text])


@pytest.mark.parametrize("text", TEXTS)
def test_an_item_of_a_list_holds_no_other(text):
    found = kinds_and_texts(read(Bullets((text,))))
    assert found == (["bullet_list_open", "list_item_open", "paragraph_open"], [text])


@pytest.mark.parametrize("text", TEXTS)
def test_a_caption_is_a_paragraph_above_its_table(text):
    kinds, texts = kinds_and_texts(read(Table((Column("a"),), (("1",),), caption=text)))
    assert (kinds[:2], texts[0]) == (["paragraph_open", "table_open"], text)
