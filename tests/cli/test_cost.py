import pandas as pd
import pytest
from click.testing import CliRunner

from robustbench_seg.cli.main import main
from robustbench_seg.records.cards.model_card import list_models


def run(*arguments):
    return CliRunner().invoke(main, ["cost", *map(str, arguments)])


def test_cost_stands_beside_the_paper_s(tmp_path):
    models = ("--model", "segformer-b0", "--model", "deeplabv3plus-mobilenetv2-openmmlab")
    sizes = ("--size", "512x512", "--size", "1024x2048")
    result = run(*models, *sizes, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[1] == [
        "segformer-b0",
        "19",
        "512x512",
        "3.72",
        "-",
        *lines[1][5:7],
        "-",
        "-",
        "76.2",
    ]
    assert lines[2][:5] == ["segformer-b0", "19", "1024x2048", "3.72", "3.8"]
    assert lines[2][6:] == ["121.0", "125.5", "15.2", "76.2"]
    table = pd.read_csv(tmp_path / "cost.csv").set_index(["model", "size"])
    assert len(table) == 4
    row = table.loc[("deeplabv3plus-mobilenetv2-openmmlab", "1024x2048")]
    assert (row["params_m"], row["paper_params_m"]) == (15.017795, 15.4)
    assert row["gmacs"] == pytest.approx(544.30, abs=0.01)
    assert "seconds" not in table
    assert set(pd.read_csv(tmp_path / "published.csv")["table"]) == {"1a", "2", "4"}
    assert (tmp_path / "size.png").read_bytes()[:4] == b"\x89PNG"
    assert "Published" not in result.stdout


def test_time_and_memory_are_measured_when_asked_for(tmp_path):
    options = ("--size", "32x64", "--repeat", "1", "--threads", "1")
    result = run("--model", "segformer-b0-minicity", *options, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    (row,) = pd.read_csv(tmp_path / "cost.csv").to_dict("records")
    assert row["seconds"] > 0
    assert row["peak_mb"] > 50
    assert (row["device"], row["precision"], row["threads"]) == ("cpu", "float32", 1)
    assert "peak MB" in result.stdout
    assert "images/s" in result.stdout


@pytest.mark.slow  # 20 s: it builds every network
def test_without_models_every_card_is_counted_and_the_paper_s_others_follow():
    result = run()
    assert result.exit_code == 0, result.output
    cards, others = result.stdout.split("\nPublished values of networks without a card:\n")
    assert [line.split()[0] for line in cards.splitlines()[1:]] == list(list_models())
    assert ["4", "SETR", "ViT-Large", "coco-stuff", "305.70", "-", "-", "45.8"] in [
        line.split() for line in others.splitlines()
    ]


def test_too_small_an_image_is_said():
    result = run("--model", "segformer-b0", "--size", "5x5")
    assert result.exit_code == 2
    assert "SegFormer does not take an image of 5x5 (" in result.stderr
    assert result.stderr.endswith("; choose a larger size\n")


def test_an_unknown_model_is_named():
    result = run("--model", "segformer-b7")
    assert result.exit_code == 2
    assert "unknown model 'segformer-b7'" in result.stderr
