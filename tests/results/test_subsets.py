"""Scores of subsets and drops from references, against matrices summed by hand."""

import numpy as np
import pytest

from robustbench_seg.measures import mean_iou
from robustbench_seg.records.cards.protocol import CLEAN
from robustbench_seg.results import scores
from robustbench_seg.results.subsets import subset_scores
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
    assert (drop.dataset, drop.metric, drop.model) == ("acdc:fog", "miou_drop", 0)
    assert np.array_equal(drop.draws, np.zeros(101))


def test_runs_of_a_condition_pair_with_the_references_of_all(write):
    dark = {adverse("fog", n): matrix(adverse("fog", n), 60) for n in range(4)}
    light = {clear(c, n): matrix(clear(c, n), 20) for c in CONDITIONS for n in range(4)}
    found = subset_scores([[write("acdc-ref", light)], [write("acdc:fog", dark)]], resamples=0)
    (drop,) = [score for score in found if score.metric == "miou_drop"]
    assert (drop.dataset, drop.model, drop.images) == ("acdc:fog", 1, 4)
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
