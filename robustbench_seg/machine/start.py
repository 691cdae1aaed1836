"""What a process that computes with a network does first."""

from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import wait_briefly


def prepare_process() -> None:
    """Set up memory and threads for a network. Call it before torch is imported."""
    keep_freed_memory()
    wait_briefly()
