"""The counts of each image: added to a run later, computed again, and shown everywhere."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from robustbench_seg.measures import CONFUSION, IMAGE_MIOU, MEASURES, mean_iou
from robustbench_seg.store import part_files, read_results
from tests.evaluation.command import lay_out
from tests.evaluation.conftest import evaluate

GIVEN = [measure for measure in MEASURES if not measure.needs_confidence]
"""What a segmenter gives that says nothing of its confidence."""


def parts(folder):
    return {path: path.stat().st_mtime_ns for path in part_files(folder)}


def values(folder):
    table = read_results(folder)
    keys = zip(table["image"], table["corruption"], table["severity"], strict=True)
    pairs = zip(table["matrix"], table["image_miou"], strict=True)
    return {key: [value.tolist() for value in pair] for key, pair in zip(keys, pairs, strict=True)}


def test_a_measure_that_a_run_lacks_is_added(toy, reds, protocol, conditions, tmp_path):
    model = reds()
    things = toy(), protocol, conditions
    (folder,) = evaluate([model], *things, tmp_path / "r", measures=("confusion",))
    before = parts(folder)
    assert set(read_results(folder)["image_miou"]) == {None}
    evaluate([model], *things, tmp_path / "r", measures=("confusion",))
    assert model.calls == 30, "what is asked for is there"
    assert evaluate([model], *things, tmp_path / "r") == [folder]
    assert model.calls == 60
    after = parts(folder)
    assert before.items() < after.items(), "what was counted stays as it was"
    for path in after.keys() - before.keys():
        names = pq.read_schema(path).names
        added = [measure.column for measure in GIVEN[1:]]
        assert names == ["image", "corruption", "severity", *added, "reason"]
    (fresh,) = evaluate([reds()], *things, tmp_path / "fresh")
    assert values(folder) == values(fresh)
    evaluate([model], *things, tmp_path / "r")
    assert model.calls == 60


def test_a_measure_whose_law_changed_is_counted_anew(
    toy, reds, protocol, conditions, tmp_path, monkeypatch
):
    model, things = reds(), (toy(), protocol, conditions, tmp_path)
    (folder,) = evaluate([model], *things)
    old = values(folder)
    before = parts(folder)

    def halved(self, prepared, prediction):
        return np.array([mean_iou(prediction.matrix) / 2, 1.0])

    monkeypatch.setattr(type(IMAGE_MIOU), "law", 2)
    monkeypatch.setattr(type(IMAGE_MIOU), "observe", halved)
    monkeypatch.setattr(CONFUSION, "observe", None)  # a call would fail
    evaluate([model], *things)
    assert model.calls == 60
    assert before.items() < parts(folder).items()
    assert values(folder) == {
        key: [matrix, [own / 2, number]] for key, (matrix, (own, number)) in old.items()
    }


def test_each_image_has_its_own_miou(toy, reds, protocol, conditions, tmp_path):
    class Worse(reds):
        def __call__(self, image):
            labels = super().__call__(image)
            labels[:: 2 + self.calls % 3] = 0
            return labels

    (folder,) = evaluate([Worse()], toy(), protocol, conditions, tmp_path)
    for row in read_results(folder).itertuples():
        assert row.image_miou.tolist() == [mean_iou(row.matrix), 1.0]


WITH_ONE_MORE = """
import sys

import numpy as np

import robustbench_seg.measures as measures
from robustbench_seg.measures.measure import AdditiveMeasure


class Accuracy(AdditiveMeasure):
    name, column, law = "accuracy", "right", 1
    infos = (
        measures.ScoreInfo("accuracy", "pixel accuracy", "Share of pixels, in percent."),
        measures.ScoreInfo(
            "error", "pixel error", "The other pixels.", higher_is_better=False, section="failures"
        ),
        measures.ScoreInfo("doubt", "pixel doubt", "The same.", section="confidence", chief=9),
    )

    def shape(self, classes):
        return (2,)

    def prepare(self, truth):
        return truth.labels != 255

    def observe(self, scored, prediction):
        return np.array([(prediction.labels == prediction.truth)[scored].sum(), scored.sum()])

    def compute(self, counts):
        right, number = np.moveaxis(counts.astype(float), -1, 0)
        accuracy = 100 * right / np.where(number, number, np.nan)
        return {"accuracy": accuracy, "error": 100 - accuracy, "doubt": 100 - accuracy}


measures.MEASURES = (*measures.MEASURES, Accuracy())  # the line that a new measure adds

from robustbench_seg.cli.main import main

for command in COMMANDS:
    main(command, standalone_mode=False)
"""


SMALL_PROTOCOL = """
name = "small"
version = "1"
source = "here"
[[corruption]]
name = "contrast"
category = "digital"
scored = [1, 2, 3, 4, 5]
severities = [
    { factor = 0.5 },
    { factor = 0.4 },
    { factor = 0.3 },
    { factor = 0.2 },
    { factor = 0.1 },
]
"""


def test_a_new_measure_is_one_file_and_one_line(tmp_path):
    """It is counted, kept, scored, compared and shown without an edit elsewhere."""
    lay_out(tmp_path)
    (tmp_path / "small.toml").write_text(SMALL_PROTOCOL)
    protocol = ["--protocol", "small.toml"]
    shared = ["--dataset", "rooms.toml", "--limit", "2", "--model", "python:slow_reds:Reds"]
    commands = [
        ["evaluate", *shared, *protocol],
        ["evaluate", *shared, *protocol, "--name", "other"],
        ["report", "runs", *protocol, "--out", "report", "--no-pictures"],
        ["compare", "reds", "other", *protocol, "--csv", "compared.csv"],
    ]
    code = WITH_ONE_MORE.replace("COMMANDS", repr(commands))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    (folder,) = tmp_path.glob("runs/reds-*")
    part = pq.read_table(part_files(folder)[0])
    laws = json.loads(part.schema.metadata[b"robustseg measures"])
    assert laws == {measure.name: measure.law for measure in GIVEN} | {"accuracy": 1}
    table = part.to_pandas()
    for row in table.itertuples():
        matrix = row.matrix.reshape(2, 2)
        assert row.right.tolist() == [matrix.trace(), matrix.sum()]
    clean = table[table["corruption"] == "clean"]
    expected = 100 * clean["right"].sum()[0] / clean["right"].sum()[1]
    scores = pd.read_parquet(tmp_path / "report/tables/scores.parquet")
    rows = scores[scores["metric"] == "accuracy"].set_index(["model", "corruption", "severities"])
    assert np.isclose(rows["value"]["reds", "clean", "0"], expected)
    assert rows["value"].notna().all()
    compared = pd.read_csv(tmp_path / "compared.csv")
    (score,) = compared.loc[(compared["kind"] == "accuracy") & (compared["score"] == "clean"), "A"]
    assert np.isclose(score, expected)
    page = (tmp_path / "report/index.html").read_text()
    assert "pixel accuracy" in page
    assert "Share of pixels, in percent." in page
    assert "pixel error ↓" in page, "outside the ranking, in its section"
    assert "pixel doubt ↑" in page
