"""The number of processor cores that this process may use."""

import os


def core_count() -> int:
    """Return the number of cores, at least 1."""
    # Only Linux states how many cores this process may use.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
