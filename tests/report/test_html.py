"""The HTML report, opened in a real browser."""

from __future__ import annotations

import re
import shutil
from importlib.resources import files

import pytest

from ablate.document.elements import Column, Document, Figure, Paragraph, Section, Table
from ablate.report.formats import html
from ablate.report.formats._base import Page
from ablate.report.formats._svg import inline

from .stored import HOSTILE, SECOND

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no chromium (Debian: apt-get install chromium)"
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
STUDIES = ("compared", "factorial", "tuned")
ROWS = (
    ("0.7985 ± 0.0275", "−22.55 [−29.08, −16.01]", "60,648", "x 0.15", "<0.001", "two"),
    ("0.0985 ± 0.9", "+6.80 [+3.14, +10.46]", "408,736", "x 2", "0.016", "ten"),
    ("-", "-", "-", "-", "-", ""),
    ("1.2000", "−0.31", "900", "x 10", "0.001", "one"),
)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def opened(browser):
    """Opens a page and, at the end, makes sure that it was silent and loaded nothing."""
    requests, messages, contexts = [], [], []

    def open_page(path, *, width=1200, scheme="light"):
        viewport = {"width": width, "height": 800}
        context = browser.new_context(viewport=viewport, color_scheme=scheme, bypass_csp=False)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("dialog", lambda dialog: messages.append(dialog.message))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not messages
    assert [url for url in requests if not url.endswith("/report.html")] == []


def write(folder, *sections):
    document = Document("A title", (Paragraph("The answer.", "strong"),), sections)
    (folder / "report.html").write_text(
        html.render(None, document, Page(folder=folder))["report.html"]
    )
    return folder / "report.html"


def column_of(page, index):
    cells = page.locator(f"table tbody tr > *:nth-child({index + 1})")
    return [cell.strip() for cell in cells.all_text_contents()]


@needs_chromium
@pytest.mark.parametrize("study", STUDIES)
def test_a_page_stays_inside_a_phone_and_a_screen(written, opened, study):
    for width in (360, 1200):
        page = opened(written[study] / "report.html", width=width)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.emulate_media(media="print")
        assert page.locator("nav").is_hidden()
        page.emulate_media(media="screen")


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("study", STUDIES)
def test_nothing_bars_anyone(written, opened, study, scheme):
    page = opened(written[study] / "report.html", scheme=scheme)
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    found = page.evaluate("axe.run(document)")
    told = [f"{one['id']}: {one['help']}: {one['nodes'][0]['html']}" for one in found["violations"]]
    assert not told
    assert len(found["passes"]) > 20


@needs_chromium
@pytest.mark.parametrize("study", STUDIES)
def test_texts_of_users_are_shown_and_do_nothing(written, opened, study):
    page = opened(written[study] / "report.html")
    assert page.locator("h1").text_content() == HOSTILE
    assert page.title() == f"{HOSTILE} – ablate"
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, i, b").count() == 0
    assert SECOND in page.locator("main").text_content()


@needs_chromium
def test_every_figure_is_drawn_and_named(written, opened):
    for study in STUDIES:
        page = opened(written[study] / "report.html")
        figures = page.locator("figure svg")
        assert figures.count() == len(list(written[study].glob("*.svg"))) > 0
        for figure in figures.all():
            assert figure.get_attribute("role") == "img"
            label = figure.get_attribute("aria-labelledby")
            assert page.locator(f"#{label}").text_content()
            assert figure.bounding_box()["width"] > 200
        ids = page.evaluate("Array.from(document.querySelectorAll('[id]'), (found) => found.id)")
        assert len(set(ids)) == len(ids)
        uses = page.evaluate(
            "Array.from(document.querySelectorAll('use'), (use) => use.getAttribute('href'))"
        )
        assert uses and {use[1:] for use in uses} <= set(ids)


@needs_chromium
def test_contents_lead_to_their_sections(written, opened):
    page = opened(written["compared"] / "report.html", width=360)
    links = page.locator("nav a")
    assert links.count() == page.locator("h2").count() + 1
    for link in links.all():
        link.click()
        target = page.locator(page.evaluate("location.hash"))
        assert target.count() == 1
        page.wait_for_function(
            "(top) => Math.abs(top.getBoundingClientRect().top) < 790", arg=target.element_handle()
        )


@needs_chromium
def test_tables_are_sorted_by_click_and_by_keyboard(tmp_path, opened):
    columns = tuple(map(Column, ("score", "difference", "count", "ratio", "p")))
    table = Table((*columns, Column("text", "text")), ROWS)
    page = opened(write(tmp_path, Section("Numbers", (table,))))
    buttons = page.get_by_role("columnheader").get_by_role("button")
    expected = {
        0: ("0.0985 ± 0.9", "0.7985 ± 0.0275", "1.2000", "-"),
        1: ("−22.55 [−29.08, −16.01]", "−0.31", "+6.80 [+3.14, +10.46]", "-"),
        2: ("900", "60,648", "408,736", "-"),
        3: ("x 0.15", "x 2", "x 10", "-"),
        4: ("<0.001", "0.001", "0.016", "-"),
        5: ("one", "ten", "two", ""),
    }
    for index, values in expected.items():
        rising, falling = list(values), [*values[2::-1], values[3]]
        buttons.nth(index).click()
        assert column_of(page, index) == rising
        headings = page.locator("th[scope=col]")
        states = [heading.get_attribute("aria-sort") for heading in headings.all()]
        assert states == [*[None] * index, "ascending", *[None] * (5 - index)]
        buttons.nth(index).press("Enter")
        assert column_of(page, index) == falling
        assert headings.nth(index).get_attribute("aria-sort") == "descending"
        buttons.nth(index).press("Space")
        assert column_of(page, index) == rising
    buttons.nth(0).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert column_of(page, 1) == list(expected[1])
    assert page.evaluate("document.activeElement.textContent") == "difference"


@needs_chromium
def test_names_with_numbers_are_sorted_as_people_count(tmp_path, opened):
    names = ("filters=16", "filters=8", "<b> & co", "filters=128")
    table = Table((Column("variant", "name"), Column("seeds")), tuple((n, "3") for n in names))
    page = opened(write(tmp_path, Section("Names", (table,))))
    page.get_by_role("button", name="variant").click()
    assert column_of(page, 0) == ["<b> & co", "filters=8", "filters=16", "filters=128"]


def test_the_page_allows_only_its_own_style_and_script(written):
    text = (written["tuned"] / "report.html").read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert re.fullmatch(
        r"default-src 'none'; img-src data:; style-src '[^']+'; script-src '[^']+'; "
        r"base-uri 'none'; form-action 'none'",
        policy.replace("&#39;", "'"),
    )
    assert "unsafe" not in policy
    assert not re.search(r"\sstyle=|\son\w+=\"|(src|href)=\"(?!#|data:)", text)
    assert "{{" not in text and "{%" not in text


def test_sections_have_stable_different_ids():
    assert html.anchors(["Variants", "Differences to <b>", "Variants", "中", "Variants!"]) == [
        "variants",
        "differences-to-b",
        "variants-2",
        "section",
        "variants-3",
    ]


def test_figures_lose_styles_scripts_and_shared_names(tmp_path):
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        "<metadata>m</metadata><style>*{}</style><script>s</script>"
        '<g id="a" style="fill: red; clip-path: url(#c)" onclick="x"/>'
        '<use xlink:href="#a"/><image xlink:href="data:image/png;base64,AA"/></svg>'
    )
    (tmp_path / "one.svg").write_text(svg)
    found = inline(svg, "f1", 'A <b> & "c" \x1b')
    assert found == (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="f1-title" '
        'focusable="false"><title id="f1-title">A &lt;b&gt; &amp; "c" </title>'
        '<g id="f1-a" fill="red" clip-path="url(#f1-c)" /><use href="#f1-a" />'
        '<image href="data:image/png;base64,AA" /></svg>'
    )
    page = write(tmp_path, Section("Two", (Figure("one.svg", "x"), Figure("one.svg", "y"))))
    ids = re.findall(r'\sid="([^"]*)"', page.read_text())
    assert len(set(ids)) == len(ids)
