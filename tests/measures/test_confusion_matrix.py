import numpy as np
import pytest
import torch
from PIL import Image
from torchmetrics.classification import MulticlassConfusionMatrix, MulticlassJaccardIndex

from robustbench_seg.errors import DatasetError, ModelError
from robustbench_seg.measures import (
    class_counts,
    confusion_matrix,
    iou_of_counts,
    mean_iou,
)


def iou(matrix):
    return iou_of_counts(class_counts(matrix))


def test_rows_are_truth_and_columns_predictions():
    truth = np.array([[0, 0, 1], [2, 255, 255]], np.uint8)
    seen = np.array([[0, 1, 1], [0, 2, 0]], np.uint8)
    matrix = confusion_matrix(truth, seen, 3)
    assert matrix.dtype == np.int64
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize("classes", [19, 171, 255])
def test_uint8_indices_do_not_overflow(classes):
    # 18 * 19 + 18 = 360 does not fit in the type of the labels.
    last = np.full((3, 5), classes - 1, np.uint8)
    matrix = confusion_matrix(last, last, classes)
    assert matrix[-1, -1] == 15
    assert matrix.sum() == 15


def test_counts_one_by_one():
    rng = np.random.default_rng(0)
    truth = rng.choice(np.array([0, 1, 2, 3, 255], np.uint8), (20, 30))
    seen = rng.integers(0, 4, (20, 30), np.uint8)
    expected = np.zeros((4, 4), np.int64)
    for t, p in zip(truth.ravel().tolist(), seen.ravel().tolist(), strict=True):
        if t != 255:
            expected[t, p] += 1
    assert np.array_equal(confusion_matrix(truth, seen, 4), expected)


def test_nothing_scored_gives_zeros():
    nothing = np.full((2, 2), 255, np.uint8)
    matrix = confusion_matrix(nothing, np.zeros((2, 2), np.uint8), 2)
    assert matrix.tolist() == [[0, 0], [0, 0]]
    assert np.isnan(iou(matrix)).all()
    assert np.isnan(mean_iou(matrix))


@pytest.mark.parametrize(
    ("truth", "seen", "error", "message"),
    [
        (
            [[0, 1]],
            [[0]],
            ModelError,
            r"the predictions have shape \(1, 1\), the labels \(1, 2\)",
        ),
        (
            [[0, 1]],
            [[0, 2]],
            ModelError,
            "predictions from 0 to 2 (is|are) out of range for 2 classes",
        ),
        (
            [[0, 1]],
            [[0, -1]],
            ModelError,
            "predictions from -1 to 0 (is|are) out of range for 2 classes",
        ),
        ([[0, 7]], [[0, 1]], DatasetError, "label 7 (is|are) out of range for 2 classes"),
        ([[-1, 0]], [[0, 1]], DatasetError, "labels from -1 to 0"),
    ],
)
def test_what_is_no_class_is_named(truth, seen, error, message):
    with pytest.raises(error, match=message):
        confusion_matrix(np.array(truth), np.array(seen), 2)


def test_iou_by_hand():
    # class 0: 3 true positives, 1 false negative, 2 false positives; class 1: 4, 2 and 1; class 2
    # is in neither.
    matrix = np.array([[3, 1, 0], [2, 4, 0], [0, 0, 0]])
    assert iou(matrix)[:2] == pytest.approx([100 * 3 / 6, 100 * 4 / 7])
    assert np.isnan(iou(matrix)[2])
    assert mean_iou(matrix) == pytest.approx(100 * (1 / 2 + 4 / 7) / 2)


def test_a_class_only_predicted_scores_zero():
    matrix = np.array([[3, 1], [0, 0]])
    assert iou(matrix).tolist() == [75, 0]


def test_iou_of_a_stack_is_that_of_each():
    stack = np.random.default_rng(1).integers(0, 9, (4, 2, 5, 5))
    each = [[iou(matrix) for matrix in row] for row in stack]
    assert np.array_equal(iou(stack), each, equal_nan=True)


@pytest.mark.parametrize("absent", [(), (0, 5, 18)])
def test_agrees_with_torchmetrics(absent):
    rng = np.random.default_rng(7)
    present = [i for i in range(19) if i not in absent]
    metric = MulticlassConfusionMatrix(num_classes=19, ignore_index=255)
    jaccard = MulticlassJaccardIndex(num_classes=19, ignore_index=255, average="none")
    matrix = np.zeros((19, 19), np.int64)
    for _ in range(3):
        truth = rng.choice(np.array([*present, 255], np.uint8), (30, 40))
        guess = rng.choice(np.array(present, np.uint8), (30, 40))
        seen = np.where((rng.random((30, 40)) < 0.5) & (truth != 255), truth, guess)
        pair = [torch.from_numpy(pixels.astype(np.int64)) for pixels in (seen, truth)]
        metric.update(*pair)
        jaccard.update(*pair)
        matrix += confusion_matrix(truth, seen, 19)
    assert np.array_equal(matrix, metric.compute().numpy())
    assert iou(matrix)[present] == pytest.approx(100 * jaccard.compute().numpy()[present], abs=1e-4)
    # torchmetrics scores an absent class 0; here, as in the official evaluation, it has no score.
    assert np.flatnonzero(np.isnan(iou(matrix))).tolist() == list(absent)
    assert mean_iou(matrix) == pytest.approx(100 * float(jaccard.compute()[present].mean()))


def test_mean_iou_of_three_classes_by_hand():
    # True positives: 4 of 6, 3 of 5 and 1 of 3. False positives: 2, 2 and 2.
    matrix = np.array([[4, 1, 1], [1, 3, 1], [1, 1, 1]])
    assert iou(matrix) == pytest.approx([100 * 4 / 8, 100 * 3 / 7, 100 * 1 / 5])
    assert mean_iou(matrix) == pytest.approx(100 * (4 / 8 + 3 / 7 + 1 / 5) / 3)


def test_ignored_pixels_change_nothing_whatever_is_predicted_there():
    rng = np.random.default_rng(8)
    truth = rng.integers(0, 3, (20, 20), np.uint8)
    seen = rng.integers(0, 3, (20, 20), np.uint8)
    whole = confusion_matrix(truth[:15], seen[:15], 3)
    truth[15:] = 255
    for guess in range(3):
        seen[15:] = guess
        assert np.array_equal(confusion_matrix(truth, seen, 3), whole)


def test_agrees_with_cityscapes_own_evaluation(tmp_path):
    official = pytest.importorskip("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")
    from cityscapesscripts.helpers.labels import labels as definitions

    kept = {label.trainId: label.id for label in definitions if 0 <= label.trainId < 19}
    rng = np.random.default_rng(2)
    truth = rng.choice(np.array([*range(18), 255], np.uint8), (40, 60))  # class 18 is absent
    seen = np.where(rng.random((40, 60)) < 0.6, truth, 0).astype(np.uint8)
    seen[seen == 255] = 3

    ids = np.zeros(256, np.uint8)
    for train_id, label_id in kept.items():
        ids[train_id] = label_id
    ids[255] = 4  # "static": ignored by the evaluation
    paths = [str(tmp_path / f"{name}.png") for name in ("seen", "truth")]
    for path, pixels in zip(paths, (ids[seen], ids[truth]), strict=True):
        Image.fromarray(pixels).save(path)
    official.args.evalLabels = [label.id for label in definitions if label.id >= 0]
    official.args.evalInstLevelScore = official.args.evalPixelAccuracy = False
    counts = official.generateMatrix(official.args)
    official.evaluatePair(*paths, counts, {}, {}, official.args)

    matrix = confusion_matrix(truth, seen, 19)
    order = [kept[train_id] for train_id in range(19)]
    assert np.array_equal(matrix, counts[np.ix_(order, order)])
    expected = [official.getIouScoreForLabel(i, counts, official.args) for i in order]
    assert iou(matrix) == pytest.approx(100 * np.array(expected), nan_ok=True)
    assert mean_iou(matrix) == pytest.approx(100 * np.nanmean(expected))
