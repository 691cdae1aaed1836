"""How a process starts: its command, and what it does before it computes with a network."""

import shlex
import sys
from pathlib import Path

from robustbench_seg.files import printable
from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning


def command_line() -> str:
    """The command that this process was started with."""
    return printable(shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]))


def program(processes: int = 1) -> list[str]:
    """The words that start a command of robustseg, in several processes by torchrun.

    >>> program(2)
    ['torchrun', '--standalone', '--nproc-per-node=2', '-m', 'robustbench_seg']
    """
    if processes == 1:
        return ["robustseg"]
    started = ["torchrun", "--standalone", f"--nproc-per-node={processes}"]
    return [*started, "-m", "robustbench_seg"]


def prepare_process() -> None:
    """Set up memory and threads for a network. Call it before torch is imported."""
    keep_freed_memory()
    limit_spinning()
