"""Every image has equal weight: against a case by hand, and against torchmetrics."""

import numpy as np
import pytest

from robustbench_seg.measures import (
    MEASURES,
    Confidence,
    Prediction,
    Truth,
    mean_iou,
    select_measures,
)
from tests.measures.scenes import scene

(IMAGE_MIOU,) = select_measures(["image_miou"])
rng = np.random.default_rng(0)


def observed(truth, labels, classes=3):
    prediction = Prediction(np.array(labels, np.uint8), np.array(truth, np.uint8), classes)
    return IMAGE_MIOU.observe(IMAGE_MIOU.prepare(Truth(prediction.truth)), prediction)


def score(*counts):
    pooled = np.sum([IMAGE_MIOU.pooled(one) for one in counts], axis=0)
    return IMAGE_MIOU.compute(pooled)["image_miou"]


def test_a_case_by_hand():
    # Class 0: 1 of 2; class 1: 1 of 2 (the ignored pixel does not count); class 2 is absent.
    first = observed([[0, 0, 1, 255]], [[0, 1, 1, 2]])
    assert first.tolist() == [50.0, 1.0]
    # All pixels are right, in a single class.
    second = observed([[2, 2, 2, 2]], [[2, 2, 2, 2]])
    assert second.tolist() == [100.0, 1.0]
    assert score(first, second) == 75.0
    # The mIoU of the pooled pixels differs: 1/2, 1/2 and 1.
    matrix = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 4]])
    assert mean_iou(matrix) == pytest.approx(100 * 2 / 3)


def test_an_image_without_a_scored_pixel_does_not_count():
    nothing = observed([[255, 255]], [[0, 1]])
    assert nothing.tolist() == [0.0, 0.0]
    half = observed([[0, 1]], [[0, 0]])
    assert score(half, nothing) == score(half) == pytest.approx(25.0)
    assert np.isnan(score(nothing))


def test_it_is_the_average_of_each_images_own_score():
    images = [(rng.integers(0, 3, (8, 9)), rng.integers(0, 3, (8, 9))) for _ in range(5)]
    counts = [observed(truth, labels) for truth, labels in images]
    own = []
    for truth, labels in images:
        ious = []
        for index in range(3):
            union = ((truth == index) | (labels == index)).sum()
            if union:
                ious.append(((truth == index) & (labels == index)).sum() / union)
        own.append(100 * np.mean(ious))
    assert score(*counts) == pytest.approx(np.mean(own))


def test_as_torchmetrics_averages_images():
    torch = pytest.importorskip("torch")
    segmentation = pytest.importorskip("torchmetrics.segmentation")
    truth, labels = rng.integers(0, 3, (2, 6, 20, 20))
    metric = segmentation.MeanIoU(num_classes=3, input_format="index")
    metric.update(torch.tensor(labels), torch.tensor(truth))
    counts = [observed(t, p) for t, p in zip(truth, labels, strict=True)]
    assert score(*counts) == pytest.approx(100 * float(metric.compute()))


def test_many_draws_are_scored_at_once():
    pooled = np.array([[50.0, 1.0], [300.0, 4.0], [0.0, 0.0]])
    scores = IMAGE_MIOU.compute(pooled)["image_miou"]
    assert scores[:2].tolist() == [50.0, 75.0]
    assert np.isnan(scores[2])


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_what_every_measure_promises(measure):
    """Of its shape, of a type that adds up exactly, and pooled before or after it is added."""
    truths = np.stack([scene((40, 60), seed, 3) for seed in range(4)])
    answers = np.stack([scene((40, 60), seed, 3) % 255 for seed in range(4, 8)])
    sure = [Confidence(rng.uniform(0, 0.6, (40, 60)).astype(np.float32), 30.0, 20.0)] * 2
    each = [
        measure.observe(measure.prepare(Truth(truth)), Prediction(labels, truth, 3, *sure))
        for truth, labels in zip(truths, answers, strict=True)
    ]
    assert {one.shape for one in each} == {measure.shape(3)}
    assert {str(one.dtype) for one in each} <= {"int64", "float64"}
    stack = np.stack(each)
    pooled = measure.pooled(stack)
    assert np.allclose(pooled, [measure.pooled(one) for one in each])
    scores = measure.compute(pooled.sum(0))
    assert scores.keys() == {score.name for score in measure.infos}
    for info in measure.infos:
        assert info.limits[0] <= scores[info.name] <= info.limits[1]
    drawn = measure.compute(np.stack([pooled.sum(0), np.zeros_like(pooled[0])]))
    for name, value in scores.items():
        assert drawn[name][0] == pytest.approx(value)
        assert np.isnan(drawn[name][1]), "nothing counted, no score"
