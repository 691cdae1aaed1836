"""The worst cases of a protocol and of its images, by hand and by their definitions."""

import numpy as np
import pytest

from robustbench_seg.measures import WorstImages
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results import Reference, compare_models, read_model, scores
from robustbench_seg.store import Row, RunFolder

FOG = Condition("fog", 3)
CVAR = WorstImages()


def naive(values, times):
    """The mean of the lowest 5 % of a list in which each value stands as often as it was drawn."""
    drawn = sorted(v for v, n in zip(values, times, strict=True) for _ in range(int(n)))
    number = -(-len(drawn) // 20)  # rounded up
    return np.mean(drawn[:number])


@pytest.mark.parametrize("images", [20, 21, 40, 41, 500])
def test_cvar5_of_each_draw_is_that_of_the_images_that_it_holds(images):
    rng = np.random.default_rng(images)
    values = rng.uniform(0, 100, images)
    values[3] = values[5]
    draws = rng.multinomial(images, np.full(images, 1 / images), size=50)
    times = np.concatenate([np.ones((1, images)), draws])
    stack = np.stack([values, np.ones(images)], axis=1)
    found = CVAR.draws(np.stack([stack, stack[::-1]]), times)["cvar5"]
    assert found[0] == pytest.approx([naive(values, row) for row in times])
    assert found[1] == pytest.approx([naive(values[::-1], row) for row in times])


def test_images_without_a_miou_are_none_of_the_worst():
    stack = np.array([[0.0, 0.0]] * 5 + [[10.0 * n, 1.0] for n in range(1, 21)])
    assert CVAR.draws(stack[None], np.ones((1, 25)))["cvar5"].tolist() == [[10.0]]
    assert np.isnan(CVAR.draws(stack[None, :-1], np.ones((1, 24)))["cvar5"]).all()


def test_clips_drawn_often_fill_it_by_themselves():
    stack = np.stack([np.arange(40.0), np.ones(40)], axis=1)
    times = np.zeros((2, 40))
    times[0, :2], times[1, -20:] = 20, 2
    assert CVAR.draws(stack[None], times)["cvar5"].tolist() == [[0.0, 20.0]]


def test_worst_corruption_and_condition_are_the_lowest_of_each_draw(run, protocol):
    folder = run("a", gain=0.1)
    model = read_model([folder], protocol)
    table = scores(folder).set_index(["metric", "corruption", "severities"])
    miou = model.scores.by_key["miou"]
    corruptions = np.stack([*miou.summary.perturbations.values()]).min(axis=0)
    (row,) = table.loc["worst_corruption"].to_dict("records")
    assert row["value"] == corruptions[0] < miou.summary.mean[0]
    low, high = row["ci_low"], row["ci_high"]
    assert low < row["value"] < high
    cells = [miou.conditions[c][0] for c in protocol.scored_conditions]
    (row,) = table.loc["worst_condition"].to_dict("records")
    assert row["value"] == min(cells) < corruptions[0]


def test_a_missing_condition_leaves_the_worst_case_empty(run, protocol):
    folder = run("a", images=3, lack=[(0, FOG)])
    table = scores(folder).set_index("metric")["value"]
    assert np.isnan([table["worst_corruption"], table["worst_condition"]]).all()


def test_cvar5_has_rows_and_intervals_like_every_score(tmp_path, protocol, run_record):
    rng = np.random.default_rng(0)
    images = 24
    folder = RunFolder.open(tmp_path / "runs", run_record("a", images=images))
    own = {}
    for condition in (CLEAN, *protocol.scored_conditions):
        own[condition] = rng.uniform(0, 100, images)
        folder.add(
            0,
            [
                Row(
                    f"{i}.png",
                    condition,
                    {"confusion": np.eye(2, dtype=int), "image_miou": np.array([value, 1.0])},
                )
                for i, value in enumerate(own[condition])
            ],
        )
    table = scores(folder.path)
    table = table[table["metric"] == "cvar5"].set_index(["corruption", "severities"])
    lowest = {condition: np.sort(values)[:2].mean() for condition, values in own.items()}
    row = table.loc["fog"].loc["3"]
    assert row["value"] == pytest.approx(lowest[FOG])
    assert row["ci_low"] <= row["value"] <= row["ci_high"]
    fog = np.mean([lowest[Condition("fog", s)] for s in range(1, 6)])
    assert table["value"]["fog"]["1-5"] == pytest.approx(fog)
    assert table["value"]["clean"]["0"] == pytest.approx(lowest[CLEAN])


def test_compare_says_why_a_few_images_have_no_cvar5(run, protocol):
    a, b = (read_model([run(name, images=3)], protocol) for name in "ab")
    table = compare_models(a, b, protocol, Reference.of_model(b)).set_index(["kind", "score"])
    assert set(table.loc["cvar5", "reason"]) == {"A and B: cvar5 needs 20 images"}
    assert table["A"].loc["cvar5"].isna().all()
    worst = table.loc["summary"].loc["worst_corruption"]
    assert worst["A"] == worst["B"] == table["A"].loc["corruption"].min()
