"""The published clean score next to the measured one, and classes without a pixel."""

import numpy as np
import pytest

from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.records.values.published_score import Published
from robustbench_seg.results import absent_class_warnings, clean_gap_warnings
from robustbench_seg.store import Row, RunFolder


@pytest.fixture
def write(tmp_path, run_record):
    def make(published, right=90, images=1, model="net"):
        score = published and Published(*published)
        record = run_record(model, dataset="cityscapes", images=images, published=score)
        folder = RunFolder.open(tmp_path, record)
        matrix = np.array([[right, 100 - right], [100 - right, right]])
        rows = [
            Row("1.png", CLEAN, {"confusion": matrix}),
            Row("1.png", Condition("fog", 1), {"confusion": np.ones((2, 2), np.int64)}),
        ]
        folder.add(0, rows)
        return folder.path

    return make


def test_a_gap_is_said(write):
    """90 of 100 right in each class: IoU 90 / 110 = 81.8 %."""
    (gap,) = clean_gap_warnings([write((83.4, "the paper"))])
    assert gap.startswith(
        "net: its clean mIoU is 81.8, but the published one is 83.4 (the paper); check"
    )


@pytest.mark.parametrize("miou", [80.4, 83.2])
def test_what_is_near_is_not(write, miou):
    assert clean_gap_warnings([write((miou, "the paper"))]) == []


def test_nor_what_is_not_published_or_not_complete(write):
    incomplete = write((10.0, "the paper"), images=2)
    assert clean_gap_warnings([write(None, model="other"), incomplete]) == []


def test_classes_without_a_true_pixel_are_named_once(run, run_record, tmp_path):
    runs = []
    for name in ("a", "b"):
        folder = RunFolder.open(tmp_path, run_record(name, images=3))
        matrix = np.array([[0, 0], [5, 4]])  # x is only predicted
        rows = [Row(f"val/{i}.png", CLEAN, {"confusion": matrix}) for i in range(3)]
        folder.add(0, rows)
        runs.append(folder.path)
    assert absent_class_warnings(runs) == ["d: 1 of 2 classes has no true pixel in the 3 images: x"]
    assert absent_class_warnings([run("whole", images=2), run("empty", scored=0)]) == []
