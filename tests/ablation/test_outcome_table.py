import json
import shutil
from pathlib import Path

import pytest

from robustbench_seg.ablation import ablation_table
from robustbench_seg.errors import ResultsError
from robustbench_seg.store.run_folder import RUN_FILE

MODEL = "segformer-b0-minicity"


@pytest.fixture
def trainings():
    """The folders of two trainings of one model."""
    recorded = Path(__file__).parents[2] / "reports/recorded"
    return sorted(recorded.glob(f"{MODEL}-*"))


@pytest.fixture
def runs(tmp_path, trainings):
    """The folders of two runs of one model that are not trainings of the same recipe."""
    for number, folder in enumerate(trainings):
        copy = shutil.copytree(folder, tmp_path / folder.name)
        record = json.loads((copy / RUN_FILE).read_text())
        record["about"]["training"]["recipe"]["iterations"] += number
        (copy / RUN_FILE).write_text(json.dumps(record))
    return tmp_path


def test_a_model_stands_beside_what_is_published(runs):
    shutil.rmtree(next(runs.iterdir()))
    table = ablation_table(runs, {MODEL: 12.5}, "paper")
    assert table["model"].tolist() == [MODEL]
    assert table["paper"].tolist() == [12.5]
    assert table["low"][0] < table["mean"][0] < table["high"][0] < table["clean"][0]


def test_trainings_of_one_model_are_one_row_their_mean(tmp_path, trainings):
    for folder in trainings:
        shutil.copytree(folder, tmp_path / folder.name)
    row = ablation_table(tmp_path, {MODEL: None}, "paper").iloc[0]
    alone = [ablation_table(folder, {MODEL: None}, "paper").iloc[0] for folder in trainings]
    assert len(trainings) == 2
    assert (row["seeds"], row["steps"], row["encoder from"]) == ("1, 2", 8000, "nothing")
    assert sorted(each["seeds"] for each in alone) == ["1", "2"]
    for score in ("clean", "mean"):
        assert row[score] == pytest.approx(sum(each[score] for each in alone) / 2)
        assert alone[0][score] != alone[1][score]


def test_the_table_tells_what_an_encoder_began_with(tmp_path, trainings):
    copy = shutil.copytree(trainings[0], tmp_path / trainings[0].name)
    record = json.loads((copy / RUN_FILE).read_text())
    record["about"]["training"]["encoder"] = "hf:nvidia/mit-b0 (sha256 0123)"
    (copy / RUN_FILE).write_text(json.dumps(record))
    table = ablation_table(tmp_path, {MODEL: None}, "paper")
    assert table["encoder from"].tolist() == ["hf:nvidia/mit-b0 (sha256 0123)"]


@pytest.mark.parametrize(("name", "count"), [(MODEL, 2), ("mit", 0)])
def test_a_model_without_one_run_is_refused(runs, name, count):
    with pytest.raises(
        ResultsError, match=f"{count} models called {name}, but the table needs exactly one"
    ):
        ablation_table(runs, {name: None}, "paper")
