"""Prepares a process for computing with a network, or for reading runs."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning


@contextmanager
def prepared_process(*, network: bool = True) -> Iterator[None]:
    """Set up memory, and threads for a network. Import torch and all other large packages in the
    block.

    The imports create a million permanent objects. Python's garbage collector would scan them again
    and again, and once more at exit, which takes a quarter of the processor time of a short
    evaluation. So it pauses in the block and ignores the objects of the first block.

    Args:
        network: Whether the process computes with a network; False: it reads runs.
    """
    keep_freed_memory()
    if network:
        limit_spinning()
    if gc.get_freeze_count() or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
        if network:
            import numba  # noqa: F401  otherwise imported at the first call of a loop over pixels
    finally:
        gc.freeze()
        gc.enable()
