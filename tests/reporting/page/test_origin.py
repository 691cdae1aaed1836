"""The top of the page: dates, versions, citations, contents and links to sections."""

import re
from dataclasses import replace

import pytest
from fake_runs import HOSTILE, steady, write_run

from robustbench_seg import __version__
from robustbench_seg.datasets import DATASETS
from robustbench_seg.records.runs.run_file import read_record, write_record
from robustbench_seg.reporting.page.origin import origin
from robustbench_seg.reporting.page.page import write_page
from robustbench_seg.reporting.panels import read_panels


def changed(folder, **fields):
    write_record(folder, replace(read_record(folder), **fields))
    return folder


def test_dates_versions_and_protocol(run):
    made = {"libraries": {"robustseg": "0.0.9"}, "created": "2025-12-31T23:00:00+00:00"}
    made_anew = changed(run("beta", dataset="camvid"), **made)
    panels = read_panels([run("alpha", dataset="camvid"), made_anew])
    assert origin(panels, "title").facts == [
        ("camvid", "Frames of videos from a car in Cambridge, with 11 classes."),
        ("runs", "2025-12-31 to 2026-01-01"),
        ("evaluated with", "robustseg 0.0.9"),
        ("page written by", f"robustseg {__version__}"),
        ("protocol", "cityscapes-c, version 1"),
    ]


@pytest.mark.parametrize("created", ["", "yesterday", "2026-13-01<script>"])
def test_a_run_without_a_date_has_none(run, created):
    panels = read_panels([changed(run("alpha"), created=created)])
    facts = origin(panels, "title")
    assert "runs" not in dict(facts.facts)
    assert "year" not in facts.citations[0][1]


def entries(panels, title="a title"):
    return dict(origin(panels, title).citations)


def test_what_is_cited(run):
    minicity = entries(read_panels([run("alpha")]))
    assert list(minicity) == [
        "this report",
        "published rows: SegFormer, Table 5: Cityscapes-C",
        "published rows: Kamann and Rother",
    ]
    own = minicity["published rows: SegFormer, Table 5: Cityscapes-C"]
    assert "eprint = {2105.15203}" in own
    camvid = entries(read_panels([run("alpha", dataset="camvid", protocol="mpc-15")]))
    assert list(camvid) == ["this report", "the dataset camvid"]
    against = read_panels([run("a", dataset="mine", protocol="mpc-15")], reference="a")
    assert list(entries(against)) == ["this report", "CD and rCD"]


def test_the_entry_of_the_report_names_its_runs(run):
    path = run("alpha")
    entry = entries(read_panels([path]), "50 % & {all} of it")["this report"]
    assert re.match(r"@misc\{robustseg-[0-9a-f]{8},\n", entry)
    assert r"title = {50 \% \& \{all\} of it}" in entry
    assert path.name.rsplit("-", 1)[-1] in entry
    assert "year = {2026},\n  month = jan" in entry
    other = entries(read_panels([run("beta", weights="1")]))["this report"]
    assert other.splitlines()[0] != entry.splitlines()[0]


@pytest.mark.parametrize("name", DATASETS)
def test_bibtex_of_every_dataset(name):
    text = DATASETS[name].facts.citation.strip()
    if name == "minicity":  # drawn by the program
        assert text == ""
        return
    assert re.match(r"@(inproceedings|article)\{\w+,\n", text)
    assert text.count("{") == text.count("}")
    fields = set(re.findall(r"^  (\w+) = ", text, re.MULTILINE))
    assert {"title", "author", "year"} < fields
    assert ("sakaridis2021acdc" in text) == name.startswith("acdc")


@pytest.fixture(scope="module")
def html(report) -> str:
    return (report / "index.html").read_text(encoding="utf-8")


def test_contents_name_every_section_and_each_heading_has_its_link(html):
    nav, main = re.search(r"(<nav.*?</nav>)(.*)", html, re.DOTALL).groups()
    listed = re.findall(r'href="#([^"]*)"', nav)
    headings = re.findall(r'<h([23]) id="([^"]*)">(.*?)</h\1>', main, re.DOTALL)
    assert len(headings) > 8
    links = [re.search(r'class="permalink" href="#([^"]*)"', text)[1] for *_, text in headings]
    assert [link for link in links if link not in ("published-rows", "this-page")] == listed
    for link in links:
        assert html.count(f'id="{link}"') == 1


def test_titles_keep_a_number_and_its_noun_together(tmp_path, blank_figures):
    """Also where the title holds other text of unknown origin."""
    write_run(tmp_path / "runs", "alpha", steady, images=2)
    write_run(tmp_path / "runs", HOSTILE, steady)
    page = write_page(read_panels([tmp_path / "runs"]), tmp_path / "report")
    html = page.read_text(encoding="utf-8")
    (title,) = re.findall(r"<h1>(.*?)</h1>", html)
    assert title == "What corruption costs: 2\u00a0models on minicity val"
    headings = re.findall(r"<h2[^>]*>(.*?) <a", html)
    assert "minicity val, 2\u00a0images (cityscapes-c)" in headings
