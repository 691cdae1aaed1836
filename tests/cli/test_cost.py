import pandas as pd
import pytest
from click.testing import CliRunner

from robustbench_seg.cli.main import main


def run(*arguments):
    return CliRunner().invoke(main, ["cost", *map(str, arguments)])


def test_cost_stands_beside_the_paper_s(tmp_path):
    models = ("--model", "segformer-b0", "--model", "deeplabv3plus-mobilenetv2-openmmlab")
    result = run(*models, "--out", tmp_path / "cost.csv")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[1] == ["segformer-b0", "19", "512x512", "3.72", "-", *lines[1][5:7], "-"]
    assert lines[2][:5] == ["segformer-b0", "19", "1024x2048", "3.72", "3.8"]
    assert lines[2][6:] == ["121.0", "125.5"]
    table = pd.read_csv(tmp_path / "cost.csv").set_index(["model", "size"])
    assert len(table) == 4
    row = table.loc[("deeplabv3plus-mobilenetv2-openmmlab", "1024x2048")]
    assert (row["params_m"], row["paper_params_m"]) == (15.017795, 15.4)
    assert row["gmacs"] == pytest.approx(544.30, abs=0.01)
    assert "seconds" not in table


def test_time_and_memory_are_measured_when_asked_for(tmp_path):
    options = ("--size", "32x64", "--repeat", "1", "--threads", "1")
    result = run("--model", "segformer-b0-minicity", *options, "--out", tmp_path / "cost.csv")
    assert result.exit_code == 0, result.output
    (row,) = pd.read_csv(tmp_path / "cost.csv").to_dict("records")
    assert row["seconds"] > 0
    assert row["peak_mb"] > 50
    assert (row["device"], row["precision"], row["threads"]) == ("cpu", "float32", 1)
    assert "peak MB" in result.stdout


def test_at_a_size_of_no_table_the_paper_s_models_are_counted():
    result = run("--size", "32x32")
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.stdout.splitlines()[1:]]
    names = [row[0] for row in rows]
    assert {"segformer-b5", "segformer-b0-512", "segformer-b2-ade20k"} < set(names)
    assert len(names) == len(set(names))
    assert {(row[4], row[7]) for row in rows} == {("-", "-")}


def test_too_small_an_image_is_said():
    result = run("--model", "segformer-b0", "--size", "5x5")
    assert result.exit_code == 2
    assert "SegFormer does not take an image of 5x5 (" in result.stderr
    assert result.stderr.endswith("; choose a larger one\n")


def test_an_unknown_model_is_named():
    result = run("--model", "segformer-b7")
    assert result.exit_code == 2
    assert "unknown model 'segformer-b7'" in result.stderr
