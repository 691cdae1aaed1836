"""The view of a table in the address, and what shows that a table scrolls."""

import pytest
from fake_runs import HOSTILE

HEAT = "minicity-val-cityscapes-c-corruptions-table"


@pytest.fixture
def open_page(browser, report):
    pages = []

    def opened(fragment: str = "", width: int = 1280):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.goto(f"{(report / 'index.html').as_uri()}{fragment}")
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()


STYLES = """(table) => [...table.querySelectorAll('tbody td')].map((td) => td.style.cssText)
    .join('\\n')"""  # a list is slow


def state(page) -> list[object]:
    """All that a reader sees of the paper's table."""
    table = page.locator(f"#{HEAT}")
    return [
        table.locator("tbody").inner_text(),
        table.locator("thead").inner_text(),
        table.locator("caption").inner_text(),
        table.evaluate(STYLES),
    ]


def test_a_link_restores_metric_filter_and_sort(open_page):
    page = open_page()
    form, table = page.locator("form.controls").first, page.locator(f"#{HEAT}")
    before = state(page)
    form.get_by_label("show").select_option("rCD")
    form.get_by_label("against").select_option("beta")
    form.get_by_label("category").select_option("weather")
    form.get_by_label("models").fill("a/?&=#")
    form.get_by_label("models").fill("a")
    table.get_by_role("button", name="fog").click()
    ranking = page.locator("table.data").first
    ranking.get_by_role("button", name="model").click()
    fragment = page.evaluate("location.hash")
    after = state(page)
    assert after != before
    again = open_page(fragment)
    assert state(again) == after
    names = again.locator("table.data").first.locator("tbody .label").all_inner_texts()
    assert names == [HOSTILE, "alpha", "beta"]
    # A link to a section does not change the view; a link to another view replaces it.
    again.evaluate("location.hash = '#provenance'")
    assert state(again) == after
    again.evaluate(f"location.hash = '#{HEAT}?show=mIoU'")
    again.wait_for_function(
        "document.querySelector('caption .shown').textContent === 'mIoU in percent'"
    )
    assert state(again) == before


@pytest.fixture(scope="module")
def written(browser, report):
    """The state of a page that was opened without a view."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto((report / "index.html").as_uri())
    found = state(page)
    page.close()
    return found


@pytest.mark.parametrize(
    "fragment",
    [
        f"#{HEAT}?show=constructor&against=nobody&corruptions=x&sort=x&order=x",
        "#nothing?show=CD",
        f"#{HEAT}?",
        "#?/?/%%%",
    ],
)
def test_an_address_of_something_else_shows_the_page_as_written(open_page, fragment, written):
    assert state(open_page(fragment)) == written


def test_the_first_click_on_text_sorts_from_a_to_z(open_page):
    table = open_page().locator(f"#{HEAT}")
    names = table.locator("tbody .label")
    button = table.get_by_role("button", name="model")
    button.click()
    assert names.all_inner_texts() == [HOSTILE, "alpha", "beta"]
    button.click()
    assert names.all_inner_texts() == ["beta", "alpha", HOSTILE]


def test_a_sorted_table_follows_the_metric(open_page):
    page = open_page()
    table = page.locator(f"#{HEAT}")
    table.get_by_role("button", name="fog").click()
    names = table.locator("tbody .label")
    assert names.all_inner_texts()[:2] == ["alpha", "beta"]  # the higher mIoU
    page.locator("form.controls").first.get_by_label("show").select_option("degradation")
    assert names.all_inner_texts()[:2] == ["beta", "alpha"]  # the larger loss


def test_a_narrow_page_shows_that_tables_and_figures_scroll(open_page):
    page = open_page(width=390)
    for inside in (f"#{HEAT}", "svg[aria-label^=Classes]"):
        around = page.locator(".scroller", has=page.locator(inside)).first
        region = around.locator(".scroll")
        shadow = "(e) => ['::before', '::after'].map((side) => getComputedStyle(e, side).opacity)"
        around.evaluate("(e) => e.scrollIntoView()")
        page.wait_for_timeout(400)
        assert around.get_attribute("data-more") == "right"
        assert around.evaluate(shadow) == ["0", "1"]
        region.evaluate("(e) => { e.scrollLeft = 40; }")
        page.wait_for_function(
            "(e) => e.dataset.more === 'left right'", arg=around.element_handle()
        )
        region.evaluate("(e) => { e.scrollLeft = 9999; }")
        page.wait_for_function("(e) => e.dataset.more === 'left'", arg=around.element_handle())


def test_no_shadow_where_all_is_seen(open_page):
    page = open_page()
    page.wait_for_timeout(400)
    assert page.locator(".scroller", has=page.locator(f"#{HEAT}")).get_attribute("data-more") == ""
