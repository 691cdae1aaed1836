"""The command of this process, and commands of robustseg, as text for readers."""

import shlex
import sys
from pathlib import Path

from robustbench_seg.text import printable


def command_line() -> str:
    """Return the command that this process was started with, quoted for a shell."""
    return printable(shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]))


def command_start(processes: int = 1) -> list[str]:
    """Return the words that start a command of robustseg.

    Args:
        processes: Number of processes; torchrun starts more than one.

    >>> command_start(2)
    ['torchrun', '--standalone', '--nproc-per-node=2', '-m', 'robustbench_seg']
    """
    if processes == 1:
        return ["robustseg"]
    started = ["torchrun", "--standalone", f"--nproc-per-node={processes}"]
    return [*started, "-m", "robustbench_seg"]
