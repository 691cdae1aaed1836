from itertools import pairwise

import pandas as pd
import pytest

from robustbench_seg.reporting.figures.size_figure import size_figure


def card(model, dataset, params, miou):
    architecture = model.partition("-")[0]
    return {
        "model": model,
        "architecture": architecture,
        "dataset": dataset,
        "params_m": params,
        "miou": miou,
    }


@pytest.fixture
def panels():
    rows = [
        card("segformer-b0", "cityscapes", 3.72, 76.2),
        card("deeplabv3plus-r101-openmmlab", "cityscapes", 60.2, 81.0),
        card("deeplabv3plus-mobilenetv2", "cityscapes", 2.65, None),
        card("segformer-b0-mine", "own", 3.7, 50.0),
    ]
    figure = size_figure(pd.DataFrame(rows))
    return {axis.get_title(loc="left"): axis for axis in figure.axes}


def points(axis, marker):
    lines = [line for line in axis.get_lines() if line.get_marker() == marker]
    return [point for line in lines for point in zip(*line.get_data(), strict=True)]


def test_a_panel_for_each_dataset(panels):
    assert list(panels) == ["ade20k", "cityscapes", "coco-stuff", "own"]


def test_b0_to_b5_are_a_line_of_table_1a(panels):
    (line,) = [line for line in panels["coco-stuff"].get_lines() if line.get_linestyle() == "-"]
    assert list(line.get_ydata()) == [35.6, 40.2, 44.6, 45.5, 46.5, 46.7]
    assert list(line.get_xdata()) == pytest.approx([3.8, 13.7, 27.5, 47.3, 64.1, 84.7])


def test_cards_stand_beside_it_and_those_without_a_score_are_left_out(panels):
    assert (60.2, 81.0) in points(panels["cityscapes"], "o")
    assert len(points(panels["cityscapes"], "o")) == 6 + 1  # B0 is on the line
    assert points(panels["own"], "o") == [(3.7, 50.0)]


def test_others_are_those_of_tables_2_and_4(panels):
    assert (43.7, 38.4) in points(panels["coco-stuff"], "s")
    assert (15.4, 75.2) in points(panels["cityscapes"], "s")
    assert "DeepLabV3+ MobileNetV2" in [text.get_text() for text in panels["cityscapes"].texts]


def test_no_name_hides_another(panels):
    for axis in panels.values():
        heights = sorted(text.xy[1] for text in axis.texts if not text.get_text().startswith("B"))
        low, high = axis.get_ylim()
        gaps = [b - a for a, b in pairwise(heights)]
        assert all(gap > 0.03 * (high - low) for gap in gaps)
