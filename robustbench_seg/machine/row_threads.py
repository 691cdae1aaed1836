"""Threads that each process a band of the rows of an image."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise

OnRows = Callable[[int, int], None]
"""Processes the rows from a first one to a last one, exclusive."""


@contextmanager
def row_threads(threads: int) -> Iterator[Callable[[OnRows, int], None]]:
    """Start threads.

    Args:
        threads: How many.

    Yields:
        A function `run(process, rows)`. It cuts `rows` rows into nearly equal bands, one for each
        thread, calls `process` on each band, and waits for all of them.
    """
    with ThreadPoolExecutor(threads) as pool:

        def run(process: OnRows, rows: int) -> None:
            ends = [rows * part // threads for part in range(threads + 1)]
            for job in [pool.submit(process, start, stop) for start, stop in pairwise(ends)]:
                job.result()

        yield run
