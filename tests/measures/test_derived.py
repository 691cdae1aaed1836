"""Scores of groups of classes and of persons: from counts and the dataset's classes."""

from dataclasses import replace

import numpy as np
import pytest

from robustbench_seg.datasets import class_groups, class_names, described_facts
from robustbench_seg.datasets.registry import DatasetEntry
from robustbench_seg.measures import MEASURES, OBJECTS
from robustbench_seg.measures.derived import derived_scores
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.results import Reference, compare_models, read_model, scores
from robustbench_seg.results.models.bootstrap import bootstrap
from robustbench_seg.store import Row, RunFolder, read_counts, read_results

OWN = {"groups": {"soft": ("person", "dog")}, "persons": ("person",)}
CLASSES = ("street", "person", "dog")


@pytest.fixture
def filled(tmp_path, run_record, protocol):
    """Write a run of four images, clean and in fog, with matrices and objects at random."""

    def write(model="a", seed=0, **record):
        rng = np.random.default_rng(seed)
        own = {"dataset": "mine", "classes": CLASSES, "images": 4, "weights": model} | record
        folder = RunFolder.open(tmp_path / "runs", run_record(model, **own))
        rows = []
        for condition in (CLEAN, *protocol.conditions(["fog"])):
            for image in range(4):
                number = rng.integers(1, 9, (3, 3)).astype(float)
                missed = rng.integers(0, number + 1).astype(float)
                values = {
                    "confusion": rng.integers(0, 50, (3, 3)),
                    "objects": np.stack([number, number / 2, missed], axis=1),
                }
                rows.append(Row(f"{image}.png", condition, values))
        folder.add(0, rows)
        return folder.path

    return write


def test_groups_and_persons_of_ones_own_dataset(filled):
    folder = filled(**OWN)
    raw = read_results(folder)
    raw = raw[raw["corruption"] == "clean"]
    table = scores(folder)
    (row,) = table[
        (table["metric"] == "group_iou") & (table["severities"] == "0")
    ].to_dict("records")  # fmt: skip
    matrix = raw["matrix"].sum()
    hits = matrix[1:, 1:].sum()
    union = matrix[1:].sum() + matrix[:, 1:].sum() - hits
    assert (row["class"], row["images"]) == ("soft", 4)
    assert row["value"] == pytest.approx(100 * hits / union)
    assert row["ci_low"] < row["value"] < row["ci_high"]
    counts = raw["objects"].sum()
    by = table[table["class"].isna()].set_index(["metric", "severities"])["value"]
    rate = 100 * counts[:, 2, 1].sum() / counts[:, 0, 1].sum()
    assert by["missed_region_rate"]["0"] == pytest.approx(rate)
    assert by["object_recall_small"]["0"] == 50.0
    metrics = set(table["metric"])
    assert "group_iou_retention" in metrics
    assert "missed_region_rate_retention" not in metrics, "lower is better"


def test_a_dataset_without_groups_has_no_such_scores(filled):
    metrics = set(scores(filled())["metric"])
    assert not metrics & {"group_iou", "missed_region_rate"}
    assert "object_recall" in metrics


def test_the_scores_of_a_run_depend_on_what_it_recorded(run_record, monkeypatch):
    data = {"dataset": "cityscapes", "classes": class_names("cityscapes")}
    facts = described_facts("cityscapes")
    recorded = run_record(**data, groups=facts.groups, persons=facts.persons)
    older = run_record(**data)
    before = [[each.infos for each in derived_scores(one)] for one in (recorded, older)]
    assert before[0] == before[1]
    later = replace(facts, groups={"human": ("person",), "new": ("car", "bus")}, persons=("car",))
    monkeypatch.setattr(DatasetEntry, "facts", property(lambda _: later))
    assert [each.infos for each in derived_scores(recorded)] == before[0]
    _, groups, persons = derived_scores(older)
    assert [info.group for info in groups.infos] == ["human", "new"]
    assert "the objects of car" in persons.infos[0].definition


def test_groups_of_a_known_dataset_are_looked_up_for_an_older_run(run_record):
    cityscapes = run_record(dataset="cityscapes", classes=class_names("cityscapes"))
    _, groups, persons = derived_scores(cityscapes)
    assert [info.group for info in groups.infos] == list(class_groups("cityscapes"))
    assert persons.column == OBJECTS.column
    assert len(derived_scores(run_record(dataset="cityscapes", classes=("x", "y")))) == 1


def test_read_results_and_read_counts_give_the_same_scores(filled, protocol):
    folder = filled(**OWN)
    model = read_model([folder], protocol, resamples=0)
    derived = derived_scores(model.records[0])
    for results in (read_results(folder), read_counts(folder)):
        found = bootstrap(results, protocol, 0, scorers=(*MEASURES, *derived)).by_key
        for name in ("group_iou soft", "missed_region_rate", "object_recall"):
            own = model.scores.by_key[name].conditions
            assert len(own) == 6
            for condition, draws in own.items():
                assert found[name].conditions[condition] == pytest.approx(draws)


def test_groups_are_compared_by_name_and_those_of_one_run_alone_are_left_out(filled, protocol):
    a = read_model([filled("a", **OWN)], protocol)
    b = read_model([filled("b", seed=1, **OWN)], protocol)
    table = compare_models(a, b, protocol, Reference.of_model(b)).set_index(["kind", "score"])
    row = table.loc["group_iou soft"].loc["fog"]
    assert row["A"] == a.scores.by_key["group_iou soft"].summary.perturbations["fog"][0]
    assert row["difference"] == pytest.approx(row["A"] - row["B"])
    assert ("missed_region_rate", "clean") in table.index
    assert ("missed_region_rate", "retention") not in table.index
    c = read_model([filled("c")], protocol)
    kinds = set(compare_models(a, c, protocol, Reference.of_model(c))["kind"])
    assert "object_recall" in kinds
    assert "group_iou soft" not in kinds


def test_groups_of_one_name_with_other_classes_are_not_compared(filled, protocol):
    other = {"groups": {"soft": ("dog",)}, "persons": ("person",)}
    a, b = read_model([filled("a", **OWN)], protocol), read_model([filled("b", **other)], protocol)
    assert "group_iou soft" in a.scores.by_key.keys() & b.scores.by_key.keys()
    kinds = set(compare_models(a, b, protocol, Reference.of_model(b))["kind"])
    assert "missed_region_rate" in kinds
    assert "group_iou soft" not in kinds
