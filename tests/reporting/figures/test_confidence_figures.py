"""Reliability diagrams and risk-coverage curves: they show the counts of the right conditions."""

import numpy as np
import pytest
from fake_runs import steady, weaker, write_run

from robustbench_seg.measures import CONFIDENCE, SCALED_CONFIDENCE
from robustbench_seg.reporting.figures.confidence_figures import (
    category_reliability,
    confidence_overview,
)
from robustbench_seg.reporting.page.figures import write_panel_figures
from robustbench_seg.reporting.page.score_sections import confidence_section
from robustbench_seg.reporting.panels import confidence_curves, read_panels


def accuracy(iou: float) -> float:
    """Share of right pixels in an image as matrix_of makes it."""
    return 4 * iou / (4 * iou + 2 * (100 - iou))


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    write_run(runs, "alpha", steady, confidence=0.9)
    write_run(runs, "beta", weaker, about={"no_confidence": "the graph ends in labels"})
    write_run(runs, "gamma", weaker, confidence=0.7)
    (panel,) = read_panels([runs])
    return panel


def curves(panel, name="alpha"):
    return confidence_curves(panel.model(name), panel.protocol, CONFIDENCE)


def test_a_group_holds_the_pixels_of_its_conditions(panel):
    found = curves(panel)
    for severity in (0, 3, 5):
        (accuracies,) = found.all[severity].accuracy[np.isfinite(found.all[severity].accuracy)]
        assert accuracies == pytest.approx(accuracy(80 - 4 * severity))
        assert found.all[severity].risk[-1] == pytest.approx(1 - accuracy(80 - 4 * severity))
    # The images of gamma score 78, 79 and 80 clean; fog costs 8 points, other weather 6.
    fog = [accuracy(78 + i - 8 * 5) for i in range(3)]
    other = [accuracy(78 + i - 6 * 5) for i in range(3)]
    pixels = [1 / accuracy(78 + i - cost * 5) for cost in (8, 6) for i in range(3)]
    assert len(set(pixels)) == 6  # the images have different numbers of pixels
    weather = curves(panel, "gamma").categories["weather"][5]
    low, high = min(*fog, *other), max(*fog, *other)
    assert low < 1 - weather.risk[-1] < high
    noise = curves(panel, "gamma").categories["noise"][5]
    assert noise.risk[-1] < weather.risk[-1]


def test_what_lacks_an_image_is_left_out(tmp_path):
    def holes(corruption: str, severity: int, image: int) -> int | None:
        return None if (corruption, severity) == ("fog", 5) else 60

    write_run(tmp_path, "alpha", holes, confidence=0.9)
    (panel,) = read_panels([tmp_path])
    found = curves(panel)
    assert set(found.all) == {0, 3}
    assert set(found.categories["weather"]) == {0, 3}
    assert set(found.categories["blur"]) == {0, 3, 5}


def test_the_overview_has_a_line_for_each_model(panel):
    models = {name: curves(panel, name) for name in ("alpha", "gamma")}
    names = [row.name for row in panel.models]
    figure = confidence_overview(models, names, "all corruptions")
    above, below = np.array(figure.axes).reshape(2, 3)
    assert [axis.get_title(loc="left") for axis in above] == [
        "clean",
        "all corruptions, severity 3",
        "all corruptions, severity 5",
    ]
    for axis, severity in zip(below, (0, 3, 5), strict=True):
        lines = {line.get_color(): line.get_ydata() for line in axis.lines}
        assert len(lines) == 2
        assert lines["#0173b2"][-1] == pytest.approx(100 * (1 - accuracy(80 - 4 * severity)))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["alpha", "gamma"]


def test_the_details_have_a_column_for_each_category(panel):
    figure = category_reliability("alpha", {"raw": curves(panel)})
    assert [axis.get_title(loc="left") for axis in figure.axes] == [
        "blur",
        "noise",
        "digital",
        "weather",
    ]
    points = [line.get_xydata()[0] for line in figure.axes[1].lines[1:] if len(line.get_xdata())]
    wanted = [(90, 100 * accuracy(80 - 4 * severity)) for severity in (0, 3, 5)]
    for point in wanted:
        assert any(np.allclose(point, other, atol=0.01) for other in points)


def test_they_are_files_and_parts_of_the_page(panel, tmp_path, monkeypatch, blank):
    blank(monkeypatch, ("severity_curves", "class_heatmap"))
    figures = write_panel_figures(panel, "stem", tmp_path)
    names = {path.name for path in tmp_path.glob("stem-*") if "classes" not in path.name}
    wanted = ("confidence", "reliability-alpha", "reliability-gamma")
    assert {f"stem-{name}.{kind}" for name in wanted for kind in ("svg", "png")} <= names
    assert figures.confidence.title.startswith("Confidence and accuracy, minicity val")
    assert [figure.title for figure in figures.reliability] == [
        "Reliability by category, alpha",
        "Reliability by category, gamma",
    ]
    assert figures.reliability_note == ""


def test_models_without_confidence_are_named_with_the_reason(panel):
    assert confidence_curves(panel.model("beta"), panel.protocol, CONFIDENCE) is None
    assert confidence_curves(panel.model("alpha"), panel.protocol, SCALED_CONFIDENCE) is None
    assert confidence_section(panel).without_scores == ["beta: the graph ends in labels."]
