import subprocess
import sys

import click
import pytest
import torch
from click.testing import CliRunner

from robustbench_seg import __version__
from robustbench_seg.cli.command_group import CommandGroup
from robustbench_seg.cli.main import main
from robustbench_seg.errors import DatasetError, IncompleteError
from robustbench_seg.records.cards.ablation import list_ablations


def program(error: BaseException) -> click.Command:
    @click.group(cls=CommandGroup)
    def group():
        pass

    @group.command()
    def fail():
        raise error

    return group


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (DatasetError("no images in /data: get them at x"), 2, "no images in /data: get them at x"),
        (IncompleteError("left out: a.png"), 1, "left out: a.png"),
        (KeyboardInterrupt(), 130, "interrupted; finished work is kept"),
        (
            PermissionError(13, "Permission denied", "/data/gtFine"),
            2,
            "/data/gtFine: Permission denied; fix this and run again",
        ),
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has ..."),
            2,
            "CUDA out of memory; reduce --batch, --crop or --size, or try --precision bf16",
        ),
        (
            ImportError("libGL.so.1: cannot open shared object file"),
            2,
            "libGL.so.1: cannot open shared object file. OpenCV needs a system package: "
            "apt-get install libgl1 libglib2.0-0",
        ),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(error, code, line):
    result = CliRunner().invoke(program(error), ["fail"])
    assert result.exit_code == code
    assert result.stderr == f"robustseg: {line}\n"
    assert result.stdout == ""


def test_a_defect_keeps_its_traceback():
    for defect in (ImportError("no module named 'x'"), OSError("odd")):
        result = CliRunner().invoke(program(defect), ["fail"])
        assert result.exception is defect


def test_usage_errors_exit_with_two():
    assert CliRunner().invoke(main, ["evaluate"]).exit_code == 2
    assert CliRunner().invoke(main, ["no-such-command"]).exit_code == 2


def test_help_shows_every_command_with_a_sentence():
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    for name, command in main.commands.items():
        assert name in result.stdout
        assert command.help


def test_version():
    assert CliRunner().invoke(main, ["--version"]).stdout.strip().endswith(__version__)


def test_tables_in_help_texts_keep_their_lines():
    for name in ("cost", "weights", "models"):
        text = CliRunner().invoke(main, [name, "--help"]).stdout
        assert "\\b" not in text
        starts = {line.split()[0] for line in text.splitlines() if line.strip()}
        assert starts >= ({"params", "GMAC"} if name == "cost" else {"huggingface", "manual"}), name


def test_the_help_of_ablation_lists_every_ablation_without_torch():
    code = (
        "import sys\n"
        "from robustbench_seg.cli.main import main\n"
        "main(['ablation', '--help'], standalone_mode=False)\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in list_ablations():
        assert f"  {name} " in done.stdout
