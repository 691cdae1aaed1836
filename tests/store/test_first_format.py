"""A run of robustseg 0.1 is read, scored and compared like any other."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustbench_seg.measures import mean_iou
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results import Reference, compare_models, read_model, scores_of_model
from robustbench_seg.results.models.bootstrap import bootstrap
from robustbench_seg.store import group_runs, read_results

IMAGES = 4
CONDITIONS = (CLEAN, *load_protocol().conditions())


def matrix(level, image, condition):
    hit = 20 * level + image - 2 * condition.severity
    return [[hit, 10], [5, hit]]


@pytest.fixture
def old_run(tmp_path):
    def write(model, level, versions="2.4"):
        folder = tmp_path / "runs" / f"{model}-toy-val-00000000"
        (folder / "parts").mkdir(parents=True)
        classes = ["x", "y"]
        record = {
            "format": 1,
            "digest": "0" * 64,
            "model": model,
            "dataset": "toy",
            "split": "val",
            "images": IMAGES,
            "clip": 1,
            "stream": "fast",
            "seed": 0,
            "protocol": "cityscapes-c",
            "protocol_version": "1",
            "key": {
                "segmenter": {"architecture": "b0", "weights": model, "precision": "float32"},
                "dataset": {
                    "name": "toy",
                    "split": "val",
                    "classes": classes,
                    "fingerprint": {"files": "f"},
                },
                "corruption": {
                    "stream": "fast",
                    "seed": 0,
                    "severities": load_protocol().severities_digest,
                    "versions": {"fast stream": "2", "numpy": versions},
                },
                "versions": {"numpy": versions},
            },
            "published": None,
            "about": {"params": 3, "published": None, "training": None},
            "hardware": "",
            "classes": classes,
            "palette": [],
            "created": "",
            "command": "",
        }
        (folder / "run.json").write_text(json.dumps(record))
        rows = [(f"{i}.png", c) for i in range(IMAGES) for c in CONDITIONS]
        columns = {
            "image": [image for image, _ in rows],
            "corruption": [condition.name for _, condition in rows],
            "severity": pa.array([condition.severity for _, condition in rows], pa.int8()),
            "matrix": [np.ravel(matrix(level, int(i[0]), c)).tolist() for i, c in rows],
            "reason": pa.array([None] * len(rows), pa.string()),
        }
        pq.write_table(pa.table(columns), folder / "parts/00000-01234567.parquet")
        return folder

    return write


def test_its_results_and_scores(old_run, protocol):
    folder = old_run("old", 3)
    table = read_results(folder)
    assert len(table) == IMAGES * len(CONDITIONS)
    assert set(table["classes"]) == {("x", "y")}
    summary = bootstrap(table, protocol, resamples=0).summary
    fog = [
        mean_iou(sum(np.array(matrix(3, i, Condition("fog", s))) for i in range(IMAGES)))
        for s in range(1, 6)
    ]
    assert summary.perturbations["fog"][0] == pytest.approx(np.mean(fog))
    assert not np.isnan(summary.mean[0])
    tidy = scores_of_model(read_model([folder], protocol), protocol)
    assert "image_miou" not in set(tidy["metric"])
    assert tidy.set_index(["metric", "corruption", "severities"])["value"]["miou"]["fog"][
        "1-5"
    ] == pytest.approx(np.mean(fog))


def test_two_of_them_compare(old_run, protocol):
    a, b = (read_model([old_run(m, level)], protocol) for m, level in (("a", 4), ("b", 3)))
    table = compare_models(a, b, protocol, Reference.of_model(b)).set_index(["kind", "score"])
    assert (table.loc["corruption", "difference"] > 0).all()
    assert set(table.loc["image_miou", "reason"]) == {
        "A and B: no image has image_miou; evaluate again to add it"
    }


def test_it_compares_with_a_run_of_today(old_run, run, protocol):
    old = read_model([old_run("old", 3)], protocol)
    classes, names = ("x", "y"), dict.fromkeys(protocol.names, 1)
    new = run("new", images=IMAGES, dataset="toy", classes=classes, laws=names)
    reference = Reference.of_model(old)
    table = compare_models(old, read_model([new], protocol), protocol, reference)
    table = table.set_index(["kind", "score"])
    assert table.loc["corruption", "difference"].notna().all()
    assert set(table.loc["image_miou", "reason"]) == {
        "A: no image has image_miou; evaluate again to add it"
    }
    assert len(group_runs(new.parent)) == 2


def test_versions_of_libraries_are_no_difference(old_run, protocol):
    first, second = old_run("a", 4, "2.4"), old_run("b", 4, "2.5")
    one, two = (read_model([folder], protocol).records[0] for folder in (first, second))
    assert [d.kind for d in one.differences(two)] == ["weights"]
