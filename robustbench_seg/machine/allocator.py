"""Keep freed memory in the process, where page faults cost more than the memory."""

import ctypes

# Parameters and values of mallopt, from glibc's malloc.h.
_TRIM_THRESHOLD = (-1, -1)  # never give the top of the heap back
_TOP_PAD = (-2, 64 * 2**20)  # grow the heap by 64 MiB at a time
_MMAP_MAX = (-4, 0)  # even the largest block gets no separate mapping


def keep_freed_memory() -> bool:
    """Tell glibc's malloc to serve large blocks from its heap and never to give them back.

    By default a large tensor is mapped afresh each time and every page of it faults again; a
    network asks for the same sizes over and over, so a kept heap fits. The price is that the
    process's memory stays at its peak. Call it before the first large allocation; it acts on
    the whole process.

    Returns whether it took effect: False where the C library is not glibc.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS, Windows
        return False
    return all(mallopt(*setting) == 1 for setting in (_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX))
