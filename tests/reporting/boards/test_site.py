"""The site on disk and in a real browser."""

import csv
import io
import re
import shutil
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_runs import HOSTILE, steady, weaker, write_run

import robustbench_seg as rs
from robustbench_seg.cli.main import main
from robustbench_seg.demo import recorded_runs
from robustbench_seg.errors import FileError
from robustbench_seg.records.runs.run_file import read_record

BOARD = "minicity-val-cityscapes-c"


def broken(corruption: str, severity: int, image: int) -> int | None:
    return None if corruption == "fog" else 60 - 2 * severity


def foggy(corruption: str, severity: int, image: int) -> int:
    """The best under fog, the worst elsewhere."""
    return 80 - 3 * severity if corruption == "fog" else 40 + image


@pytest.fixture(scope="module")
def packs(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("packs")
    runs = [
        write_run(root / "runs", "alpha", steady, images=12, predict=0.1, about={"macs": 10**10}),
        write_run(root / "runs", "beta", weaker, images=12, weights="1", about={"macs": 10**9}),
        write_run(root / "runs", "foggy", foggy, images=12, weights="2"),
        write_run(root / "runs", HOSTILE, broken, images=12, weights="3"),
    ]
    for run in runs:
        rs.pack(run, root / "packs" / f"{run.name}.pack.zip")
    return root / "packs"


@pytest.fixture(scope="module")
def site(packs, tmp_path_factory) -> Path:
    return rs.leaderboard(packs, tmp_path_factory.mktemp("site")).parent


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def test_the_same_packs_give_the_same_bytes(site, packs, tmp_path):
    result = CliRunner().invoke(
        main, ["leaderboard", *map(str, packs.iterdir()), "--out", str(tmp_path / "again")]
    )
    assert result.exit_code == 0, result.output
    assert "minicity val (cityscapes-c): 4 models" in result.output
    for path in site.rglob("*"):
        if path.is_file():
            assert (tmp_path / "again" / path.relative_to(site)).read_bytes() == path.read_bytes()


def test_there_is_a_page_for_each_model_and_all_links_lead_somewhere(site):
    assert len(list((site / BOARD / "models").iterdir())) == 4
    for page in pages(site):
        text = page.read_text()
        ids = set(re.findall(r' id="([^"]+)"', text))
        for href in re.findall(r'href="([^"]+)"', text):
            if href.startswith("#"):
                assert href[1:] in ids, (page, href)
            else:
                assert (page.parent / href).is_file(), (page, href)


def test_no_page_names_an_address(site):
    for page in pages(site):
        assert not re.search(r"(?:src|href)=\"(?:https?:|//)|url\((?!#)|@import", page.read_text())


def test_names_are_text(site):
    for page in pages(site):
        assert HOSTILE not in page.read_text()
        assert page.read_text().count("<script") <= 2


def test_each_table_can_be_downloaded(site):
    tables = site / BOARD / "tables"
    names = ["costs.csv", "miou.csv", "per_class.csv", "per_severity.csv", "ranks.csv"]
    assert sorted(path.name for path in tables.iterdir()) == names
    rows = list(csv.DictReader(io.StringIO((tables / "ranks.csv").read_text())))
    fog = [row for row in rows if row["score"] == "fog"]
    assert [(row["model"], row["rank"]) for row in fog] == [
        ("foggy", "1"),
        ("alpha", "2"),
        ("beta", "3"),
    ]


def test_a_model_without_a_mean_says_which_images_it_lacks(tmp_path):
    def unreadable(corruption: str, severity: int, image: int) -> int | str:
        return "town/1.png: cannot be read" if image == 1 else 80

    write_run(tmp_path / "runs", "alpha", unreadable)
    write_run(tmp_path / "runs", "beta", broken, weights="1")
    index = rs.leaderboard(tmp_path / "runs", tmp_path / "site")
    alpha, beta = (
        (index.parent / BOARD / "models" / f"{name}.html").read_text() for name in ("alpha", "beta")
    )
    why = "This model is not ranked by its mean, because it lacks images of"
    assert f"{why} clean, motion blur, defocus blur and 14 more." in alpha
    assert "clean: 2 of 3 images (town/1.png: cannot be read)" in alpha
    assert f"{why} fog." in beta
    assert "fog: not run" in beta


def test_a_site_replaces_the_earlier_one_and_nothing_else(packs, tmp_path):
    out = tmp_path / "site"
    rs.leaderboard(packs, out)
    (out / "CNAME").write_text("example.org")
    fewer = shutil.copytree(packs, tmp_path / "fewer")
    next(fewer.glob("beta*")).unlink()
    rs.leaderboard(fewer, out)
    assert len(list((out / BOARD / "models").iterdir())) == 3
    assert (out / "CNAME").exists()


def test_what_is_not_of_a_site_is_not_replaced(packs, tmp_path):
    (tmp_path / "index.html").write_text("my page")
    with pytest.raises(FileError, match=r"index\.html exists"):
        rs.leaderboard(packs, tmp_path)
    assert (tmp_path / "index.html").read_text() == "my page"


NAMES = ("index.html", f"{BOARD}/index.html", f"{BOARD}/models/alpha.html")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_asks_for_nothing_and_never_scrolls_sideways(browser, site, name, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda asked: said.append(asked.url))
    page.goto((site / name).as_uri())
    assert said == [(site / name).as_uri()]
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_stands_in_the_way_of_a_screen_reader(browser, site, name, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = browser.new_page(color_scheme=scheme)
    page.goto((site / name).as_uri())
    found = axe.Axe().run(page)
    violations = [
        (violation["id"], [node["html"] for node in violation["nodes"]][:2])
        for violation in found.response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    assert violations == []
    page.close()


def ranking(page) -> list[tuple[str, str, str]]:
    rows = page.locator("#ranking-table tbody tr:not([hidden])").all()
    return [
        (
            row.locator(".rank").inner_text(),
            row.locator(".label").inner_text(),
            row.locator("td").first.inner_text().partition(" ")[0],  # without the interval
        )
        for row in rows
    ]


def test_it_ranks_by_any_score(browser, site):
    page = browser.new_page()
    page.goto((site / BOARD / "index.html").as_uri())
    before = ranking(page)
    assert [name for _, name, _ in before] == ["alpha", "beta", "foggy", HOSTILE]
    assert before[-1] == ("–", HOSTILE, "incomplete")
    form = page.get_by_role("form", name="What the table ranks by")
    form.get_by_label("rank by").select_option(label="fog ↑")
    assert ranking(page) == [
        ("1", "foggy", "71.0"),
        ("2", "alpha", "68.0"),
        ("3", "beta", "59.5"),
        ("–", HOSTILE, ""),
    ]
    assert page.locator("#ranking-table th").nth(1).inner_text() == "fog ↑"
    form.get_by_label("rank by").select_option(label="mean of 16 corruptions ↑")
    assert [row[:2] for row in ranking(page)] == [row[:2] for row in before]
    form.get_by_label("models").fill("BET")
    assert [name for _, name, _ in ranking(page)] == ["beta"]
    page.close()


def test_any_score_ranks_a_number_as_name_and_the_name_of_a_published_row(
    browser, tmp_path, three_published
):
    write_run(tmp_path / "runs", "SegFormer-B5", steady, dataset="cityscapes")
    write_run(tmp_path / "runs", "7", weaker, dataset="cityscapes", weights="1")
    site = rs.leaderboard(tmp_path / "runs", tmp_path / "site").parent
    board = site / "cityscapes-val-cityscapes-c"
    rows = list(csv.DictReader(io.StringIO((board / "tables" / "ranks.csv").read_text())))
    page = browser.new_page()
    page.goto((board / "index.html").as_uri())
    page.get_by_label("rank by").select_option(label="fog ↑")
    fog = [
        (row["rank"], row["model"], f"{float(row['value']):.1f}")
        for row in rows
        if row["score"] == "fog"
    ]
    assert [name for _, name, _ in fog].count("SegFormer-B5") == 2
    assert ranking(page) == fog
    links = page.locator("#corruptions-table").get_by_role("link", name="SegFormer-B5")
    assert links.count() == 1, "that of the measured row"
    page.close()


def test_the_card_of_several_trainings_names_all_of_them(tmp_path):
    recorded = recorded_runs()
    index = rs.leaderboard(recorded, tmp_path / "site")
    page = index.parent / BOARD / "models" / "segformer-b0-minicity.html"
    records = [read_record(run) for run in recorded.glob("segformer-b0-*")]
    assert sorted(record.training_seed for record in records) == [1, 2]
    shown = unescape(page.read_text())
    assert "seeds 1 and 2" in shown
    card = shown[: shown.index('id="severities"')]
    assert all(record.key.segmenter.weights in card for record in records)
