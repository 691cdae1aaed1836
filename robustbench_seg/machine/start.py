"""Prepares a process for computing with a network."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning


@contextmanager
def prepared_process() -> Iterator[None]:
    """Set up memory and threads for a network. Import torch, and everything that imports it, in the
    block.

    The imports create a million permanent objects. Python's garbage collector would scan them again
    and again, and once more at exit, which takes a quarter of the processor time of a short
    evaluation. So it pauses in the block and ignores the objects of the first block.
    """
    keep_freed_memory()
    limit_spinning()
    if gc.get_freeze_count() or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
        import numba  # noqa: F401  otherwise imported at the first call of the loops over pixels
    finally:
        gc.freeze()
        gc.enable()
