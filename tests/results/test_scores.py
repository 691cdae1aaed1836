import cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling as official  # noqa: N813
import numpy as np
import pandas as pd
import pytest
from cityscapesscripts.helpers.labels import trainId2label
from PIL import Image

from robustbench_seg.measures import (
    class_counts,
    confusion_matrix,
    iou_of_counts,
    mean_iou,
    miou_of_counts,
)
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results.models.bootstrap import bootstrap
from robustbench_seg.results.summaries.summary import category_means
from robustbench_seg.store import class_scores, condition_scores

FOG = Condition("fog", 3)


def test_a_condition_by_hand(table):
    # Summed: class 0: 6 of 8 + 1; class 1: 3 of 5 + 2; class 2: in neither truth nor prediction.
    one = np.array([[2, 2, 0], [1, 3, 0], [0, 0, 0]])
    two = np.array([[4, 0, 0], [0, 0, 0], [0, 0, 0]])
    scores = condition_scores(table({FOG: [one, two]}))
    assert len(scores) == 1
    ious = 6 / 9, 3 / 6
    assert scores["miou"][0] == pytest.approx(100 * (ious[0] + ious[1]) / 2)
    assert scores[["images", "complete"]].to_numpy().tolist() == [[2, True]]
    # Not the mean of the images' scores, which differs.
    own = (mean_iou(one) + mean_iou(two)) / 2
    assert scores["miou"][0] != pytest.approx(own, abs=1)
    classes = class_scores(table({FOG: [one, two]}))
    assert classes["class"].tolist() == ["x", "y", "z"]
    assert classes["iou"][:2].tolist() == pytest.approx([100 * i for i in ious])
    assert np.isnan(classes["iou"][2])


def test_a_class_only_predicted_or_only_missed_scores_zero(table):
    matrix = np.array([[4, 1, 0], [0, 0, 0], [1, 0, 0]])
    scores = class_scores(table({CLEAN: [matrix]}))
    assert scores["iou"].tolist() == pytest.approx([100 * 4 / 6, 0, 0])


@pytest.mark.parametrize("absent", [(), (3, 7)])
def test_as_the_official_evaluation_of_cityscapes(table, tmp_path, absent):
    rng = np.random.default_rng(1)
    present = [i for i in range(19) if i not in absent]
    arguments = official.args
    arguments.evalInstLevelScore = arguments.evalPixelAccuracy = False
    whole = official.generateMatrix(arguments)
    ids = np.array([trainId2label[i].id for i in range(19)] + [0] * 237, np.uint8)
    matrices = []
    for _ in range(3):
        labels = rng.choice(np.array([*present, 255], np.uint8), (30, 40))
        right = rng.random((30, 40)) < 0.6
        guess = rng.choice(np.array(present, np.uint8), (30, 40))
        prediction = np.where(right & (labels != 255), labels, guess).astype(np.uint8)
        matrices.append(confusion_matrix(labels, prediction, 19))
        for name, pixels in (("truth", ids[labels]), ("seen", ids[prediction])):
            Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        files = str(tmp_path / "seen.png"), str(tmp_path / "truth.png")
        official.evaluatePair(*files, whole, {}, {}, arguments)
    ious = {
        trainId2label[i].name: official.getIouScoreForLabel(trainId2label[i].id, whole, arguments)
        for i in range(19)
    }
    rows = table({CLEAN: matrices})
    rows["classes"] = [tuple(ious)] * 3
    mine = class_scores(rows).set_index("class")["iou"]
    assert mine.to_dict() == pytest.approx({k: 100 * v for k, v in ious.items()}, nan_ok=True)
    assert np.isnan(mine).sum() == len(absent)
    expected = 100 * official.getScoreAverage(ious, arguments)
    assert condition_scores(rows)["miou"][0] == pytest.approx(expected)


def test_counts_give_the_iou_of_their_matrices():
    stack = np.random.default_rng(0).integers(0, 50, (7, 5, 5))
    stack[:, 2] = stack[:, :, 2] = 0
    counts = np.stack([class_counts(matrix) for matrix in stack])
    for matrix, scores in zip(stack, iou_of_counts(counts), strict=True):
        for k in (0, 1, 3, 4):
            union = matrix[k].sum() + matrix[:, k].sum() - matrix[k, k]
            assert scores[k] == pytest.approx(100 * matrix[k, k] / union)
        assert np.isnan(scores[2])
    assert miou_of_counts(counts) == pytest.approx([mean_iou(matrix) for matrix in stack])
    assert miou_of_counts(counts.sum(0)) == pytest.approx(mean_iou(stack.sum(0)))
    assert np.isnan(miou_of_counts(np.zeros((3, 5), np.int64)))


def summary_of(rows, protocol):
    return bootstrap(rows, protocol, resamples=0).summary


def test_a_protocol_by_its_definition(table, whole, protocol):
    matrices = whole(4)
    summary = summary_of(table(matrices), protocol)
    cells = []
    for perturbation in protocol.perturbations:
        levels = (1, 2, 3) if perturbation.category == "noise" else (1, 2, 3, 4, 5)
        mious = [mean_iou(sum(matrices[Condition(perturbation.name, s)])) for s in levels]
        cells.append(sum(mious) / len(levels))
        assert summary.perturbations[perturbation.name] == pytest.approx(cells[-1])
    assert len(cells) == 16
    assert summary.clean == pytest.approx(mean_iou(sum(matrices[CLEAN])))
    assert summary.mean == pytest.approx(sum(cells) / 16)
    assert summary.retention == pytest.approx(100 * summary.mean / summary.clean)


def test_severities_that_do_not_score_change_nothing(table, whole, protocol):
    matrices = whole(2)
    without = summary_of(table(matrices), protocol)
    matrices[Condition("shot_noise", 5)] = [np.diag([9, 9, 9])] * 2
    scores = summary_of(table(matrices), protocol)
    assert scores.perturbations == without.perturbations
    assert (scores.mean, scores.retention) == (without.mean, without.retention)


def test_what_is_incomplete_has_no_score(table, whole, protocol):
    matrices = whole(3)
    del matrices[Condition("fog", 4)]
    matrices[Condition("snow", 2)].pop()
    matrices[Condition("frost", 1)][1] = None
    summary = summary_of(table(matrices), protocol)
    empty = [name for name, score in summary.perturbations.items() if np.isnan(score[0])]
    assert empty == ["snow", "fog", "frost"]
    assert np.isnan([summary.mean, summary.retention]).all()
    assert not np.isnan(summary.clean).any()
    assert [name for name, score in summary.categories.items() if np.isnan(score[0])] == ["weather"]


def test_clean_needs_all_its_images(table, whole, protocol):
    matrices = whole(3)
    matrices[CLEAN][0] = None
    summary = summary_of(table(matrices), protocol)
    assert np.isnan([summary.clean, summary.retention]).all()
    assert not np.isnan(summary.mean).any()


def test_categories_are_plain_means_in_protocol_order(protocol):
    scores = {name: np.array([float(i)]) for i, name in enumerate(protocol.names)}
    means = category_means(scores, protocol)
    assert list(means) == ["blur", "noise", "digital", "weather"]
    assert [mean[0] for mean in means.values()] == [1.5, 5.5, 9.5, 13.5]


def test_no_rows_no_scores(table):
    nothing = table({CLEAN: [None]})
    assert condition_scores(nothing).empty
    assert class_scores(nothing).empty


def test_counts_score_as_matrices_do(table, whole):
    matrices = table(whole(2))
    pooled = [class_counts(matrix) for matrix in matrices["matrix"]]
    counts = matrices.assign(**{"pooled confusion": pooled}).drop(columns="matrix")
    pd.testing.assert_frame_equal(condition_scores(counts), condition_scores(matrices))
    pd.testing.assert_frame_equal(class_scores(counts), class_scores(matrices))
