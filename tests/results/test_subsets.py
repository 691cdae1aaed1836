"""Scores of subsets and drops from references, against matrices summed by hand."""

import numpy as np
import pytest

from robustbench_seg.measures import mean_iou
from robustbench_seg.records.runs.segmenter_record import ModelFacts
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.records.values.training import Training
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.results import read_model, scores
from robustbench_seg.results.models.subsets import subset_scores
from robustbench_seg.store import Row, RunFolder

CONDITIONS = ("fog", "night", "rain", "snow")


def adverse(condition, number):
    return f"rgb_anon/{condition}/val/GOPR1/GOPR1_frame_{number:06}_rgb_anon.png"


def clear(condition, number):
    return f"rgb_anon/{condition}/val_ref/GOPR1/GOPR1_frame_{number:06}_rgb_ref_anon.png"


def matrix(image, wrong):
    rng = np.random.default_rng(sum(image.encode()))
    return np.diag(rng.integers(50, 100, 3)) + rng.integers(0, wrong, (3, 3))


@pytest.fixture
def write(tmp_path, run_record):
    """Write a run: {image: its confusion matrix}."""

    def make(dataset, matrices, model="m", images=None, **changes):
        record = run_record(
            model,
            dataset=dataset,
            images=images or len(matrices),
            classes=tuple("xyz"),
            fingerprint=str(sorted(matrices)),
            **changes,
        )
        folder = RunFolder.open(tmp_path / "runs", record)
        folder.add(0, [Row(i, CLEAN, {"confusion": m}) for i, m in matrices.items()])
        return folder.path

    return make


def by_hand(matrices):
    return mean_iou(sum(matrices))


@pytest.fixture
def acdc(write):
    """Four images of each condition, and the references of all but the first of each."""
    dark = {adverse(c, n): matrix(adverse(c, n), 60) for c in CONDITIONS for n in range(4)}
    light = {clear(c, n): matrix(clear(c, n), 20) for c in CONDITIONS for n in range(1, 4)}
    return dark, light, write("acdc", dark), write("acdc-ref", light)


def drop_by_hand(dark, light, condition):
    pairs = [(adverse(condition, n), clear(condition, n)) for n in range(1, 4)]
    return by_hand(light[c] for _, c in pairs) - by_hand(dark[a] for a, _ in pairs)


def cell(table, **wanted):
    for column, value in wanted.items():
        table = table[table[column] == value]
    (row,) = table.to_dict("records")
    return row


def test_a_run_of_acdc_has_a_score_of_each_condition(acdc, tmp_path):
    dark, light, *_ = acdc
    table = scores(tmp_path / "runs")
    for condition in CONDITIONS:
        for name, matrices, where in (
            ("acdc", dark, f"/{condition}/val/"),
            ("acdc-ref", light, f"/{condition}/val_ref/"),
        ):
            row = cell(table, dataset=f"{name}:{condition}", metric="miou")
            of_it = [m for image, m in matrices.items() if where in image]
            assert row["value"] == pytest.approx(by_hand(of_it))
            assert row["images"] == len(of_it) == (4 if name == "acdc" else 3)
            assert (row["corruption"], row["severities"], row["split"]) == ("clean", "0", "val")
            assert row["ci_low"] < row["value"] < row["ci_high"]


def test_the_drop_is_of_the_places_that_both_runs_have(acdc, tmp_path):
    dark, light, *_ = acdc
    table = scores(tmp_path / "runs")
    for condition in CONDITIONS:
        row = cell(table, dataset=f"acdc:{condition}", metric="miou_drop")
        assert row["value"] == pytest.approx(drop_by_hand(dark, light, condition))
        assert row["images"] == 3
        assert row["ci_low"] < row["value"] < row["ci_high"]
    whole = cell(table, dataset="acdc", metric="miou_drop")
    assert whole["images"] == 12
    with_reference = [m for image, m in dark.items() if "_000000_" not in image]
    assert whole["value"] == pytest.approx(by_hand(light.values()) - by_hand(with_reference))
    assert set(table[table["metric"] == "miou_drop"]["dataset"]) == {
        "acdc",
        *(f"acdc:{condition}" for condition in CONDITIONS),
    }


def test_a_draw_takes_the_same_places_under_both_conditions(write):
    names = range(8)
    dark = {adverse("fog", n): np.diag([100 + 50 * n] * 3) + 10 for n in names}
    same = {clear("fog", n): dark[adverse("fog", n)] for n in names}
    runs = [[write("acdc:fog", dark)], [write("acdc-ref:fog", same)]]
    (drop,) = subset_scores(runs, resamples=50)
    assert (drop.dataset, drop.metric, drop.runs) == ("acdc:fog", "miou_drop", tuple(runs[0]))
    assert np.array_equal(drop.draws, np.zeros(101))


def test_runs_of_a_condition_pair_with_the_references_of_all(write):
    dark = {adverse("fog", n): matrix(adverse("fog", n), 60) for n in range(4)}
    light = {clear(c, n): matrix(clear(c, n), 20) for c in CONDITIONS for n in range(4)}
    runs = [[write("acdc-ref", light)], [write("acdc:fog", dark)]]
    found = subset_scores(runs, resamples=0)
    (drop,) = [score for score in found if score.metric == "miou_drop"]
    assert (drop.dataset, drop.runs, drop.images) == ("acdc:fog", tuple(runs[1]), 4)
    pairs = by_hand(light[clear("fog", n)] for n in range(4)) - by_hand(dark.values())
    assert drop.draws.tolist() == [pytest.approx(pairs)]


def test_a_subset_with_a_run_of_its_own_is_not_scored_twice(acdc, write, tmp_path):
    dark, *_ = acdc
    write("acdc:fog", {image: m for image, m in dark.items() if "/fog/" in image})
    table = scores(tmp_path / "runs")
    cell(table, dataset="acdc:fog", metric="miou", corruption="clean")
    cell(table, dataset="acdc:fog", metric="miou_drop")


def test_other_networks_and_incomplete_runs_have_no_drop(acdc, write, tmp_path):
    _, _, of_acdc, of_references = acdc
    fog = {clear("fog", n): matrix(clear("fog", n), 20) for n in range(4)}
    other = write("acdc-ref", fog, weights="other")
    assert not [s for s in subset_scores([[of_acdc], [other]], 0) if s.metric == "miou_drop"]
    half = write("acdc-ref", fog, images=8)
    assert not [s for s in subset_scores([[of_acdc], [half]], 0) if s.metric == "miou_drop"]
    assert [s for s in subset_scores([[of_acdc], [of_references]], 0) if s.metric == "miou_drop"]


def test_corrupted_images_do_not_make_the_clean_ones_complete(tmp_path, run_record):
    names = [adverse("fog", n) for n in range(4)]
    record = run_record("m", dataset="acdc", images=4, classes=tuple("xyz"))
    folder = RunFolder.open(tmp_path / "runs", record)
    counts = {name: {"confusion": matrix(name, 60)} for name in names}
    folder.add(0, [Row(name, Condition("fog", 3), counts[name]) for name in names])
    folder.add(1, [Row(name, CLEAN, counts[name]) for name in names[:3]])
    assert subset_scores([[folder.path]], 0) == []
    folder.add(2, [Row(names[3], CLEAN, counts[names[3]])])
    (score,) = subset_scores([[folder.path]], 0)
    assert score.draws.tolist() == [pytest.approx(by_hand(matrix(name, 60) for name in names))]


def test_runs_of_another_name_or_split_are_not_one_model(write):
    """The weights are the same, but another name or split also distinguishes models."""
    dark = {adverse("fog", n): matrix(adverse("fog", n), 60) for n in range(4)}
    earlier = {image.replace("/val/", "/train/"): m * 2 + 1 for image, m in dark.items()}
    runs = [
        [write("acdc", dark)],
        [write("acdc", dark, model="n")],
        [write("acdc", earlier, split="train")],
    ]
    found = subset_scores(runs, resamples=0)
    assert [(s.runs, s.dataset, s.metric) for s in found] == [
        (tuple(folders), "acdc:fog", "miou") for folders in runs
    ]
    assert [float(score.draws[0]) for score in found] == pytest.approx(
        [by_hand(dark.values()), by_hand(dark.values()), by_hand(earlier.values())]
    )


def test_a_drop_below_0_has_its_whole_interval(write):
    """The condition may be the easier one: a drop is from -100 to 100."""
    worse = {clear("fog", n): matrix(clear("fog", n), 90) for n in range(6)}
    better = {adverse("fog", n): matrix(adverse("fog", n), 5) for n in range(6)}
    (drop,) = subset_scores([[write("acdc-ref:fog", worse)], [write("acdc:fog", better)]])
    low, high = drop.interval
    assert -100 < low < drop.draws[0] < high < 0


def test_other_trainings_of_the_same_name_have_draws_of_their_own(write):
    """Trainings are drawn by their weights, apart from those of any other model."""
    names, models = [adverse("fog", n) for n in range(6)], []
    for first in (1, 3):
        models.append([])
        for training in (first, first + 1):
            recipe = TrainingRecipe(iterations=100, seed=training)
            about = ModelFacts(training=Training("train", 5.0, "", 100, training, recipe=recipe))
            matrices = {name: matrix(name + str(training % 2), 60) for name in names}
            models[-1].append(write("acdc", matrices, weights=str(training), about=about))
    one, other = subset_scores(models, resamples=50)
    assert np.array_equal(one.draws[:51], other.draws[:51]), "the images are drawn alike"
    assert set(one.draws[51:]) == set(other.draws[51:])
    assert not np.array_equal(one.draws[51:], other.draws[51:])


@pytest.mark.parametrize("stated", [True, False])
def test_the_trainings_of_a_subset_are_drawn_as_those_of_the_whole(write, protocol, stated):
    """All images of these runs are in fog. The first of two trainings has two seeds."""
    names, drawn = [adverse("fog", n) for n in range(6)], []
    for model in ("m", "n"):
        folders = []
        for training, seed in ((1, 0), (1, 1), (2, 0)):
            recipe = TrainingRecipe(iterations=100, seed=training)
            about = ModelFacts(training=Training("train", 5.0, "", 100, training, recipe=recipe))
            matrices = {name: matrix(name + str(10 * training + seed), 60) for name in names}
            weights = f"{model}{training}" if stated or training == 1 else None
            changes = {"weights": weights, "seed": seed, "about": about}
            folders.append(write("acdc", matrices, model=model, **changes))
        (subset,) = subset_scores([folders], resamples=50)
        whole = read_model(folders, protocol, 50, ranking_score_only=True).scores.cell(CLEAN)
        assert np.array_equal(subset.draws, whole)
        drawn.append(subset.draws[51:])
    assert set(drawn[0]) == set(drawn[1])
    assert not np.array_equal(*drawn), "two models share no draws of trainings"


def test_scores_are_in_the_order_of_the_models(write):
    dark = {adverse("fog", n): matrix(adverse("fog", n), 60) for n in range(4)}
    light = {clear("fog", n): matrix(clear("fog", n), 20) for n in range(4)}
    runs = [
        [write(dataset, matrices, model=model, weights=model)]
        for dataset, matrices in (("acdc", dark), ("acdc-ref", light))
        for model in ("a", "b")
    ]
    (a, b, of_a, of_b) = map(tuple, runs)
    found = [score.runs for score in subset_scores(runs, resamples=0)]
    assert found == [a, a, a, b, b, b, of_a, of_b]


@pytest.mark.parametrize("own_first", [True, False])
def test_the_drop_of_a_condition_is_of_its_own_run(write, own_first):
    dark = {adverse(c, n): matrix(adverse(c, n), 60) for c in CONDITIONS for n in range(4)}
    own = {adverse("fog", n): matrix(adverse("fog", n), 90) for n in range(3)}
    light = {clear("fog", n): matrix(clear("fog", n), 20) for n in range(4)}
    runs = [[write("acdc", dark)], [write("acdc:fog", own)]]
    runs = runs[::-1] if own_first else runs
    found = subset_scores([*runs, [write("acdc-ref", light)]], resamples=0)
    (drop,) = [s for s in found if (s.dataset, s.metric) == ("acdc:fog", "miou_drop")]
    assert (drop.runs, drop.images) == (tuple(runs[0 if own_first else 1]), 3)
    wanted = by_hand(light[clear("fog", n)] for n in range(3)) - by_hand(own.values())
    assert drop.draws.tolist() == [pytest.approx(wanted)]


def test_the_score_of_several_trainings_is_the_mean_of_their_means(write):
    """One training has two runs, under one seed of the corruptions each; another has one."""
    runs, values = [], []
    for training, seed in ((1, 0), (1, 1), (2, 0)):
        recipe = TrainingRecipe(iterations=100, seed=training)
        about = ModelFacts(training=Training("train", 5.0, "", 100, training, recipe=recipe))
        names = [adverse("fog", n) for n in range(6)]
        matrices = {name: matrix(name + str(10 * training + seed), 60) for name in names}
        changes = {"weights": str(training), "seed": seed, "about": about}
        runs.append(write("acdc", matrices, **changes))
        values.append(by_hand(matrices.values()))
    (score,) = subset_scores([runs], resamples=50)
    assert score.draws[0] == pytest.approx(((values[0] + values[1]) / 2 + values[2]) / 2)
    assert (score.degrees, score.images, score.units) == (1, 6, 6)


def test_weather_and_time_of_day_of_muses(write, tmp_path):
    matrices = {
        f"frame_camera/val/{w}/{t}/REC_frame_00000{n}_frame_camera.png": matrix(w + t + str(n), 50)
        for w in ("clear", "fog", "rain", "snow")
        for t in ("day", "night")
        for n in range(2)
    }
    write("muses", matrices)
    table = scores(tmp_path / "runs")

    def wanted(keep):
        return by_hand(m for image, m in matrices.items() if keep(*image.split("/")[2:4]))

    for subset, keep in (
        ("snow", lambda weather, time: weather == "snow"),
        ("night", lambda weather, time: time == "night"),
        ("clear-day", lambda weather, time: (weather, time) == ("clear", "day")),
        ("adverse", lambda weather, time: (weather, time) != ("clear", "day")),
    ):
        row = cell(table, dataset=f"muses:{subset}", metric="miou")
        assert row["value"] == pytest.approx(wanted(keep))
    assert set(table["metric"]).isdisjoint({"miou_drop"})


def test_other_datasets_have_no_further_rows(run, tmp_path):
    run("a")
    assert set(scores(tmp_path / "runs")["dataset"]) == {"cityscapes"}
    assert subset_scores([], 0) == []
