"""The published clean score beside the measured one."""

import numpy as np
import pytest

from robustbench_seg.records.protocol import CLEAN, Condition
from robustbench_seg.results import Row, RunFolder, clean_gaps


def write(root, published, right=90, images=1, model="net"):
    record = {"model": model, "dataset": "cityscapes", "split": "val", "images": images}
    record |= {"classes": ["a", "b"], "key": {"model": model}, "published": published}
    record |= {"stream": "fast", "seed": 0, "protocol": "cityscapes-c"}
    folder = RunFolder.open(root, record)
    matrix = np.array([[right, 100 - right], [100 - right, right]])
    fog = Condition("fog", 1)
    folder.add(0, [Row("1.png", CLEAN, matrix), Row("1.png", fog, np.ones((2, 2), np.int64))])
    return folder.path


def test_a_gap_is_told(tmp_path):
    """90 of 100 right in each class: IoU 90 / 110 = 81.8 %."""
    run = write(tmp_path, {"miou": 83.4, "source": "the paper", "dataset": "cityscapes"})
    (gap,) = clean_gaps([run])
    assert gap.startswith("net: its clean mIoU is 81.8, published is 83.4 (the paper): look for")


@pytest.mark.parametrize("miou", [80.4, 83.2])
def test_what_is_near_is_not(tmp_path, miou):
    assert clean_gaps([write(tmp_path, {"miou": miou, "source": "the paper"})]) == []


def test_nor_what_is_not_published_or_not_complete(tmp_path):
    score = {"miou": 10.0, "source": "the paper"}
    incomplete = write(tmp_path, score, images=2)
    assert clean_gaps([write(tmp_path, None, model="other"), incomplete]) == []
