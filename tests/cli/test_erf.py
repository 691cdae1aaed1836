import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from robustbench_seg.cli.main import main


def run(*arguments):
    return CliRunner().invoke(main, ["erf", *map(str, arguments)])


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    out = tmp_path_factory.mktemp("erf")
    models = ("segformer-b0-minicity", "deeplabv3plus-mobilenetv2-minicity")
    named = [word for model in models for word in ("--model", model)]
    result = run(*named, "--dataset", "minicity", "--images", 2, "--out", out)
    assert result.exit_code == 0, result.output
    return out, result, pd.read_csv(out / "erf.csv").set_index(["model", "stage"])


def test_two_models_are_measured_stage_by_stage(measured):
    _, result, table = measured
    assert len(table) == 2 * 5
    assert set(table["images"]) == {2}
    assert set(table["height"]) == {192}
    assert set(table["width"]) == {384}
    assert (table["radius50"] <= table["radius95"]).all()
    assert (table["radius95_share"] - table["radius95"] / 192).abs().max() < 1e-4
    assert "the shorter side of the crop of 192x384; 2 images of minicity val" in result.stdout
    assert all(f"{name} {stage}" in " ".join(result.stdout.split()) for name, stage in table.index)


def test_convolutions_see_as_far_as_they_reach_and_attention_farther(measured):
    _, _, table = measured
    convolutional = table.loc[("deeplabv3plus-mobilenetv2-minicity", "stage 1")]
    # MobileNetV2 up to 24 channels: 3x3 once at 1/1, twice at 1/2 and once at 1/4, so a field
    # reaches at most 1 + 2 + 2 + 4 pixels to each side; one more for the stem without padding.
    assert 0 < convolutional["radius95"] <= 10 * 2**0.5
    assert table.loc[("segformer-b0-minicity", "stage 1"), "radius95"] > 20


def test_the_figure_has_a_panel_for_each_stage(measured):
    out, _, table = measured
    svg = (out / "erf.svg").read_text()
    for model in table.index.unique("model"):
        assert model in svg
    assert svg.count("stage 3") == 2
    with Image.open(out / "erf.png") as picture:
        assert picture.width > 1000


def test_random_weights_are_named_so(tmp_path):
    options = ("--dataset", "minicity", "--images", 1, "--size", "64x64", "--out", tmp_path)
    result = run("--model", "segformer-b0", "--weights", "none", *options)
    assert result.exit_code == 0, result.output
    assert set(pd.read_csv(tmp_path / "erf.csv")["model"]) == {"segformer-b0-untrained"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--model", "hf:nvidia/x"],
            "robustseg: hf:nvidia/x: its stages are unknown; give a model with a card\n",
        ),
        (["--model", "segformer-b0-minicity", "--size", "256x256"], "choose a smaller size\n"),
        (["--model", "segformer-b0-minicity", "--device", "cuda:99"], "choose another device\n"),
        (
            ["--model", "segformer-b0-minicity", "--model", "segformer-b0-minicity"],
            "measure them one by one, or rename one card\n",
        ),
        (
            ["--model", "a", "--model", "b", "--weights", "w"],
            "robustseg: weights w are for a single model, but 2 are given; measure the models "
            "one by one\n",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments, message, tmp_path):
    result = run(*arguments, "--dataset", "minicity", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert result.stderr.endswith(message)
    assert not (tmp_path / "out").exists()
