"""Steps as files, and the processes of torchrun that run them."""

import sys

import pytest
from click.testing import CliRunner

from robustbench_seg.ablation import ablation_steps
from robustbench_seg.ablation.step_processes import read_step, run_step, write_step
from robustbench_seg.ablation.steps import EvaluateStep, TrainStep
from robustbench_seg.cli.main import main
from robustbench_seg.errors import CardError, IncompleteError, RobustsegError
from robustbench_seg.records.specs.ablation_spec import ablation_spec


@pytest.fixture
def step(tmp_path):
    return next(ablation_steps(ablation_spec("width", out=tmp_path, seeds=[5])))


def test_a_step_comes_back_from_its_file(tmp_path):
    for step in ablation_steps(
        ablation_spec("positions", out=tmp_path, encoder="mit.pth", limit=3)
    ):
        if isinstance(step, TrainStep | EvaluateStep):
            write_step(step, tmp_path / "step.json")
            assert read_step(tmp_path / "step.json") == step


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "step.json: not a step of an ablation: JSONDecodeError"),
        ("[]", "step.json: not a step of an ablation: TypeError"),
        ('{"kind": "trian", "step": {}}', "step.json: unknown step 'trian'; did you mean 'train'"),
        ('{"kind": "train", "step": {}}', "step.json: the key 'spec' is missing"),
    ],
)
def test_a_file_that_is_no_step_is_one_line(text, message, tmp_path):
    (tmp_path / "step.json").write_text(text)
    with pytest.raises(CardError) as error:
        read_step(tmp_path / "step.json")
    assert message in str(error.value)


# A shell starts background jobs with SIGINT ignored, and children inherit that.
INTERRUPT = "signal.signal(signal.SIGINT, signal.default_int_handler); signal.raise_signal(2)"


@pytest.mark.parametrize(
    ("program", "error", "message"),
    [
        (
            "sys.exit(1)",
            IncompleteError,
            "seed 5: its processes failed with exit code 1; finished",
        ),
        (
            "os.kill(os.getpid(), signal.SIGKILL)",
            IncompleteError,
            "were killed by signal 9; finished",
        ),
        (
            "os.kill(os.getpid(), signal.SIGTERM)",
            IncompleteError,
            "were killed by signal 15; finished",
        ),
        (INTERRUPT, KeyboardInterrupt, None),
        ("sys.exit(130)", KeyboardInterrupt, None),
    ],
)
def test_however_its_processes_end_a_step_ends_in_one_line(
    program, error, message, step, monkeypatch
):
    words = [sys.executable, "-c", f"import os, signal, sys; {program}"]
    monkeypatch.setattr("robustbench_seg.ablation.step_processes._torchrun", lambda _: words)
    with pytest.raises(error, match=message):
        run_step(step, 2)


def test_what_a_process_raised_is_raised_here(step, monkeypatch):
    # Run the program of a step in one process; its card is missing.
    words = [sys.executable, "-m", "robustbench_seg.ablation.worker"]
    monkeypatch.setattr("robustbench_seg.ablation.step_processes._torchrun", lambda _: words)
    with pytest.raises(RobustsegError) as error:
        run_step(step, 2)
    assert str(error.value).startswith(
        f"train c256, seed 5: {step.spec.model}: there is no such file"
    )
    assert error.value.exit_code == 2


def test_a_killed_process_ends_the_command_with_a_code_of_the_contract(tmp_path, monkeypatch):
    words = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    monkeypatch.setattr("robustbench_seg.ablation.step_processes._torchrun", lambda _: words)
    done = CliRunner().invoke(main, ["ablation", "width", "--gpus", "2", "--out", str(tmp_path)])
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "train c256, seed 0",
        "robustseg: train c256, seed 0: its processes were killed by signal 9; finished work is "
        "kept: run again to continue",
    ]
