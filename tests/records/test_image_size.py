import pytest
from click.testing import CliRunner

import robustbench_seg as rs
from robustbench_seg.cli.main import main
from robustbench_seg.codec import check_ranges
from robustbench_seg.errors import CardError, OptionError
from robustbench_seg.records.values.image_size import check_size
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.records.values.ranges import MAX_SIDE
from robustbench_seg.records.values.training_recipe import TrainingRecipe

WANTED = "is out of range; give sides of 1 to 32768 pixels, and at most 268435456 pixels in all"


@pytest.mark.parametrize("size", [(1, 1), (1024, 2048), (16_384, 16_384), (8192, 32_768)])
def test_sizes_that_a_machine_takes(size):
    check_size(size)


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (1, 32_769), (16_384, 16_385)])
def test_sizes_that_no_machine_takes(size):
    with pytest.raises(OptionError, match=f"the size {size[0]}x{size[1]} {WANTED}"):
        check_size(size)


@pytest.mark.parametrize("command", ["cost", "erf", "train"])
def test_no_command_begins_with_such_a_size(command):
    words = [command, "--model", "segformer-b0", "--crop" if command == "train" else "--size"]
    result = CliRunner().invoke(main, [*words, "99999x99999"])
    assert result.exit_code == 2
    assert f"the size 99999x99999 {WANTED}" in " ".join(result.output.split())


def test_no_function_begins_with_such_a_size():
    for function, asked in ((rs.cost, {"sizes": [(9**6, 9)]}), (rs.erf, {"size": (9**6, 9)})):
        with pytest.raises(OptionError, match="the size 531441x9 is out of"):
            function(["segformer-b0"], **asked)


def test_an_image_a_window_and_a_crop_have_one_largest_side():
    check_size((MAX_SIDE, 32))
    check_ranges(Inference("slide", MAX_SIDE, MAX_SIDE))
    TrainingRecipe(crop=(MAX_SIDE, 32), batch=1)
    beyond = MAX_SIDE + 1
    with pytest.raises(OptionError, match=f"sides of 1 to {MAX_SIDE} pixels"):
        check_size((beyond, 32))
    with pytest.raises(OptionError, match=f"give .*1 to {MAX_SIDE}"):
        check_ranges(Inference("slide", beyond, beyond))
    with pytest.raises(OptionError, match=f"give .*32 to {MAX_SIDE}"):
        TrainingRecipe(crop=(beyond, 32), batch=1)


@pytest.mark.parametrize(("mode", "crop"), [("whole", 32), ("slide", None)])
def test_an_inference_mode_that_contradicts_its_windows_cannot_be_made(mode, crop):
    with pytest.raises(CardError, match=f"mode '{mode}'"):
        Inference(mode, crop)
