import numpy as np
import pandas as pd
import pytest

from robustbench_seg.confusion import mean_iou
from robustbench_seg.errors import ResultsError
from robustbench_seg.protocol import CLEAN, Condition
from robustbench_seg.results import (
    bootstrap,
    condition_intervals,
    condition_scores,
    interval,
    paired_difference,
    protocol_scores,
)
from robustbench_seg.results.intervals import _weights

FOG = Condition("fog", 3)


def test_each_draw_is_the_score_of_the_images_drawn(table, whole, protocol):
    matrices = whole(5)
    drawn = bootstrap(table(matrices), protocol, resamples=20)
    weights = _weights(5, 20)
    assert (weights[0] == 1).all()
    assert (weights.sum(1) == 5).all()
    for draw, times in enumerate(weights[1:].astype(int)):
        scores = {
            condition: mean_iou(sum(n * m for n, m in zip(times, ones, strict=True)))
            for condition, ones in matrices.items()
        }
        cells = [
            np.mean([scores[Condition(spec.name, s)] for s in spec.scored])
            for spec in protocol.corruptions
        ]
        assert drawn.conditions[FOG][draw] == pytest.approx(scores[FOG])
        assert drawn.clean[draw] == pytest.approx(scores[CLEAN])
        assert drawn.mean[draw] == pytest.approx(np.mean(cells))
        assert drawn.retention[draw] == pytest.approx(100 * np.mean(cells) / scores[CLEAN])


def test_the_split_itself_is_scored_too(table, whole, protocol):
    rows = table(whole(5))
    scores = protocol_scores(condition_scores(rows), protocol)
    assert bootstrap(rows, protocol).measured == pytest.approx(scores["mean"][0])


def test_identical_images_leave_nothing_open(table, protocol):
    matrix = np.array([[5, 1, 0], [2, 7, 1], [0, 3, 9]])
    drawn = bootstrap(table({FOG: [matrix] * 8}), protocol)
    low, high = interval(drawn.conditions[FOG])
    assert high - low == pytest.approx(0, abs=1e-10)
    assert low == pytest.approx(mean_iou(matrix))


def test_an_interval_holds_the_score_and_shrinks_with_the_images(table, protocol):
    rng = np.random.default_rng(0)
    widths = []
    for count in (20, 80, 320):
        ones = [
            rng.integers(0, 100, (3, 3)) + np.diag(rng.integers(0, 300, 3)) for _ in range(count)
        ]
        low, high = interval(bootstrap(table({FOG: ones}), protocol).conditions[FOG])
        assert low < mean_iou(sum(ones)) < high
        widths.append(high - low)
    # By half with four times the images, as standard errors do.
    assert widths[1] / widths[0] == pytest.approx(0.5, abs=0.2)
    assert widths[2] / widths[1] == pytest.approx(0.5, abs=0.2)


def test_an_interval_covers_as_often_as_it_says(table, protocol):
    """Against the truth: of splits drawn from one distribution, about 95 % of intervals hold it."""
    rng = np.random.default_rng(2)
    truth = mean_iou(np.array([[700, 200, 0], [100, 500, 0], [0, 0, 0]]))
    hits = 0
    for _ in range(100):
        ones = []
        for _ in range(60):
            rates = rng.gamma(2, 50, 4) * [7, 2, 1, 5]
            ones.append(np.zeros((3, 3), np.int64))
            ones[-1][:2, :2] = rates.reshape(2, 2).round()
        drawn = bootstrap(table({FOG: ones}), protocol, resamples=200)
        low, high = interval(drawn.conditions[FOG])
        hits += low <= truth <= high
    assert 87 <= hits <= 99


def test_draws_are_always_the_same(table, whole, protocol):
    rows = table(whole(6))
    one = bootstrap(rows, protocol)
    two = bootstrap(rows.sample(frac=1, random_state=0), protocol)
    assert np.array_equal(one.mean, two.mean)
    assert one.mean.std() > 0


def test_a_run_does_not_differ_from_itself(table, whole, protocol):
    drawn = bootstrap(table(whole(6)), protocol)
    again = bootstrap(table(whole(6), run="runs/b"), protocol)
    difference = paired_difference(drawn, again)
    assert (difference.points, difference.low, difference.high) == (0, 0, 0)


def test_a_difference_is_paired(table, whole, protocol):
    """Two models that differ alike on each image differ surely, however much images vary."""
    better = whole(12)
    worse = {
        c: [m + np.ones_like(m) - np.eye(3, dtype=int) for m in ones] for c, ones in better.items()
    }
    first, second = (bootstrap(table(m), protocol) for m in (better, worse))
    difference = paired_difference(first, second)
    assert 0 < difference.low < difference.points < difference.high
    apart = np.subtract(*interval(first.mean)[::-1])
    assert difference.high - difference.low < apart / 4


def test_runs_on_other_images_cannot_be_paired(table, whole, protocol):
    first = bootstrap(table(whole(6)), protocol)
    second = bootstrap(table(whole(5)), protocol)
    with pytest.raises(ResultsError, match="runs on 6 and 5 images that are not the same cannot"):
        paired_difference(first, second)
    others = table(whole(6))
    others["image"] = "x" + others["image"]
    with pytest.raises(ResultsError, match="6 and 6 images that are not the same"):
        paired_difference(first, bootstrap(others, protocol))


def test_what_is_incomplete_has_no_mean(table, whole, protocol):
    matrices = whole(4)
    matrices[FOG][2] = None
    drawn = bootstrap(table(matrices), protocol)
    assert np.isnan(drawn.mean).all()
    assert np.isnan(drawn.retention).all()
    assert np.isnan(drawn.measured)
    assert not np.isnan(drawn.conditions[FOG]).any()
    assert not np.isnan(drawn.clean).any()
    assert all(np.isnan(end) for end in interval(drawn.mean))


def test_intervals_of_all_conditions_as_a_table(table, whole, protocol):
    drawn = bootstrap(table(whole(4)), protocol)
    intervals = condition_intervals({"runs/a": drawn})
    assert len(intervals) == 1 + 72
    scores = condition_scores(table(whole(4)))
    both = scores.merge(intervals, on=["run", "corruption", "severity"])
    assert len(both) == 73
    assert (both["ci_low"] < both["miou"]).all()
    assert (both["miou"] < both["ci_high"]).all()


def test_one_run_at_a_time(table, whole, protocol):
    rows = pd.concat([table(whole(2)), table(whole(2), run="runs/b")])
    with pytest.raises(ValueError, match="rows of one run wanted, not of 2"):
        bootstrap(rows, protocol)
