"""Keep freed memory in the process, where page faults cost more than the memory."""

import ctypes

# glibc's malloc.h
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> bool:
    """Tell glibc's malloc to serve large blocks from its heap and never to give them back.

    By default every tensor of more than 32 MB at most is mapped afresh, and each of its pages
    faults again on every forward; a network repeats the same sizes, so a kept heap fits. The
    price is that the process's memory stays at its peak. Call it before the first large
    allocation; it acts on the whole process.

    Returns whether it took effect: False where the C library is not glibc.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS, Windows
        return False
    largest = 2**31 - 1
    settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, largest), (_TOP_PAD, 64 * 2**20))
    return all(mallopt(name, value) == 1 for name, value in settings)
