"""The number of threads of networks and of matrix products, and how they wait for each other."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

SPINS = 20_000


def limit_spinning() -> None:
    """Have OpenMP's threads spin only briefly before they sleep, unless the user has decided.

    GNU OpenMP spins 300,000 times by default. Where as many other processes are busy as there are
    cores, a spinning thread keeps its own partner from the core it waits for; threads that always
    sleep are slow on an idle machine. benchmarks/waiting.py compares. No number changes.

    Call it before torch is imported: the setting is read when the library loads.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))


def threads_of_each(count: int | None, processes: int) -> int | None:
    """Return how many CPU threads torch has in each of several processes.

    Args:
        count: The threads of each; None: those that torch takes are shared out.
        processes: How many processes there are.

    Returns:
        The number; None: as many as torch takes.
    """
    if count is not None or processes == 1:
        return count
    import torch

    return max(1, torch.get_num_threads() // processes)


@contextmanager
def torch_threads(count: int | None) -> Iterator[None]:
    """Have torch compute with `count` CPU threads in the block; None leaves them as they are."""
    import torch  # imported here, because `limit_spinning` runs before torch is imported

    before = torch.get_num_threads()
    torch.set_num_threads(before if count is None else count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def one_blas_thread() -> AbstractContextManager[object]:
    """Limit NumPy's matrix products to one thread in the block.

    For thousands of small products, a second thread spends far more time on waiting than on
    computing (benchmarks/leaderboard.py).
    """
    limit: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return limit


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
