"""The number of threads of networks and of matrix products, and how they wait for each other."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

SPINS = 20_000


def limit_spinning() -> None:
    """Make OpenMP's threads spin only briefly before they sleep, unless the user has set this.

    GNU OpenMP spins 300,000 times by default. If other processes keep all cores busy, a spinning
    thread occupies the core that its partner needs; threads that always sleep are slow on an idle
    machine. benchmarks/waiting.py compares these settings. They do not change results.

    Call it before torch is imported: the setting is read when the library loads.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))


def threads_of_each(count: int | None, processes: int) -> int | None:
    """Return how many CPU threads torch has in each of several processes.

    Args:
        count: The threads of each process; None: the processes share the threads that torch would
            use.
        processes: Number of processes.

    Returns:
        The number; None: torch's default.
    """
    if count is not None or processes == 1:
        return count
    import torch

    return max(1, torch.get_num_threads() // processes)


@contextmanager
def torch_threads(count: int | None) -> Iterator[None]:
    """Make torch compute with `count` CPU threads in the block; None changes nothing."""
    import torch  # imported here, because `limit_spinning` runs before torch is imported

    before = torch.get_num_threads()
    torch.set_num_threads(before if count is None else count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def one_blas_thread() -> AbstractContextManager[object]:
    """Limit NumPy's matrix products to one thread in the block.

    For thousands of small products, a second thread spends far more time waiting than computing
    (benchmarks/leaderboard.py).
    """
    limit: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return limit


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
