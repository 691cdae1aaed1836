"""The measure that ranks: one matrix pooled over all images."""

import numpy as np
import pytest

from robustbench_seg.errors import OptionError
from robustbench_seg.measures import CONFUSION, MEASURES, Prediction, mean_iou, select_measures

rng = np.random.default_rng(1)


def test_its_score_is_that_of_the_sum_of_all_matrices():
    matrices = rng.integers(0, 100, (5, 4, 4))
    pooled = CONFUSION.pooled(matrices)
    assert pooled.shape == (5, 3, 4)
    score = CONFUSION.compute(pooled.sum(0))["miou"]
    assert score == pytest.approx(mean_iou(matrices.sum(0)))


def test_rows_are_the_truth():
    truth, labels = np.array([[0, 0, 1, 255]], np.uint8), np.array([[0, 1, 1, 1]], np.uint8)
    prediction = Prediction(labels, truth, 2)
    assert CONFUSION.observe(None, prediction).tolist() == [[1, 1], [0, 1]]
    assert prediction.matrix is prediction.matrix, "counted once for all measures"


def test_measures_are_chosen_by_name_in_their_own_order():
    assert select_measures([]) == MEASURES
    assert [m.name for m in select_measures(["image_miou", "confusion"])] == [
        *("confusion", "image_miou")
    ]
    with pytest.raises(OptionError, match="unknown measure 'confusoin'; did you mean 'confusion'"):
        select_measures(["confusoin"])


def test_names_columns_and_scores_are_unique():
    for values in (
        [measure.name for measure in MEASURES],
        [measure.column for measure in MEASURES],
        [score.name for measure in MEASURES for score in measure.infos],
    ):
        assert len(values) == len(set(values))
