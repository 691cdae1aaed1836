"""The page on paper: Chromium's PDF of the built-in study's two models, of A4 and Letter."""

import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from fake_runs import PALETTE, write_pictures
from PIL import Image

from robustbench_seg.demo import recorded_runs
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.page.page import write_page
from robustbench_seg.reporting.panels import read_panels
from robustbench_seg.store import KEPT_SEVERITIES, PictureFiles

SIZES = {"A4": (210, 297), "Letter": (215.9, 279.4)}
POINTS = 72 / 25.4
MARGIN = 12
"""Millimetres."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the recorded runs, with all the pictures that a run can have."""
    runs = tmp_path_factory.mktemp("study") / "runs"
    shutil.copytree(recorded_runs(), runs)
    conditions = load_protocol().conditions(load_protocol().names, KEPT_SEVERITIES[1:])
    picture = Image.fromarray(np.arange(96 * 192, dtype=np.uint8).reshape(96, 192) % 3)
    picture.putpalette(PALETTE)
    (panel,) = read_panels([runs])
    for row in panel.models:
        for condition in (CLEAN, *conditions):
            write_pictures(row.folder, condition)
        files = PictureFiles.of_run(row.folder)
        for hard in row.scored.hardest:
            own = files.of_hardest(hard.image, hard.worst)
            for path in (own.input, own.truth, own.prediction):
                path.parent.mkdir(parents=True, exist_ok=True)
                shown = picture if path.suffix == ".png" else picture.convert("RGB")
                shown.save(path)
    return write_page(read_panels([runs]), runs.parent / "report")


@pytest.fixture(scope="module", params=SIZES)
def pdf(browser, study, request, tmp_path_factory) -> tuple[str, Path]:
    """Name of the paper, and the PDF, printed by a reader with a dark screen."""
    page = browser.new_page(color_scheme="dark")
    page.goto(study.as_uri())
    path = tmp_path_factory.mktemp("pdf") / f"{request.param}.pdf"
    page.pdf(path=path, format=request.param)
    folded = page.locator("details:not([open])").count()
    page.close()
    assert folded > 0  # after printing, the screen folds them again
    return request.param, path


def words(path: Path) -> list[tuple[str, list[float], tuple[float, float]]]:
    """Each word of a PDF with its box and the size of its page, in points."""
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext here: apt-get install poppler-utils")
    done = subprocess.run(["pdftotext", "-bbox", path, "-"], capture_output=True, check=True)
    text = re.sub(r"[^\t\n\x20-\U0010ffff]", "", done.stdout.decode())
    found = []
    for page in ElementTree.fromstring(text).iter("{http://www.w3.org/1999/xhtml}page"):
        size = float(page.attrib["width"]), float(page.attrib["height"])
        for word in page:
            box = [float(word.attrib[name]) for name in ("xMin", "yMin", "xMax", "yMax")]
            found.append((word.text or "", box, size))
    return found


def test_two_models_take_fewer_than_twelve_pages(pdf):
    name, path = pdf
    data = path.read_bytes()
    assert 3 < len(re.findall(rb"/Type /Page\b", data)) < 12
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", data)
    size = [float(value) / POINTS for value in box.groups()]
    assert size == pytest.approx(SIZES[name], abs=1)


def test_every_text_is_within_the_margins(pdf):
    _, path = pdf
    margin = MARGIN * POINTS - 1
    for word, (left, top, right, bottom), (width, height) in words(path):
        assert margin <= left < right <= width - margin, word
        assert margin <= top < bottom <= height - margin, word


def test_cells_folded_parts_and_labels_of_figures_are_text_of_a_legible_size(pdf, study):
    _, path = pdf
    found = words(path)
    texts = [word for word, *_ in found]
    (panel,) = read_panels([study.parent.parent / "runs"])
    for row in panel.miou.to_dict("records"):
        for name in panel.protocol.names:
            assert f"{row[name]:.1f}" in texts, name
    for model in panel.models:  # the interval of each cell, which the screen shows on hover
        low, high = model.interval(model.miou_draws["fog"])
        assert {f"{low:.1f}", f"{high:.1f}"} <= set(texts)
    assert "ICNet" in texts  # a published row, folded on the screen
    assert "stream_version" not in texts  # the listing of run.json is not printed
    assert "@misc{robustseg-" in " ".join(texts)  # a citation
    assert texts.count("severity") > 16  # pictures of all corruptions
    assert texts.count("frost") > 3  # headers of tables, and labels of the vector figures
    for control in ("show", "against", "part"):
        assert control not in texts[: texts.index("Classes")]
    numbers = [box for word, box, _ in found if re.fullmatch(r"\d\d\.\d", word)]
    heights = [bottom - top for _, top, _, bottom in numbers]
    assert min(heights) > 5  # in points: the page was not shrunk
    # Only thumbnails are bitmaps; figures are vectors.
    if shutil.which("pdfimages"):
        listed = subprocess.run(["pdfimages", "-list", path], capture_output=True, check=True)
        lines = listed.stdout.decode().splitlines()[2:]
        assert max(int(line.split()[3]) for line in lines) <= 320


def test_headings_stand_on_the_page_of_what_follows(browser, study):
    """No heading is the last line of a page."""
    page = browser.new_page()
    page.goto(study.as_uri())
    page.emulate_media(media="print")
    kept = "(headings) => headings.map((each) => getComputedStyle(each).breakAfter)"
    assert set(page.locator("h2, h3, summary").evaluate_all(kept)) == {"avoid"}
    page.close()


@pytest.mark.parametrize("size", SIZES)
def test_no_table_is_wider_than_the_paper(browser, study, size):
    width = round((SIZES[size][0] - 2 * MARGIN) * 96 / 25.4)
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark")
    page.goto(study.as_uri())
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    wide = """(all) => all.filter((each) => each.getBoundingClientRect().right > innerWidth + 1 ||
        (each.tagName !== 'svg' && each.scrollWidth > each.clientWidth + 1)
        ).map((each) => each.id || each.outerHTML.slice(0, 200))"""
    assert page.locator("table, svg, pre, img").evaluate_all(wide) == []
    hidden = page.locator(".controls:visible, nav:visible, details:not([open])")
    assert hidden.count() == 0
    cells = page.locator("table.heat").first.locator("tbody tr").first.locator("td:visible")
    assert cells.count() == 17
    # Print never uses dark mode.
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.close()
