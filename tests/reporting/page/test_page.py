import csv
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from fake_runs import HOSTILE, steady, weaker, write_run

from robustbench_seg.records.cards.protocol import ProtocolFile, load_protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.html.heat_table import heat_style
from robustbench_seg.reporting.html.slugs import slug
from robustbench_seg.reporting.page.page import write_page
from robustbench_seg.reporting.page.report_command import protocol_file, report_command
from robustbench_seg.reporting.panels import read_panels
from robustbench_seg.reporting.tables.report_tables import write_tables

VOID = {"meta", "img", "br", "link", "input", "path", "use", "rect"}


class Page(HTMLParser):
    """The tags of a page with their attributes, and the text inside each of some tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self._open.pop() == tag, f"</{tag}> closes nothing"

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        for tag in set(self._open):
            self.texts[tag][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def html(report: Path) -> str:
    return (report / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_it_is_one_file_that_asks_for_nothing(page, html):
    assert "http:" not in html
    assert "https:" not in html
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base")
        for name in ("src", "href"):
            if name in attributes:
                assert attributes[name].startswith(("data:image/", "#")), (tag, attributes)
    assert not re.search(r"@import|url\((?!#)", html)
    assert len(html) < 6e6


def test_a_model_s_name_is_text_everywhere(page, html):
    assert "<script>alert" not in html
    assert len(page.all("script")) == 1
    assert HOSTILE in page.texts["main"][0]
    assert any(HOSTILE in cell for cell in page.texts["th"])


def test_headings_go_down_one_by_one(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_it_can_be_read_aloud(page):
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(text.strip() for text in page.texts["caption"])
    assert {a["scope"] for a in page.all("th")} == {"row", "col", "colgroup"}
    assert all(image["alt"] for image in page.all("img"))
    assert all(svg["aria-label"] for svg in page.all("svg") if svg.get("role") == "img")
    assert len([svg for svg in page.all("svg") if svg.get("role") == "img"]) == 4
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    for link in page.all("a"):
        assert link["href"].removeprefix("#") in identifiers


def test_the_finding_comes_first_and_the_numbers_are_there(page):
    assert "no difference in robustness is established between alpha" in page.texts["header"][0]
    (lead,) = [a for _, a in page.tags if "data-verdict" in a]
    assert lead["data-verdict"] == "open"
    main = " ".join(page.texts["main"][0].split())
    for text in ("69.0", "12 corruptions at severities 1-5", "noise 1-3", "arXiv 2105.15203"):
        assert text in main
    assert "severities 3, 4, 5: not run" in main
    assert "2 of 3 images (town/1.png: truncated)" in main
    assert "robustseg evaluate --dataset minicity --limit 3" in main


def test_a_study_that_has_only_begun_has_a_page(run, tmp_path):
    def first_image_only(corruption: str, severity: int, image: int) -> int | None:
        return 80 if image == 0 else None

    page = write_page(read_panels([run("alpha", first_image_only)]), tmp_path)
    text = page.read_text()
    assert "no model is ranked" in text
    assert "1 of 3 images" in text
    assert not list(tmp_path.glob("figures/*"))


def test_empty_cells_say_why(page):
    reasons = [a.get("title") for a in page.all("td") if "empty" in (a.get("class") or "")]
    assert "severities 3, 4, 5: not run" in reasons
    assert "2 of 3 images (town/1.png: truncated)" in reasons


def test_tables_hold_what_the_contract_says(report):
    with (report / "tables" / "miou.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    first = ["model", "source", "dataset", "split", "protocol", "images", "clean"]
    assert list(rows[0]) == [*first, *load_protocol().names, "mean", "retention", "runs"]
    assert rows[0]["runs"].startswith("alpha-minicity-val-")
    assert [row["model"] for row in rows] == ["alpha", "beta", HOSTILE]
    assert float(rows[0]["mean"]) == pytest.approx(69)
    assert [rows[2][name] for name in ("fog", "snow", "mean", "retention")] == ["", "", "", ""]
    assert rows[2]["frost"] == "54.0000"
    with (report / "tables" / "per_severity.csv").open(newline="") as file:
        head = next(csv.reader(file))
    assert head == [
        *("model", "dataset", "split", "protocol", "corruption", "category", "severity", "scored"),
        *("images", "miou", "ci_low", "ci_high", "runs"),
    ]
    with (report / "tables" / "per_class.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == [
        *("model", "dataset", "split", "protocol", "corruption", "severity", "class", "iou", "runs")
    ]
    assert {row[3] for row in rows} == {"cityscapes-c"}
    with (report / "tables" / "published.csv").open(newline="") as file:
        assert len(list(csv.reader(file))) == 14
    names = {path.name for path in (report / "tables").iterdir()}
    both = {f"{name}{kind}" for name in ("miou", "published") for kind in (".csv", ".tex", ".md")}
    assert names == both | {"per_severity.csv", "per_class.csv", "scores.parquet"}
    assert len(list((report / "figures").glob("*.svg"))) == 4
    assert len(list((report / "figures").glob("*.png"))) == 4


def test_the_same_runs_give_the_same_bytes_in_any_place(runs, report, tmp_path):
    again = write_page(read_panels([runs]), tmp_path / "elsewhere").parent
    files = sorted(path.relative_to(report) for path in report.rglob("*") if path.is_file())
    assert len(files) == 2 + 9 + 2 * 4 + len(list(runs.glob("alpha*/pictures/**/*.*")))
    for name in files:
        assert (report / name).read_bytes() == (again / name).read_bytes(), name


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory, blank, published_on) -> Path:
    """Two models on Cityscapes with similar file names; no pictures, one is the reference."""
    root = tmp_path_factory.mktemp("bare")
    write_run(root / "runs", "a/b", steady, dataset="cityscapes", pictures=[CLEAN])
    write_run(root / "runs", "a b", weaker, dataset="cityscapes", weights="1")
    with pytest.MonkeyPatch.context() as patch:  # as if published scores were of three images
        published_on(patch, 3)
        blank(patch)
        panels = read_panels([root / "runs"], reference="a b")
        return write_page(panels, root / "report", pictures=False).parent


def test_published_rows_are_a_panel_apart_unless_the_dataset_is_theirs(html, bare):
    assert "For reference: published Cityscapes-C" in html
    assert html.count('<tr class="published">') == 13
    beside = (bare / "index.html").read_text(encoding="utf-8")
    assert "For reference: published Cityscapes-C" not in beside
    assert beside.count('<tr class="published">') == 26  # ranking and wide table
    assert "published Cityscapes-C</h3>" not in beside
    assert (bare / "tables/miou.csv").read_text().count(",published,cityscapes,val,") == 13


def test_another_protocol_shows_its_own_corruptions_and_ranks_nothing_published(
    run, tmp_path, blank_figures
):
    panels = read_panels([run("alpha", dataset="cityscapes", protocol="mpc-15")])
    text = write_page(panels, tmp_path, pictures=False).read_text(encoding="utf-8")
    text = " ".join(text.split())
    assert ">mean of 15</th>" in text
    assert "over 15 corruptions" in text
    assert "15 corruptions at severities 1-5" in text
    assert "<td>noise 1-5, blur 1-5, weather 1-5, digital 1-5</td>" in text
    assert not re.search(r"mean of 16|speckle|>Published rows|For reference", text)
    before, _, elsewhere = text.partition("published rows</summary>")
    assert "SegFormer-B5" not in before
    assert re.search("SegFormer-B5<.{,150}>cityscapes-c</td>.{,90}>under another proto", elsewhere)
    assert not list(tmp_path.glob("tables/published.*"))


def test_two_protocols_share_a_table_whose_means_come_last(run, tmp_path):
    runs = [run("alpha"), run("beta", protocol="mpc-15"), run("gamma", protocol="city-c-fan")]
    write_tables(read_panels(runs), tmp_path)
    with (tmp_path / "miou.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = [*load_protocol().names, "zoom_blur", "elastic_transform", "pixelate"]
    assert list(rows[0])[7:] == [*names, "mean", "retention", "runs"]
    by_model = {row["model"]: row for row in rows}
    assert by_model["alpha"]["pixelate"] == ""
    assert by_model["beta"]["speckle_noise"] == ""
    means = [float(by_model[name]["mean"]) for name in ("alpha", "beta", "gamma")]
    assert means == [69, 68, 72]  # noise 1-3 and the rest 1-5; 1-5; 1-3


def test_the_command_names_a_protocol_that_is_not_the_runs_own(run):
    path = run("alpha")
    for protocol, wanted in (("city-c-fan", "--protocol city-c-fan"), ("cityscapes-c", "")):
        panels = read_panels([path], protocol=load_protocol(protocol))
        start = f"robustseg report {path.name} --out report "
        assert report_command(panels, pictures=True) == f"{start}{wanted}".strip()


def test_the_command_says_whether_tables_have_intervals(run):
    panels = read_panels([run("alpha")])
    command = report_command(panels, pictures=True, intervals=True)
    assert command.endswith(" --out report --intervals")


def test_the_command_keeps_a_protocol_that_one_of_two_datasets_needs(run):
    a = run("alpha", dataset="camvid", protocol="city-c-fan")
    b = run("beta", dataset="minicity")
    panels = read_panels([a, b], protocol=load_protocol())
    assert report_command(panels, pictures=True).endswith(" --out report --protocol cityscapes-c")


def test_the_command_names_the_file_of_a_protocol_of_ones_own(run):
    mine = replace(load_protocol(), name="mine")
    panels = read_panels([run("alpha", protocol="mine")], protocol=mine)
    assert report_command(panels, pictures=True).endswith(" --out report --protocol mine.toml")
    assert protocol_file(panels) == "mine.toml"


def test_the_command_needs_no_file_of_a_protocol_that_the_runs_hold(run):
    mine = replace(load_protocol(), name="mine")
    panels = read_panels([run("alpha", protocol="mine", own_protocol=ProtocolFile.of(mine))])
    assert "--protocol" not in report_command(panels, pictures=True)
    assert protocol_file(panels) is None


def test_the_page_says_that_the_file_of_such_a_protocol_must_be_there(run, tmp_path, html):
    mine = replace(load_protocol(), name="mine")
    panels = read_panels([run("alpha", protocol="mine")], protocol=mine)
    text = write_page(panels, tmp_path / "report", pictures=False).read_text()
    where = "Run the command in the folder of the runs"
    assert (
        f"{where}, after you copy the file of the protocol to it as <code>mine.toml</code>." in text
    )
    assert f"{where}." in html


def test_without_pictures_no_frame_of_the_dataset_is_in_the_report(html, bare):
    assert "<img" in html
    text = (bare / "index.html").read_text()
    assert "<img" not in text
    assert "data:image/jpeg" not in text
    assert "--out report --reference &#39;a b&#39; --no-pictures" in text


def test_a_reference_adds_its_columns(bare):
    text = (bare / "index.html").read_text()
    assert ">rCD, %</th>" in text
    assert "CD and rCD: against a b." in text


def test_file_names_of_models_never_clash(bare):
    names = {path.name for path in (bare / "figures").glob("*classes*.svg")}
    stem = "cityscapes-val-cityscapes-c-classes-a-b"
    assert names == {f"{stem}.svg", f"{stem}-2.svg"}
    assert slug("///") == "unnamed"


def test_heat_keeps_text_readable():
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for step in range(101):
        style = heat_style(step / 100)
        back, text = re.fullmatch(r"background:(#\w{6});color:(#\w{3})", style).groups()
        light, dark = sorted((luminance(back), 1.0 if text == "#fff" else 0.0), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2, level AA
