from itertools import product

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from robustbench_seg.errors import ResultsError
from robustbench_seg.measures import mean_iou
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results.comparisons.comparability import check_paired
from robustbench_seg.results.models.bootstrap import _counted_trainings, bootstrap
from robustbench_seg.results.statistics.draws import draw_units, split_draws
from robustbench_seg.results.statistics.intervals import interval

FOG = Condition("fog", 3)


def test_each_draw_is_the_score_of_the_images_drawn(table, whole, protocol):
    matrices = whole(5)
    drawn = bootstrap(table(matrices), protocol, resamples=20)
    weights = draw_units(np.arange(5), 20)
    assert (weights[0] == 1).all()
    assert (weights.sum(1) == 5).all()
    for draw, times in enumerate(weights.astype(int)):
        scores = {
            condition: mean_iou(sum(n * m for n, m in zip(times, ones, strict=True)))
            for condition, ones in matrices.items()
        }
        cells = [
            np.mean([scores[Condition(each.name, s)] for s in each.scored])
            for each in protocol.perturbations
        ]
        assert drawn.conditions[FOG][draw] == pytest.approx(scores[FOG])
        assert drawn.summary.clean[draw] == pytest.approx(scores[CLEAN])
        assert drawn.mean[draw] == pytest.approx(np.mean(cells))
        assert drawn.summary.retention[draw] == pytest.approx(100 * np.mean(cells) / scores[CLEAN])


def test_the_split_itself_is_scored_too(table, whole, protocol):
    matrices = whole(5)
    cells = [
        np.mean([mean_iou(sum(matrices[Condition(each.name, s)])) for s in each.scored])
        for each in protocol.perturbations
    ]
    for resamples in (0, 10):
        scores = bootstrap(table(matrices), protocol, resamples)
        assert scores.mean.shape == (1 + 2 * resamples,)
        assert scores.mean[0] == pytest.approx(np.mean(cells))
    alone = bootstrap(table(matrices), protocol, resamples=0)
    assert np.isnan(interval(alone.mean, alone.units)).all()


def test_identical_images_leave_nothing_open(table, protocol):
    matrix = np.array([[5, 1, 0], [2, 7, 1], [0, 3, 9]])
    drawn = bootstrap(table({FOG: [matrix] * 8}), protocol)
    assert drawn.conditions[FOG][0] == pytest.approx(mean_iou(matrix))
    low, high = interval(drawn.conditions[FOG], drawn.units)
    assert high - low == pytest.approx(0, abs=1e-10)
    assert low == pytest.approx(mean_iou(matrix))


def test_an_interval_holds_the_score_and_shrinks_with_the_images(table, protocol):
    rng = np.random.default_rng(0)
    widths = []
    for count in (20, 80, 320):
        ones = [
            rng.integers(0, 100, (3, 3)) + np.diag(rng.integers(0, 300, 3)) for _ in range(count)
        ]
        low, high = interval(bootstrap(table({FOG: ones}), protocol).conditions[FOG], count)
        assert low < mean_iou(sum(ones)) < high
        widths.append(high - low)
    # Four times the images halve the width, as for standard errors.
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
        low, high = interval(drawn.conditions[FOG], drawn.units)
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
    check_paired(drawn, again)
    assert (drawn.mean == again.mean).all()


def test_a_difference_is_paired(table, whole, protocol):
    """Two models with the same difference on each image differ, however much images vary."""
    better = whole(12)
    worse = {
        c: [m + np.ones_like(m) - np.eye(3, dtype=int) for m in ones] for c, ones in better.items()
    }
    first, second = (bootstrap(table(m), protocol) for m in (better, worse))
    difference = first.mean - second.mean
    low, high = interval(difference, 12)
    assert 0 < low < difference[0] < high
    apart = np.subtract(*interval(first.mean, 12)[::-1])
    assert high - low < apart / 4


def test_runs_on_other_images_cannot_be_paired(table, whole, protocol):
    first = bootstrap(table(whole(6)), protocol)
    second = bootstrap(table(whole(5)), protocol)
    with pytest.raises(
        ResultsError, match=r"runs on different images \(6 and 5\) cannot be compared"
    ):
        check_paired(first, second)
    others = table(whole(6))
    others["image"] = "x" + others["image"]
    with pytest.raises(ResultsError, match=r"different images \(6 and 6\)"):
        check_paired(first, bootstrap(others, protocol))


def test_what_is_incomplete_has_neither_score_nor_interval(table, whole, protocol):
    matrices = whole(4)
    matrices[FOG][2] = None
    drawn = bootstrap(table(matrices), protocol)
    empty = [condition for condition, draws in drawn.conditions.items() if np.isnan(draws).all()]
    assert empty == [FOG]
    summary = drawn.summary
    assert [name for name, draws in summary.perturbations.items() if np.isnan(draws).all()] == [
        "fog"
    ]
    assert [name for name, draws in summary.categories.items() if np.isnan(draws).all()] == [
        "weather"
    ]
    for draws in (summary.mean, summary.retention):
        assert np.isnan(draws).all()
    assert not np.isnan(summary.clean).any()
    assert all(np.isnan(end) for end in interval(drawn.mean, 4))


def test_nothing_scored_is_said(table, protocol):
    with pytest.raises(ResultsError, match=r"^runs/a: no image is scored yet; evaluate it first$"):
        bootstrap(table({FOG: [None, None]}), protocol)


def test_one_model_at_a_time(table, whole, protocol):
    rows = pd.concat([table(whole(2)), table(whole(2), run="runs/b", model="b")])
    with pytest.raises(ValueError, match="expected rows of one model, got rows of 2"):
        bootstrap(rows, protocol)


def test_as_scipy_draws_it(table, protocol):
    """An interval of our own draws against that of scipy's percentile bootstrap."""
    rng = np.random.default_rng(5)
    ones = [rng.integers(0, 100, (3, 3)) + np.diag(rng.integers(0, 300, 3)) for _ in range(40)]
    stack = np.stack(ones)

    def score(places):
        return mean_iou(stack[places.astype(int)].sum(0))

    theirs = scipy.stats.bootstrap(
        (np.arange(40),),
        score,
        n_resamples=2000,
        method="percentile",
        vectorized=False,
        random_state=rng,  # scipy before 1.15 has no `rng`
    ).confidence_interval
    low, high = interval(bootstrap(table({FOG: ones}), protocol, 2000).conditions[FOG], 10**9)
    width = theirs.high - theirs.low
    assert low == pytest.approx(theirs.low, abs=0.06 * width)
    assert high == pytest.approx(theirs.high, abs=0.06 * width)


def test_few_units_are_taken_further_out():
    """Of means of n normal numbers an interval has its stated coverage, also for small n."""
    rng = np.random.default_rng(4)
    for units in (8, 15, 40):
        weights = draw_units(np.arange(units), 1000) / units
        samples = rng.normal(size=(600, units))
        ends = [interval(one_training(weights @ sample), units) for sample in samples]
        share = np.mean([low <= 0 <= high for low, high in ends])
        plain = np.mean([low <= 0 <= high for low, high in map(_percentiles, samples @ weights.T)])
        assert share == pytest.approx(0.95, abs=0.025)
        assert share - plain > {8: 0.04, 15: 0.01, 40: -0.01}[units]
    draws = rng.normal(size=1001)
    assert interval(one_training(draws), 10**6) == pytest.approx(_percentiles(draws), abs=1e-3)
    assert np.isnan(interval(one_training(draws), 1)).all()


def one_training(draws):
    """Draws of a model with one training: all draws of trainings are its score."""
    return np.r_[draws, np.full(len(draws) - 1, draws[0])]


def _percentiles(draws):
    return tuple(np.percentile(draws[1:], [2.5, 97.5]))


def video(rng, count):
    """Frames whose scores drift slowly: neighbours are alike, as those of a drive are."""
    level = np.empty(count)
    level[0] = rng.normal()
    for i in range(1, count):
        level[i] = 0.8 * level[i - 1] + 0.6 * rng.normal()
    right = (600 + 80 * level).astype(int)
    return [np.array([[n, 1000 - n], [1000 - n, n]]) for n in right]


def test_frames_of_a_video_are_drawn_in_clips(table, protocol):
    """A draw of single frames treats neighbours as independent, so the interval is too narrow."""
    rng = np.random.default_rng(3)
    truth = 100 * 600 / 1400
    hits = {1: 0, 10: 0}
    for _ in range(50):
        ones = video(rng, 120)
        for clip in hits:
            rows = table({FOG: ones}, clip=clip)
            rows["image"] = [f"drive_{i:04d}.png" for i in range(120)]
            drawn = bootstrap(rows, protocol, 400)
            low, high = interval(drawn.conditions[FOG], drawn.units)
            hits[clip] += low <= truth <= high
    assert hits[1] < 32
    assert hits[10] > 40


def test_the_unit_is_said(table, whole, protocol):
    alone = bootstrap(table(whole(6)), protocol)
    assert (alone.unit, alone.units) == ("images", 6)
    clips = bootstrap(table(whole(6), clip=3), protocol)
    assert (clips.unit, clips.units) == ("clips of about 3 consecutive frames", 2)
    with pytest.raises(ResultsError, match="units are images and clips of about 3 consecutive fr"):
        check_paired(alone, clips)


def test_trainings_of_one_model_are_a_mean_and_are_drawn_too(table, whole, protocol):
    seeds = [table(whole(6, seed), run=f"runs/{seed}") for seed in range(3)]
    each = [bootstrap(rows, protocol) for rows in seeds]
    drawn = bootstrap(pd.concat(seeds), protocol)
    assert drawn.trainings == 3
    assert drawn.conditions[FOG][0] == pytest.approx(np.mean([b.conditions[FOG][0] for b in each]))
    assert drawn.mean[0] == pytest.approx(np.mean([b.mean[0] for b in each]))
    images, trainings = split_draws(drawn.conditions[FOG])
    alone = np.stack([split_draws(b.conditions[FOG])[0] for b in each])
    assert images == pytest.approx(alone.mean(axis=0))
    # Means of two of the three trainings, drawn with replacement, on all images.
    scores = np.array([b.conditions[FOG][0] for b in each])
    means = [scores[list(s)].mean() for s in product(range(3), repeat=2)]
    for draw in trainings[:8]:
        assert np.isclose(draw, means).any()


def test_the_luck_of_training_widens_the_interval(table, protocol):
    """Three trainings that differ much on images that differ little: from hand-made levels."""
    seeds = []
    for seed, right in enumerate((500, 700, 900)):
        ones = [np.array([[right + i, 1000 - right - i], [100, 900]]) for i in range(12)]
        seeds.append(table({FOG: ones}, run=f"runs/{seed}"))
    low, high = interval(bootstrap(seeds[1], protocol).conditions[FOG], 12)
    drawn = bootstrap(pd.concat(seeds), protocol).conditions[FOG]
    assert np.ptp(interval(drawn, 12, 2)) > 10 * (high - low)
    # The unbiased variance of the mean of three trainings.
    scores = [bootstrap(rows, protocol).conditions[FOG][0] for rows in seeds]
    trainings = split_draws(drawn)[1]
    assert trainings.std() == pytest.approx(np.std(scores, ddof=1) / np.sqrt(3), rel=0.1)


def test_trainings_of_two_models_are_drawn_apart(table, whole, protocol):
    def model(name):
        runs = [table(whole(6, seed), run=f"{name}/{seed}", model=name) for seed in range(2)]
        return bootstrap(pd.concat(runs), protocol)

    assert not np.array_equal(model("a").mean, model("b").mean)
    assert np.array_equal(model("a").mean, model("a").mean)


def test_a_run_that_lacks_images_everywhere_has_no_score(table, protocol):
    """Not even on the images that it has: it is on its way to a score of all of them."""
    matrix = np.array([[5, 1, 0], [2, 7, 1], [0, 3, 9]])
    drawn = bootstrap(table({CLEAN: [matrix] * 5, FOG: [matrix] * 5}, images=6), protocol)
    assert np.isnan(drawn.conditions[FOG]).all()
    assert np.isnan(drawn.summary.clean).all()


@pytest.mark.parametrize(
    ("observed", "having", "expected"),
    [
        ("abc", "abc", ["a", "b", "c"]),
        ("abc", "bc", ["b"]),  # a has images, but not these counts
        ("bc", "bc", ["a", "b", "c"]),  # a has no image yet, so nothing is known of it
        ("abc", "", ["a", "b", "c"]),
    ],
)
def test_a_score_that_some_trainings_have_not_counted_is_that_of_one(observed, having, expected):
    assert _counted_trainings([["a"], ["b"], ["c"]], observed, having) == [
        [run] for run in expected
    ]


@pytest.mark.parametrize(
    ("observed", "having", "expected"),
    [
        ("abcd", "ac", ["ab", "cd"]),  # one run of a training suffices
        ("abcd", "c", ["cd"]),
        ("acd", "d", ["cd"]),  # b has no image yet, but a has, so "ab" lacks the counts
        ("cd", "c", ["ab", "cd"]),
    ],
)
def test_one_run_of_a_training_decides_whether_it_has_counted_a_score(observed, having, expected):
    assert _counted_trainings(["ab", "cd"], observed, having) == expected
