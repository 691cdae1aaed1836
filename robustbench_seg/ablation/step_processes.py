"""Running a step in several processes of torchrun, one for each GPU."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from robustbench_seg.ablation.steps import EvaluateStep, TrainStep
from robustbench_seg.codec import from_table, to_table
from robustbench_seg.errors import CardError, IncompleteError, RobustsegError, unknown
from robustbench_seg.files import write_json
from robustbench_seg.machine.signals import INTERRUPTED, TERMINATED, Terminated
from robustbench_seg.machine.threads import limit_spinning

KINDS: Mapping[str, type[TrainStep] | type[EvaluateStep]] = {
    "train": TrainStep,
    "evaluate": EvaluateStep,
}


def write_step(step: TrainStep | EvaluateStep, file: Path) -> None:
    """Write a step as JSON."""
    kind = next(name for name, known in KINDS.items() if isinstance(step, known))
    write_json(file, {"kind": kind, "step": to_table(step)})


def read_step(file: Path) -> TrainStep | EvaluateStep:
    """Read what `write_step` wrote.

    Raises:
        CardError: The file does not contain a step.
    """
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
        kind, step = table["kind"], table["step"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CardError(f"{file}: not a step of an ablation: {error!r}") from None
    if kind not in KINDS:
        raise CardError(f"{file}: {unknown('step', str(kind), KINDS)}")
    return from_table(KINDS[kind], step, str(file))


def run_step(step: TrainStep | EvaluateStep, processes: int) -> None:
    """Run a step in processes that torchrun starts.

    Raises:
        RobustsegError: One of the processes raised it.
        IncompleteError: A process failed in another way, or was killed.
        KeyboardInterrupt: The processes were interrupted.
    """
    with tempfile.TemporaryDirectory(prefix="robustseg-") as folder:
        file = Path(folder) / "step.json"
        write_step(step, file)
        limit_spinning()  # inherited by the processes, which import torch first
        code = _wait(subprocess.Popen([*_torchrun(processes), str(file)]))
        failure = error_file(file)
        failed = json.loads(failure.read_text(encoding="utf-8")) if failure.exists() else None
    if code in (INTERRUPTED, -signal.SIGINT):
        raise KeyboardInterrupt
    if code == TERMINATED:
        raise Terminated
    if code and failed:
        error = RobustsegError(f"{step}: {failed['message']}")
        error.exit_code = failed["exit_code"]
        raise error
    if code:
        end = f"were killed by signal {-code}" if code < 0 else f"failed with exit code {code}"
        raise IncompleteError(
            f"{step}: its processes {end}; finished work is kept: run again to continue"
        )


def _wait(torchrun: "subprocess.Popen[bytes]") -> int:
    """The exit code of torchrun. An interrupt ends torchrun and its processes first."""
    try:
        return torchrun.wait()
    except KeyboardInterrupt:
        torchrun.terminate()
        torchrun.wait()
        raise


def error_file(step: Path) -> Path:
    """The file for the error of a process that runs the step in the file `step`."""
    return step.with_suffix(".error.json")


def _torchrun(processes: int) -> list[str]:
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return [*start, f"--nproc-per-node={processes}", "-m", "robustbench_seg.ablation.worker"]
