"""What a process does before it computes with a network."""

from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning


def prepare_process() -> None:
    """Set up memory and threads for a network. Call it before torch is imported."""
    keep_freed_memory()
    limit_spinning()
