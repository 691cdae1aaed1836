"""Boundary IoU against its definition, as the authors' code writes it for one mask."""

import cv2
import numpy as np
import pytest

from robustbench_seg.measures import Prediction, Truth, select_measures
from tests.measures.scenes import scene

(BOUNDARY_IOU,) = select_measures(["boundary_iou"])


def observed(truth, labels, classes):
    prediction = Prediction(labels, truth, classes)
    return BOUNDARY_IOU.observe(BOUNDARY_IOU.prepare(Truth(truth)), prediction)


def mask_to_boundary(mask, dilation_ratio):
    """The band of a binary mask: what `dilation` erosions by 3x3 take away.

    Written after mask_to_boundary of github.com/bowenc0221/boundary-iou-api.
    """
    height, width = mask.shape
    dilation = max(1, round(dilation_ratio * np.sqrt(height**2 + width**2)))
    framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    eroded = cv2.erode(framed, np.ones((3, 3), np.uint8), iterations=dilation)
    return (mask - eroded[1 : height + 1, 1 : width + 1]).astype(bool)


def naive(pairs, classes, ratio):
    """The mean over the classes of intersection over union, summed over images."""
    ious = []
    for index in range(classes):
        intersection = union = 0
        for truth, labels in pairs:
            scored = truth != 255
            true = mask_to_boundary((truth == index).astype(np.uint8), ratio) & scored
            predicted = mask_to_boundary((labels == index).astype(np.uint8), ratio) & scored
            intersection += (true & predicted).sum()
            union += (true | predicted).sum()
        if union:
            ious.append(intersection / union)
    return 100 * np.mean(ious)


@pytest.mark.parametrize("size", [(20, 30), (120, 200), (150, 75), (256, 512)])
def test_as_the_authors_define_it(size):
    pairs = []
    for seed in range(3):
        truth = scene(size, seed)
        guess = np.roll(truth, (2, 3), (0, 1))
        guess[guess == 255] = 2
        pairs.append((truth, guess))
    assert any((truth == 255).any() for truth, _ in pairs)
    counts = np.sum([observed(*pair, 4) for pair in pairs], axis=0)
    scores = BOUNDARY_IOU.compute(BOUNDARY_IOU.pooled(counts))
    for name, ratio in (("boundary_iou", 0.02), ("boundary_iou_fine", 0.005)):
        assert scores[name] == pytest.approx(naive(pairs, 4, ratio), abs=1e-12)
    if size[0] > 200:
        assert scores["boundary_iou_fine"] < scores["boundary_iou"]


def test_a_prediction_that_is_right_everywhere():
    truth = scene((90, 120), 1) % 255 % 3
    scores = BOUNDARY_IOU.compute(observed(truth, truth, 3))
    assert [float(score) for score in scores.values()] == [100.0, 100.0]


def test_the_distance_at_the_size_of_cityscapes():
    truth = np.zeros((1024, 2048), np.uint8)
    truth[:, 1000:] = 1
    counts = observed(truth, truth, 2)
    for distance, (both, of_truth, predicted) in zip((46, 11), counts, strict=True):
        inside = (1024 - 2 * distance) * (1000 - 2 * distance)
        assert both[0] == of_truth[0] == predicted[0] == 1024 * 1000 - inside
