"""How a process starts: its command, and what it does before it computes with a network."""

import shlex
import sys
from pathlib import Path

from robustbench_seg.files import printable
from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import wait_briefly


def command_line() -> str:
    """The command that this process was started with."""
    return printable(shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]))


def prepare_process() -> None:
    """Set up memory and threads for a network. Call it before torch is imported."""
    keep_freed_memory()
    wait_briefly()
