import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from fake_runs import steady, weaker, write_run

from robustbench_seg.records.cards.protocol import load_protocol, merged
from robustbench_seg.reporting.figures.class_heatmap import class_heatmap
from robustbench_seg.reporting.figures.cost_scatter import cost_scatter
from robustbench_seg.reporting.figures.figure_files import inline_svg, write_figure
from robustbench_seg.reporting.figures.severity_curves import severity_curves
from robustbench_seg.reporting.figures.style import line_styles
from robustbench_seg.reporting.panels import read_panels

PROTOCOL = load_protocol()


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    write_run(runs, "alpha", steady)
    write_run(runs, "be$ta", weaker)
    (panel,) = read_panels([runs])
    return panel


def test_sixteen_curves_with_what_does_not_score_on_grey(panel):
    figure = severity_curves(panel.per_severity, PROTOCOL)
    assert len(figure.axes) == 16
    for axis, spec in zip(figure.axes, PROTOCOL.perturbations, strict=True):
        assert axis.get_title(loc="left") == spec.name.replace("_", " ")
        lines = [line for line in axis.get_lines() if line.get_marker() == "None"]
        assert len(lines) == 2
        np.testing.assert_array_equal(lines[0].get_xdata(), range(6))
        np.testing.assert_allclose(lines[0].get_ydata(), [80, 76, 72, 68, 64, 60])
        assert len(axis.patches) == (2 if spec.category == "noise" else 0)


@pytest.mark.parametrize("count", [15, 19])
def test_any_number_of_curves_with_severities_under_each_column(panel, count):
    known = merged(map(load_protocol, ["mpc-15", "cityscapes-c"]))
    protocol = replace(known, perturbations=known.perturbations[:count])
    figure = severity_curves(panel.per_severity, protocol)
    shown = [axis for axis in figure.axes if axis.get_visible()]
    assert len(shown) == count
    titles = [axis.get_title(loc="left").replace(" ", "_") for axis in shown]
    assert tuple(titles) == protocol.names
    figure.draw_without_rendering()
    labelled = [any(t.get_visible() and t.get_text() for t in a.get_xticklabels()) for a in shown]
    assert labelled == [False] * (count - 4) + [True] * 4


def test_class_heatmap_parts_categories_wherever_they_change():
    known = merged(map(load_protocol, ["cityscapes-c", "mpc-15"]))
    grid = pd.DataFrame(50.0, index=["road", "car"], columns=["clean", *known.names])
    axis = class_heatmap("alpha", grid, known).axes[0]
    starts = [line.get_xdata()[0] for line in axis.get_lines()]
    # four of each category, then zoom blur apart from the other blurs, and two digital ones
    assert starts == [1, 5, 9, 13, 17, 18]


def test_class_heatmap_shows_the_grid(panel):
    grid = panel.class_grid("alpha")
    figure = class_heatmap("alpha", grid, PROTOCOL)
    texts = [text.get_text() for text in figure.axes[0].texts]
    # road and car: clean 80, then blur 68, noise 72, digital 68, weather 68; sky occurs nowhere
    assert texts == 2 * ["80", *4 * ["68"], *4 * ["72"], *8 * ["68"]]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["road", "car", "sky"]


def test_many_classes_stay_readable_without_numbers():
    grid = pd.DataFrame(
        50.0, index=[f"c{i}" for i in range(150)], columns=["clean", *PROTOCOL.names]
    )
    figure = class_heatmap("alpha", grid, PROTOCOL)
    assert not figure.axes[0].texts
    assert figure.get_figheight() < 25


def test_the_same_numbers_give_the_same_bytes(panel, tmp_path):
    for name in ("one", "two"):
        grid = panel.class_grid("alpha")
        write_figure(class_heatmap("a", grid, PROTOCOL), tmp_path / name)
    for suffix in ("svg", "png"):
        one, two = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in ("one", "two"))
        assert one == two
        assert b"20" + b"26-" not in one  # no date


def test_inline_svg_is_labelled_and_has_its_own_identifiers(panel, tmp_path):
    figure = class_heatmap("be$ta", panel.class_grid("be$ta"), PROTOCOL)
    svg = write_figure(figure, tmp_path / "f.v2")
    assert (tmp_path / "f.v2.svg").is_file()
    inline = inline_svg(svg, 'a "label" <b>', "x1")
    tree = ET.fromstring(inline)
    assert tree.get("aria-label") == 'a "label" <b>'
    assert tree.get("role") == "img"
    identifiers = [node.get("id") for node in tree.iter() if node.get("id")]
    assert len(identifiers) == len(set(identifiers)) > 20
    assert all(name.startswith("x1-") for name in identifiers)
    for target in re.findall(r'(?:url\(#|href="#)([^")]+)', inline):
        assert target in identifiers
    assert "be$ta" in "".join(tree.itertext())
    assert "http" not in inline


def test_each_model_has_its_own_line():
    styles = line_styles([f"m{i}" for i in range(23)])
    assert len(set(styles.values())) == 23
    many = [f"m{i}" for i in range(40)]
    assert list(line_styles(many)) == many


def test_a_page_shows_a_narrow_figure_at_the_scale_of_a_wide_one(tmp_path):
    """With one kind of cost known, as for users' models, its plot is as large as one of two."""
    known = pd.DataFrame({"model": ["a"], "clean": [80.0], "mean": [70.0], "GMAC per image": [8.0]})
    widths = []
    for costs in (known, known.assign(**{"seconds per image": 0.1})):
        svg = inline_svg(write_figure(cost_scatter(costs), tmp_path / "cost"), "label", "id")
        root = ET.fromstring(svg)
        inches = float(root.get("style").removeprefix("--width:"))
        assert inches == pytest.approx(float(root.get("viewBox").split()[2]) / 72)
        widths.append(inches)
    assert widths == [5.5, 11]
