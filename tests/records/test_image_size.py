import pytest
from click.testing import CliRunner

import robustbench_seg as rs
from robustbench_seg.cli.main import main
from robustbench_seg.errors import ModelError
from robustbench_seg.records.image_size import check_size

WANTED = "sides of 1 to 32768 pixels are wanted, and no more than 268435456 pixels in all"


@pytest.mark.parametrize("size", [(1, 1), (1024, 2048), (16_384, 16_384), (8192, 32_768)])
def test_sizes_that_a_machine_takes(size):
    check_size(size)


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (1, 32_769), (16_384, 16_385)])
def test_sizes_that_no_machine_takes(size):
    with pytest.raises(ModelError, match=f"the size {size[0]}x{size[1]}: {WANTED}"):
        check_size(size)


@pytest.mark.parametrize("command", ["cost", "erf", "train"])
def test_no_command_begins_with_such_a_size(command):
    words = [command, "--model", "segformer-b0", "--crop" if command == "train" else "--size"]
    result = CliRunner().invoke(main, [*words, "99999x99999"])
    assert result.exit_code == 2
    assert f"the size 99999x99999: {WANTED}" in " ".join(result.output.split())


def test_no_function_begins_with_such_a_size():
    for function, asked in ((rs.cost, {"sizes": [(9**6, 9)]}), (rs.erf, {"size": (9**6, 9)})):
        with pytest.raises(ModelError, match="the size 531441x9: sides of"):
            function(["segformer-b0"], **asked)
