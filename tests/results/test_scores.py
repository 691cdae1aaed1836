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
from robustbench_seg.records.protocol import CLEAN, Condition
from robustbench_seg.results import (
    category_means,
    class_scores,
    coarsest_scores,
    condition_scores,
    protocol_scores,
    summarise,
    with_every_severity,
)

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
    # Never the mean of the images' own scores, which is another number.
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


def test_a_protocol_by_its_definition(table, whole, protocol):
    matrices = whole(4)
    scores = protocol_scores(condition_scores(table(matrices)), protocol).iloc[0]
    cells = []
    for spec in protocol.corruptions:
        levels = (1, 2, 3) if spec.category == "noise" else (1, 2, 3, 4, 5)
        mious = [mean_iou(sum(matrices[Condition(spec.name, s)])) for s in levels]
        cells.append(sum(mious) / len(levels))
        assert scores[spec.name] == pytest.approx(cells[-1])
    assert len(cells) == 16
    assert scores["clean"] == pytest.approx(mean_iou(sum(matrices[CLEAN])))
    assert scores["mean"] == pytest.approx(sum(cells) / 16)
    assert scores["retention"] == pytest.approx(100 * scores["mean"] / scores["clean"])
    assert scores["images"] == 4


def test_mpc_and_rpc_average_all_severities(table, protocol):
    rng = np.random.default_rng(3)
    every = {c: [rng.integers(0, 100, (3, 3))] for c in (CLEAN, *protocol.conditions())}
    cells = {c: np.array([mean_iou(m[0])]) for c, m in every.items()}
    summary = summarise(cells, protocol)
    mpc = np.mean([cells[c] for c in protocol.conditions()])  # 16 means of 5 are the mean of 80
    assert len(protocol.conditions()) == 80
    assert summary.mpc == pytest.approx(mpc)
    assert summary.rpc == pytest.approx(100 * mpc / cells[CLEAN])
    scores = protocol_scores(condition_scores(table(every)), with_every_severity(protocol))
    assert scores["mean"][0] == pytest.approx(mpc)
    assert scores["retention"][0] == pytest.approx(summary.rpc[0])
    assert summary.mean[0] != pytest.approx(mpc, abs=0.01)
    mine = protocol_scores(condition_scores(table(every)), protocol)
    assert mine["mean"][0] == pytest.approx(summary.mean[0])
    del cells[Condition("shot_noise", 4)]
    lacking = summarise(cells, protocol)
    assert np.isnan(lacking.mpc).all()
    assert lacking.mean == summary.mean


def test_severities_that_do_not_score_change_nothing(table, whole, protocol):
    matrices = whole(2)
    without = protocol_scores(condition_scores(table(matrices)), protocol)
    matrices[Condition("shot_noise", 5)] = [np.diag([9, 9, 9])] * 2
    pd.testing.assert_frame_equal(
        protocol_scores(condition_scores(table(matrices)), protocol), without
    )


def test_what_is_incomplete_has_no_score(table, whole, protocol):
    matrices = whole(3)
    del matrices[Condition("fog", 4)]
    matrices[Condition("snow", 2)].pop()
    matrices[Condition("frost", 1)][1] = None
    scores = protocol_scores(condition_scores(table(matrices)), protocol)
    empty = [column for column in protocol.names if scores[column].isna()[0]]
    assert empty == ["snow", "fog", "frost"]
    assert scores[["mean", "retention"]].isna().all(axis=None)
    assert scores["clean"].notna().all()
    categories = category_means(scores, protocol)
    assert categories.isna().to_numpy().tolist() == [[False, False, False, True]]


def test_clean_needs_all_its_images(table, whole, protocol):
    matrices = whole(3)
    matrices[CLEAN][0] = None
    scores = protocol_scores(condition_scores(table(matrices)), protocol)
    assert scores["images"].tolist() == [2]
    assert scores[["clean", "retention"]].isna().all(axis=None)
    assert scores["mean"].notna().all()


def test_categories_are_plain_means_in_protocol_order(protocol):
    scores = pd.DataFrame([{name: float(i) for i, name in enumerate(protocol.names)}], index=[7])
    means = category_means(scores, protocol)
    assert means.columns.tolist() == ["blur", "noise", "digital", "weather"]
    assert means.loc[7].tolist() == [1.5, 5.5, 9.5, 13.5]


def test_a_short_table_shows_the_coarsest_scores_that_there_are(table, whole, protocol):
    wanted = [CLEAN, *protocol.conditions(["fog"]), *protocol.conditions(["snow", "contrast"], [3])]
    wanted += protocol.conditions([s.name for s in protocol.corruptions if s.category == "noise"])
    matrices = {condition: many for condition, many in whole(2).items() if condition in wanted}
    conditions = condition_scores(table(matrices))
    shown = coarsest_scores(conditions, protocol)
    assert shown.columns.tolist() == ["noise", "contrast 3", "snow 3", "fog"]
    by = conditions.set_index(["corruption", "severity"])["miou"]
    assert shown["snow 3"].tolist() == [by["snow", 3]]
    assert shown["fog"][0] == pytest.approx(by["fog"].mean())
    # Where one run has a category, all show it; what the other lacks of it stays empty.
    other = condition_scores(table(whole(2), run="runs/b"))
    both = coarsest_scores(pd.concat([conditions, other]), protocol)
    assert both.columns.tolist() == list(protocol.categories)
    assert both.isna().to_numpy().tolist() == [[True, False, True, True], [False] * 4]


def test_runs_of_one_model_stay_apart(table, whole, protocol):
    first, second = table(whole(2)), table(whole(2, seed=1), run="runs/b")
    both = protocol_scores(condition_scores(pd.concat([first, second])), protocol)
    assert both["run"].tolist() == ["runs/a", "runs/b"]
    assert both["mean"][0] != both["mean"][1]
    alone = protocol_scores(condition_scores(second), protocol)
    pd.testing.assert_frame_equal(both.iloc[[1]].reset_index(drop=True), alone)


def test_no_rows_no_scores(table, protocol):
    nothing = table({CLEAN: [None]})
    conditions = condition_scores(nothing)
    assert conditions.empty
    assert class_scores(nothing).empty
    assert protocol_scores(conditions, protocol).empty
    assert coarsest_scores(conditions, protocol).empty


def test_counts_score_as_matrices_do(table, whole):
    matrices = table(whole(2))
    pooled = [class_counts(matrix) for matrix in matrices["matrix"]]
    counts = matrices.assign(**{"pooled confusion": pooled}).drop(columns="matrix")
    pd.testing.assert_frame_equal(condition_scores(counts), condition_scores(matrices))
    pd.testing.assert_frame_equal(class_scores(counts), class_scores(matrices))
