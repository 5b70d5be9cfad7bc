"""The LaTeX report, compiled."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from ablate.document.elements import (
    Bars,
    Bullets,
    Code,
    Column,
    Document,
    Paragraph,
    Section,
    Table,
)
from ablate.report.formats import latex
from ablate.report.formats._base import Page
from ablate.report.formats._tex import escape, escape_code

from .stored import HOSTILE

PACKAGES = "texlive-latex-recommended lmodern"
needs_pdflatex = pytest.mark.skipif(
    shutil.which("pdflatex") is None,
    reason=f"there is no pdflatex (Debian: apt-get install {PACKAGES})",
)
TROUBLE = ("Warning", "Missing", "Overfull", "Undefined", "\n!")


def compile_tex(folder):
    """Compiles report.tex as a user does; what its log complains of."""
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    result = subprocess.run(command, cwd=folder, capture_output=True, timeout=120)
    log = (folder / "report.log").read_text(errors="replace")
    assert result.returncode == 0, log[-2000:]
    return [line for line in log.splitlines() if any(word.strip() in line for word in TROUBLE)]


def text_of(folder):
    if shutil.which("pdftotext") is None:
        return None
    command = ["pdftotext", "-raw", "report.pdf", "-"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout


@needs_pdflatex
@pytest.mark.parametrize("study", ["compared", "factorial", "tuned"])
def test_hostile_texts_compile_without_a_warning(written, study, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(written[study], folder)
    assert compile_tex(folder) == []
    assert (folder / "report.pdf").stat().st_size > 10_000
    text = text_of(folder)
    if text is not None:
        assert "<script>alert(1)</script> & | _a_ \\cmd {x} $y$ 9%" in text


@needs_pdflatex
def test_every_element_and_every_letter_compiles(tmp_path):
    letters = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x250), *range(0x370, 0x400)]))
    columns = (Column("name", "name"), *(Column(f"a long heading {i}") for i in range(14)))
    wide = Table((*columns, Column("said", "text")), (("[x]", *["*"] * 14, "word " * 30),) * 2)
    long = Table(
        (Column("name", "name"), Column("n")), tuple((f"[{i}] {i:x}", str(i)) for i in range(120))
    )
    elements = (
        Paragraph(letters, "strong"),
        Paragraph("x" * 400, "note"),
        Bullets((letters, "*")),
        Bars((("a_b", 0.75), ("c", 0.0)), "hyperparameter"),
        wide,
        long,
        Code('[study]\n  name = "a--b"  # \\end{verbatim}\n\n' + "long " * 60, "toml"),
    )
    document = Document("_", (), (Section("#", elements),))
    text = latex.render(None, document, Page())["report.tex"]
    assert text.isascii()
    (tmp_path / "report.tex").write_text(text)
    assert compile_tex(tmp_path) == []
    found = text_of(tmp_path)
    if found is not None:
        assert 'name = "a--b" # \\end{verbatim}' in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50 % of a_b & #1", r"50 \% of a\_b \& \#1"),
        ("{x} \\y ~ ^", r"\{x\} \textbackslash{}y \textasciitilde{} \textasciicircum{}"),
        ("a  <b>\n|c|", r"a \textless{}b\textgreater{} \textbar{}c\textbar{}"),
        ("−22.55 ± 1 → 2", r"\ensuremath{-}22.55 \ensuremath{\pm} 1 \ensuremath{\rightarrow} 2"),
        ("Zürich", r"Z\"{u}rich"),
        ("ế", r"\'{\^{e}}"),
        ("Straße", r"Stra\ss{}e"),
        ("α Σ", r"\ensuremath{\alpha} \ensuremath{\Sigma}"),
        ("中", "{[}U+4E2D{]}"),
        ("a\x1bb\u200b", "ab"),
        ("x" * 21, r"\allowbreak{}".join("x" * 21)),
    ],
)
def test_texts_are_escaped(text, expected):
    assert escape(text) == expected


def test_all_that_is_escaped_is_ascii():
    everything = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x11000), 0x1F600]))
    assert escape(HOSTILE + everything).isascii()


def test_code_keeps_its_lines_and_spaces():
    assert escape_code("a\n  b c\n\n") == "\\mbox{}a\\\\\n\\mbox{}~~b\\ c"
