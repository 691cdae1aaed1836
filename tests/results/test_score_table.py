"""Every score of every measure, a row for each number."""

import numpy as np
import pytest

import robustbench_seg
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results import (
    SCORE_COLUMNS,
    read_model,
    score_interval,
    scores,
    scores_of_model,
)


def test_each_number_once_with_its_interval(run, protocol):
    folder = run("a", images=6)
    model = read_model([folder], protocol)
    table = scores(folder)
    assert {name: str(kind) for name, kind in table.dtypes.items()} == SCORE_COLUMNS
    keys = ["metric", "corruption", "category", "severities", "class"]
    assert not table.duplicated(keys).any()
    assert set(table["model"]) == {"a"}
    assert set(table["source"]) == {"measured"}
    assert set(table["protocol"]) == {"cityscapes-c"}
    assert set(table["metric"]) == {
        *("miou", "mean", "retention", "mPC", "rPC", "iou"),
        *("image_miou", "image_miou_retention", "cvar5", "cvar5_retention"),
        *("worst_corruption", "worst_condition"),
    }
    by = table[table["class"].isna()].set_index(["metric", "corruption", "severities"])
    for metric in ("miou", "image_miou"):
        drawn = model.scores.by_key[metric]
        for name, level in (("clean", 0), ("fog", 3), ("shot_noise", 5)):
            row = by.loc[metric].loc[name].loc[str(level)]
            draws = drawn.conditions[Condition(name, level)]
            assert row["value"] == pytest.approx(draws[0])
            assert (row["ci_low"], row["ci_high"]) == pytest.approx(score_interval(draws, 6))
            assert row["images"] == 6
        assert by["value"][metric]["fog"]["1-5"] == pytest.approx(
            np.mean([drawn.conditions[Condition("fog", s)][0] for s in range(1, 6)])
        )
    retention = by["value"].loc["retention"].iloc[0]
    summary = model.scores.summary
    assert retention == pytest.approx(100 * summary.mean[0] / summary.clean[0])


def test_classes_and_categories(run, protocol):
    table = scores(run("a", images=3))
    iou = table[table["metric"] == "iou"]
    assert set(iou["class"]) == {"x", "y", "z"}
    assert len(iou) == 3 * 81
    means = table[(table["metric"] == "mean") & table["category"].notna()]
    assert means["category"].tolist() == list(protocol.categories)
    assert means["severities"].tolist() == ["1-5", "1-3", "1-5", "1-5"]


def test_what_is_incomplete_has_no_value(run, protocol):
    folder = run("a", images=3, lack=[(0, Condition("fog", 2))])
    table = scores(folder).set_index(["metric", "corruption", "severities"])
    assert table["value"]["miou"]["fog"]["1-5"] != table["value"]["miou"]["fog"]["1-5"]
    assert table["value"]["miou"]["snow"]["1-5"] > 0
    assert table["images"]["miou"]["fog"]["2"] == 2


def test_under_another_protocol_by_name_or_value(run):
    folder = run("a", images=3)
    fan = load_protocol("city-c-fan")
    one, two = scores(folder, "city-c-fan"), scores(folder, fan)
    assert one.equals(two)
    assert set(one["protocol"]) == {"city-c-fan"}
    assert "1-3" in set(one.loc[one["corruption"] == "fog", "severities"])


def test_it_is_part_of_the_python_interface(run, protocol):
    first, second = run("a", images=3), run("b", images=3)
    table = robustbench_seg.scores(first.parent)
    assert table["model"].unique().tolist() == ["a", "b"]
    shown = scores_of_model(read_model([second], protocol), protocol, "B")
    assert set(shown["model"]) == {"B"}
    clean = table[(table["metric"] == "miou") & (table["corruption"] == CLEAN.name)]
    assert clean["severities"].tolist() == ["0", "0"]


def test_a_retention_may_be_above_100(run):
    table = scores(run("a", 0.35, gain=0.5, images=6)).set_index("metric")
    for metric in ("retention", "rPC"):
        row = table.loc[metric]
        assert 100 < row["value"] < row["ci_high"]
