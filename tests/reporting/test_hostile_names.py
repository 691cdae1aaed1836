"""A table of hostile names goes through every format; independent parsers read the result."""

import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pandas as pd
import pytest
from fake_runs import steady, weaker, write_run
from matplotlib.figure import Figure

from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.reporting.comparison_report import Comparison
from robustbench_seg.reporting.evaluation_summary import summary_text
from robustbench_seg.reporting.figures.class_heatmap import class_heatmap
from robustbench_seg.reporting.figures.figure_files import write_figure
from robustbench_seg.reporting.figures.severity_curves import severity_curves
from robustbench_seg.reporting.figures.style import plain
from robustbench_seg.reporting.page import figures
from robustbench_seg.reporting.page.page import write_page
from robustbench_seg.reporting.panels import finding, read_panels
from robustbench_seg.reporting.tables import formats
from robustbench_seg.reporting.tables.terminal_table import terminal_table
from robustbench_seg.store import Run

NAMES = [
    '=HYPERLINK("http://x")',
    "@SUM(1)",
    "'=1+1",
    "\uff1d1+1",
    "[x",
    "*x",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "[a](javascript:alert(1))",
    "![a](http://x/y.png)",
    r"\input{/etc/passwd}",
    "a & b _ % $ #",
    r"$\frac",
    "$x$",
    r"\$\frac$",
    "_hidden",
    "two\nlines",
    "tab\there",
    "\x1b[2Jcleared",
    "\u202ereversed",
    "nul\x00",
    "a|b",
    "{{ 7 * 7 }}",
    "nan",
    "😀",
    300 * "long",
]


def few(protocol, count):
    """A protocol with only its first corruptions."""
    return replace(protocol, perturbations=protocol.perturbations[:count])


def frame():
    return pd.DataFrame({"model": NAMES, "mean": [float(n) for n in range(len(NAMES))]})


def test_csv_gives_every_name_back_and_no_formula():
    head, *rows = csv.reader(io.StringIO(formats.csv(frame()), newline=""))
    assert head == ["model", "mean"]
    cells = [row[0] for row in rows]
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r\n\uff1d"]
    back = [re.sub(r"^'(?='*[=+\-@\t\uff1d])", "", cell) for cell in cells]
    assert back == [name.replace("\0", "") for name in NAMES]


def test_no_name_leaves_its_cell_in_latex():
    text = formats.grouped_latex(frame(), {}, "caption", "label")
    body = text[text.index(r"\midrule") + 9 : text.index(r"\bottomrule")]
    rows = body.splitlines()
    assert len(rows) == len(NAMES)
    known = r"\\(text(backslash|asciitilde|asciicircum|less|greater|bar|quotedbl)\{\}|[&%$#_{}])"
    for row in rows:
        name, _ = re.fullmatch(r"(.*) & ([0-9.]+) \\\\", row).groups()
        assert not name.startswith(("[", "*"))
        plain = re.sub(known, "", name)
        plain = plain.removeprefix("{[}").removeprefix("{*}")
        assert not set(plain) & set('\\&%$#_{}~^<>|"'), name
        assert plain.isprintable()


def test_markdown_shows_a_name_as_text():
    lines = formats.markdown(frame()).splitlines()
    assert len(lines) == 2 + len(NAMES)
    for line in lines[2:]:
        assert len(re.findall(r"(?<!\\)\|", line)) == 3
        cell = line.split(" | ")[0]
        assert not re.search(r"(?<!\\)[<>\[\]()*`!#$~&]", cell), cell
        assert not re.search(r"(?<!\\):", cell), "a link that GitHub makes of an address"
        assert line.isprintable()


class Page(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def hostile_runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("hostile")

    def broken(corruption, severity, image):
        return "<b onclick=x>=1+1\n" if corruption == "fog" else 50

    for number, name in enumerate(NAMES):
        about = {"card": name, "location": "javascript:alert(1)", "weights_file": name}
        kept = {"weights": f"{number:02d}", "about": about, "predict": 0.5, "images": 2}
        write_run(root, name, steady if number % 2 else weaker, **kept)
    write_run(root, "<i>reasons</i>", broken, images=2)
    return root


@pytest.fixture(scope="module")
def panels(hostile_runs):
    return read_panels([hostile_runs])


def test_a_report_of_hostile_names(panels, tmp_path, monkeypatch):
    drawn = []

    def heatmap(model, *others):  # each one takes a second
        drawn.append(model)
        return Figure(figsize=(1, 1))

    def curves(severities, protocol):  # only one corruption, for the same reason
        return severity_curves(severities, few(protocol, 1))

    monkeypatch.setattr(figures, "class_heatmap", heatmap)
    monkeypatch.setattr(figures, "severity_curves", curves)
    assert {row.name for row in panels[0].models} == {*NAMES, "<i>reasons</i>"}
    text = write_page(panels, tmp_path / "report").read_text()
    page = Page(text)
    assert page.tags.count("script") == 1
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    links = {value for name, value in page.attributes if name.endswith("href")}
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)
    sources = [value for name, value in page.attributes if name == "src"]
    assert all(source.startswith("data:image/") for source in sources)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\0" not in text
    shown = " ".join("".join(page.text).split())
    for name in NAMES:
        assert " ".join(re.sub("[\x00\x1b\u202e]", " ", name).split()) in shown, name
    with open(tmp_path / "report/tables/miou.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(NAMES) + 1
    assert set(drawn) >= set(NAMES)
    table = pd.read_parquet(tmp_path / "report/tables/scores.parquet")
    assert set(table["model"]) >= set(NAMES), "Parquet holds the names as they are"


@pytest.mark.parametrize("name", [r"$\frac", "$x$", "_hidden", "\x1b\0\u202e", 300 * "W", "😀"])
def test_a_figure_of_a_hostile_name_shows_it_as_text(name, tmp_path):
    protocol = few(load_protocol(), 2)
    grid = pd.DataFrame({"clean": [1.0], **dict.fromkeys(protocol.names, 1.0)}, index=[name])
    cells = {"corruption": protocol.names[0], "miou": 5.0, "ci_low": 4.0, "ci_high": 6.0}
    curves = pd.DataFrame([{"model": name, "severity": s, **cells} for s in (1, 2)])
    for figure in (
        class_heatmap(name, grid, protocol),
        severity_curves(curves, protocol),
    ):
        svg = write_figure(figure, tmp_path / "x")
        texts = "".join(ElementTree.fromstring(svg).itertext())
        assert plain(name).strip("\u200a ")[:20] in texts


def test_terminal_tables_are_a_line_for_each_name(panels):
    for text in (terminal_table(panels), finding(panels)):
        assert all(line.isprintable() for line in text.splitlines())
        assert "\x1b" not in text
    assert len(terminal_table(panels).splitlines()) == 2 + len(NAMES) + 1


def test_a_comparison_and_a_summary_of_hostile_names_are_printable(hostile_runs):
    folders = sorted(path.parent for path in hostile_runs.glob("*/run.json"))
    for name in ("\x1b[2Jcleared", "two\nlines"):
        text = Comparison.of_runs(name, "a|b", runs=hostile_runs).text
        assert all(line.isprintable() for line in text.splitlines())
    text = summary_text([Run(folder) for folder in folders], "cityscapes-c")
    assert all(line.isprintable() for line in text.splitlines())
