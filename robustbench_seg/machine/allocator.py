"""Keeps freed memory in the process, because page faults are expensive."""

import ctypes
import os

# Parameters and values of mallopt, from glibc's malloc.h.
_TRIM_THRESHOLD = (-1, -1)  # never give the top of the heap back
_TOP_PAD = (-2, 64 * 2**20)  # grow the heap by 64 MiB at a time
_MMAP_MAX = (-4, 0)  # even the largest block gets no separate mapping


def keep_freed_memory() -> bool:
    """Tell glibc's malloc to serve large blocks from its heap and never to give them back.

    By default, malloc maps each large tensor anew, and every page of it faults again. A network
    requests the same sizes again and again, and so does a reader of the parts of a run, so a heap
    that is kept can serve them. In return, the memory of the process stays at its peak. Call this
    before the first large allocation and before pyarrow is imported, which then uses malloc, too,
    unless the user has set this; it affects the whole process.

    Returns whether it took effect: False if the C library is not glibc.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS, Windows
        return False
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    return all(mallopt(*setting) == 1 for setting in (_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX))
