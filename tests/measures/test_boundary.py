"""Pixels near a boundary and the others: against distances measured pixel by pixel."""

import numpy as np
import pytest

from robustbench_seg.measures import Prediction, Truth, mean_iou, select_measures
from robustbench_seg.measures.boundary import DISTANCES, pixels_at
from tests.measures.scenes import scene

(BOUNDARY,) = select_measures(["boundary"])


def observed(truth, labels, classes=3):
    truth, labels = np.array(truth, np.uint8), np.array(labels, np.uint8)
    return BOUNDARY.observe(BOUNDARY.prepare(Truth(truth)), Prediction(labels, truth, classes))


def is_near(truth, distance):
    """Whether another class lies within `distance` rows and columns of each pixel."""
    height, width = truth.shape
    padded = np.pad(truth, distance, constant_values=255)
    near = np.zeros(truth.shape, bool)
    for y in range(2 * distance + 1):
        for x in range(2 * distance + 1):
            other = padded[y : y + height, x : x + width]
            near |= (other != 255) & (other != truth)
    return near & (truth != 255)


def matrix(truth, labels, chosen, classes):
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (truth[chosen], labels[chosen]), 1)
    return counts


@pytest.mark.parametrize("size", [(48, 96), (520, 1040)])
def test_each_distance_against_a_matrix_of_the_pixels_that_are_near(size):
    truth, labels = scene(size, seed=1), scene(size, seed=2)
    labels[labels == 255] = 0
    # Half of the prediction is right, so that near and far scores differ.
    labels = np.where(np.arange(size[1]) % 2, truth, labels) % 255 % 4
    scores = BOUNDARY.compute(observed(truth, labels, 4))
    sizes = set()
    for distance in DISTANCES:
        own = max(1, int(np.hypot(*size) / np.hypot(1024, 2048) * distance + 0.5))
        sizes.add(own)
        near = is_near(truth, own)
        for name, chosen in (("boundary", near), ("interior", ~near & (truth != 255))):
            assert chosen.any()
            wanted = mean_iou(matrix(truth, labels, chosen, 4))
            assert scores[f"{name}_miou_{distance}"] == pytest.approx(wanted, abs=1e-12)
    assert len(sizes) == (1 if size[0] == 48 else 3)


def test_a_case_by_hand():
    truth = np.zeros((8, 20), np.uint8)
    truth[:, 10:] = 1
    labels = truth.copy()
    labels[:, 10] = 0  # one column of class 1, next to the boundary
    scores = BOUNDARY.compute(observed(truth, labels, 2))
    # Within one pixel: IoU is 8 / 16 for class 0, 0 / 8 for class 1. All other pixels are right.
    assert scores["boundary_miou_2"] == 25.0
    assert scores["interior_miou_2"] == 100.0


def test_a_border_with_void_is_no_boundary_and_void_hides_none():
    truth = np.zeros((8, 20), np.uint8)
    truth[:, 10:] = 255
    assert np.isnan(BOUNDARY.compute(observed(truth, truth * 0, 2))["boundary_miou_8"])
    truth[:, 12:] = 1  # class 1 begins three pixels from class 0, at this size too far
    assert np.isnan(BOUNDARY.compute(observed(truth, truth * 0, 2))["boundary_miou_2"])
    truth[:, 11:] = 1
    truth[:, 10] = 255
    truth[:, 9] = 255
    truth[0, 10] = 0
    assert BOUNDARY.compute(observed(truth, truth % 255, 2))["boundary_miou_2"] == 100.0


def test_zones_add_up_to_the_confusion_matrix():
    truth, labels = scene((64, 90), seed=5), scene((64, 90), seed=6) % 255 % 4
    counts = observed(truth, labels, 4).sum(axis=0)
    whole = matrix(truth, labels, truth != 255, 4)
    assert counts.tolist() == [
        np.diagonal(whole).tolist(), whole.sum(1).tolist(), whole.sum(0).tolist(),
    ]  # fmt: skip


def test_a_distance_is_a_share_of_the_diagonal():
    assert [pixels_at(d, (1024, 2048)) for d in DISTANCES] == [2, 4, 8]
    assert [pixels_at(d, (512, 1024)) for d in DISTANCES] == [1, 2, 4]
    assert [pixels_at(d, (192, 384)) for d in DISTANCES] == [1, 1, 2]
    assert [pixels_at(d, (422, 844)) for d in DISTANCES] == [1, 2, 3]  # 0.8, 1.6 and 3.3
    assert [pixels_at(d, (2048, 4096)) for d in DISTANCES] == [4, 8, 16]
