"""The page in a real browser, from disk."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_runs import HOSTILE, steady, weaker, write_run

from robustbench_seg.reporting.page.page import write_page
from robustbench_seg.reporting.panels import read_panels

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
Page = sync_api.Page


@pytest.fixture
def page(browser, report: Path, request) -> Iterator[Page]:
    """The report in a browser; any request or console message is an error."""
    width = getattr(request, "param", 1280)
    opened = browser.new_page(viewport={"width": width, "height": 900})
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda asked: said.append(asked.url))
    opened.goto((report / "index.html").as_uri())
    yield opened
    asked = [text for text in said if not text.startswith("data:image/")]
    assert asked == [(report / "index.html").as_uri()]
    opened.close()


# The script does not depend on the width, so only these tests also need a narrow page.
both_widths = pytest.mark.parametrize("page", [390, 1280], indirect=True)


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def heat(page: Page):
    return page.locator("table.heat").first


def models(page: Page) -> list[str]:
    return heat(page).locator("tbody tr:not([hidden]) .label").all_inner_texts()


def cells(page: Page, model: str) -> list[str]:
    rows = heat(page).locator("tbody tr")
    return rows.filter(has=page.get_by_text(model, exact=True)).locator("td").all_inner_texts()


def column(page: Page, name: str) -> int:
    """Its index among the cells of a row, without the header."""
    return heat(page).locator("thead tr").last.locator("th").all_inner_texts().index(name) - 1


@both_widths
def test_the_page_itself_never_scrolls_sideways(page):
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    unfold(page)
    assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")


@both_widths
def test_captions_are_read_in_full_beside_a_wide_table(page):
    for caption in page.locator("caption:visible").all():
        box = caption.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= page.viewport_size["width"]


def test_it_sorts_by_any_column(page):
    button = heat(page).get_by_role("button", name="fog")
    button.click()
    assert models(page) == ["alpha", "beta", HOSTILE]
    assert button.locator("..").get_attribute("aria-sort") == "descending"
    button.press("Enter")
    assert models(page) == ["beta", "alpha", HOSTILE]  # no score: stays last
    assert button.locator("..").get_attribute("aria-sort") == "ascending"


def test_it_shows_other_metrics_of_the_same_numbers(page):
    form = page.locator("form.controls").first
    fog = column(page, "fog")
    # alpha: clean 80, fog 68; beta: clean 79 (the mean image), fog 55.
    assert (cells(page, "alpha")[fog], cells(page, "beta")[fog]) == ("68.0", "55.0")
    assert not form.get_by_label("against").is_visible()
    for metric, wanted in (
        ("degradation", ("12.0", "24.0")),
        ("retention", ("85.0", f"{100 * 55 / 79:.1f}")),
        ("CD", ("100.0", f"{100 * 45 / 32:.1f}")),
        ("rCD", ("100.0", "200.0")),
        ("mIoU", ("68.0", "55.0")),
    ):
        options = form.get_by_label("show").locator("option").all_inner_texts()
        form.get_by_label("show").select_option(next(o for o in options if o.startswith(metric)))
        assert (cells(page, "alpha")[fog], cells(page, "beta")[fog]) == wanted, metric
        assert cells(page, "alpha")[0] == "80.0"
        assert cells(page, HOSTILE)[fog] == ""
    form.get_by_label("show").select_option(label="rCD, %")
    form.get_by_label("against").select_option("beta")
    assert (cells(page, "alpha")[fog], cells(page, "beta")[fog]) == ("50.0", "100.0")


def test_caption_and_hover_follow_the_metric(page):
    form, table = page.locator("form.controls").first, heat(page)
    region = page.locator(".scroll", has=table).first
    fog = table.locator("tbody tr").nth(1).locator("td").nth(column(page, "fog"))
    before = (table.locator("caption").inner_text(), fog.get_attribute("title"))
    heading = page.get_by_role("heading", name="by corruption")
    assert heading.inner_text().strip() == "mIoU by corruption"
    form.get_by_label("show").select_option(label="CD, %")
    other = form.get_by_label("against").input_value()
    wanted = f"CD in percent against {other} (clean: mIoU)"
    assert table.locator("caption").inner_text() == before[0].replace("mIoU in percent", wanted)
    assert region.get_attribute("aria-label").endswith(wanted)
    assert heading.inner_text().strip() == "CD by corruption"
    assert fog.get_attribute("title") is None
    form.get_by_label("show").select_option(label="mIoU, %")
    assert (table.locator("caption").inner_text(), fog.get_attribute("title")) == before
    assert heading.inner_text().strip() == "mIoU by corruption"


def test_no_rcd_against_a_reference_that_loses_almost_nothing(browser, tmp_path, blank_figures):
    """The page's script has the rule of the tables: at least one point."""

    def firm(corruption: str, severity: int, image: int) -> float:
        return 80 - 0.5 * (severity > 0) - (corruption == "snow")

    write_run(tmp_path / "runs", "alpha", steady)
    write_run(tmp_path / "runs", "firm", firm)
    page = browser.new_page()
    panels = read_panels([tmp_path / "runs"], reference="firm")
    out = write_page(panels, tmp_path / "r")
    lost = panels[0].miou.set_index("model").eval("clean - snow")
    page.goto(out.as_uri())
    form = page.locator("form.controls").first
    form.get_by_label("show").select_option(label="rCD, %")
    fog, snow = column(page, "fog"), column(page, "snow")
    assert cells(page, "alpha")[fog] == ""
    assert cells(page, "alpha")[snow] == f"{100 * lost['alpha'] / lost['firm']:.1f}"
    page.close()


def test_a_reference_that_is_no_row_of_the_published_table(browser, tmp_path, blank_figures):
    write_run(tmp_path / "runs", "alpha", steady)
    out = write_page(read_panels([tmp_path / "runs"], reference="alpha"), tmp_path / "r")
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    page.goto(out.as_uri())
    forms = page.locator("form.controls")
    assert forms.count() == 2
    unfold(page)
    for form in forms.all():
        form.get_by_label("show").select_option(label="retention: mIoU / clean, %")
    assert errors == []
    row = page.locator("table.heat").nth(1).locator("tbody tr").first.locator("td")
    clean, first = (float(row.nth(i).get_attribute("data-v")) for i in (0, 1))
    assert row.nth(1).inner_text() == f"{100 * first / clean:.1f}"
    page.close()


def test_colours_of_the_first_metric_come_back(page):
    form = page.locator("form.controls").first
    cells = "[...document.querySelectorAll('table.heat td')]"
    styles = f"{cells}.map((td) => td.style.cssText).join('\\n')"  # a list is slow
    before = page.evaluate(styles)
    form.get_by_label("show").select_option(label="retention: mIoU / clean, %")
    assert page.evaluate(styles) != before
    form.get_by_label("show").select_option(label="mIoU, %")
    assert page.evaluate(styles) == before


@both_widths
def test_it_narrows_to_models_and_categories(page):
    form = page.locator("form.controls").first
    form.get_by_label("models").fill("BET")
    assert models(page) == ["beta"]
    form.get_by_label("models").fill("")
    form.get_by_label("category").select_option("weather")
    names = heat(page).locator("thead tr").last.locator("th:visible").all_inner_texts()
    assert names == ["model", "clean", "snow", "spatter", "fog", "frost"]
    groups = heat(page).locator("thead tr").first.locator("th:visible").all_inner_texts()
    assert groups == ["weather"]
    form.get_by_label("category").select_option("all")
    assert heat(page).locator("thead tr").last.locator("th:visible").count() == 18


def test_hover_gives_severities_images_and_interval(page):
    title = heat(page).locator("tbody tr").nth(1).locator("td").nth(column(page, "fog"))
    words = title.get_attribute("title")
    assert words.startswith("severities 1-5, 3 images, 95 % interval ")


SHOWN = "(cell) => getComputedStyle(cell, '::after').content"


def test_paper_and_touch_screens_show_the_interval_below_the_score(browser, page, report):
    place = column(page, "fog")
    fog = heat(page).locator("tbody tr").nth(1).locator("td").nth(place)
    ends = re.fullmatch(r".* (\S+) to (\S+)", fog.get_attribute("title")).groups()
    assert fog.evaluate(SHOWN) == "none"
    page.emulate_media(media="print")
    written = fog.evaluate(SHOWN)
    assert re.findall(r"\d+\.\d", written) == [*ends]
    form = page.locator("form.controls").first
    page.emulate_media(media="screen")
    form.get_by_label("show").select_option(label="CD, %")  # it has no interval
    page.emulate_media(media="print")
    assert fog.evaluate(SHOWN) == "none"
    phone = browser.new_context(has_touch=True, is_mobile=True)
    touched = phone.new_page()
    touched.goto((report / "index.html").as_uri())
    cell = heat(touched).locator("tbody tr").nth(1).locator("td").nth(place)
    assert cell.evaluate(SHOWN) == written
    phone.close()


@both_widths
def test_nothing_serious_stands_in_the_way_of_a_screen_reader(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    unfold(page)
    found = axe.Axe().run(page)
    serious = [
        (violation["id"], [node["target"] for node in violation["nodes"]][:3])
        for violation in found.response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_in_both_schemes(browser, report, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = browser.new_page(color_scheme=scheme)
    page.goto((report / "index.html").as_uri())
    found = axe.Axe().run(page, options={"runOnly": ["color-contrast"]})
    assert found.response["passes"]
    assert [violation["nodes"][0]["html"] for violation in found.response["violations"]] == []
    page.close()


def test_without_javascript_all_is_there(browser, report):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((report / "index.html").as_uri())
    assert page.locator("table.heat").first.is_visible()
    assert page.locator("form.controls").count() == 0
    assert page.locator("figure svg").first.is_visible()
    context.close()


def test_the_published_table_switches_too(browser, tmp_path, three_published, blank_figures):
    write_run(tmp_path / "runs", "alpha", steady, dataset="cityscapes")
    write_run(tmp_path / "runs", "beta", weaker, dataset="cityscapes")
    out = write_page(read_panels([tmp_path / "runs"], reference="SegFormer-B5"), tmp_path / "r")
    page = browser.new_page()
    page.goto(out.as_uri())
    form = page.locator("form.controls").first
    form.get_by_label("show").select_option(label="CD, %")
    assert form.get_by_label("against").input_value() == "SegFormer-B5"
    table = read_panels([tmp_path / "runs"])[0].miou.set_index("model")["fog"].astype(float)
    wanted = 100 * (100 - table["ICNet"]) / (100 - table["SegFormer-B5"])
    assert cells(page, "ICNet")[column(page, "fog")] == f"{wanted:.1f}"
    page.close()


def test_it_shows_calibration_and_detection(browser, tmp_path, blank_figures):
    """Further scores of each cell, with hover texts of their own; the lowest ECE is the best."""
    write_run(tmp_path / "runs", "alpha", steady, confidence=0.95)
    labels = {"no_confidence": "the graph ends in labels"}
    write_run(tmp_path / "runs", "beta", weaker, about=labels)
    write_run(tmp_path / "runs", "gamma", steady, confidence=0.6)
    panels = read_panels([tmp_path / "runs"])
    page = browser.new_page()
    page.goto(write_page(panels, tmp_path / "r").as_uri())
    form, fog = page.locator("form.controls").first, column(page, "fog")
    form.get_by_label("show").select_option(label="ECE, %")
    draws = {row.name: row.scores.by_key["ece"].summary for row in panels[0].models}
    for name in ("alpha", "gamma"):
        assert cells(page, name)[fog] == f"{draws[name].perturbations['fog'][0]:.1f}"
        assert cells(page, name)[0] == f"{draws[name].clean[0]:.1f}"
    assert set(cells(page, "beta")) == {""}
    rows = heat(page).locator("tbody tr")
    cell = {
        name: rows.filter(has=page.get_by_text(name, exact=True)).locator("td").nth(fog)
        for name in ("alpha", "beta", "gamma")
    }
    assert cell["beta"].get_attribute("title") == "the graph ends in labels"
    title = cell["alpha"].get_attribute("title")
    assert title.startswith("severities 1-5, 3 images, 95 %")
    low, high = (cell["alpha"].get_attribute(f"data-{end}") for end in ("low", "high"))
    assert title.endswith(f" {low} to {high}")
    assert page.get_by_role("heading", name="ECE by corruption").count() == 1
    caption = heat(page).locator("caption").inner_text()
    assert "ECE in percent, lower is better, mean over scored severities" in caption
    # The best of all cells has the colour of the best mIoU.
    ramp = heat(page).get_attribute("data-ramp").split("|")
    values = {
        (name, corruption): float(each[0])
        for name in ("alpha", "gamma")
        for corruption, each in [("clean", draws[name].clean), *draws[name].perturbations.items()]
    }
    name, corruption = min(values, key=values.get)
    place = column(page, corruption.replace("_", " "))
    best = rows.filter(has=page.get_by_text(name, exact=True)).locator("td").nth(place)
    assert best.get_attribute("style") == ramp[-1]
    assert "show=ECE" in page.url
    page.close()
