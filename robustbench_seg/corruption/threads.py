"""The threads of a call of `corrupt`.

The function of a corruption, including functions of users, takes only an image, a stream and
parameters. The number of threads is therefore not an argument: loops over rows get it from this
module.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from robustbench_seg.machine.row_threads import OnRows, row_threads

_LEAST = 16
"""Minimum number of rows for each thread; with fewer, one thread is faster."""


class _Threads(NamedTuple):
    number: int
    run: Callable[[OnRows, int], None]


_ONE = _Threads(1, lambda process, rows: process(0, rows))
_threads = ContextVar("threads", default=_ONE)


@contextmanager
def several_threads(count: int) -> Iterator[None]:
    """Make `by_rows` use `count` threads in the block."""
    if count == 1:
        yield
        return
    with row_threads(count) as run:
        before = _threads.set(_Threads(count, run))
        try:
            yield
        finally:
            _threads.reset(before)


def thread_count() -> int:
    """Return the number of threads of `by_rows`."""
    return _threads.get().number


def by_rows(process: Callable[[slice], None], rows: int) -> None:
    """Process `rows` rows in bands, in parallel if the call has several threads.

    Args:
        process: Processes the rows of a slice. The bytes of the result must not depend on the
            bands.
        rows: Number of rows.
    """
    threads = _threads.get()
    run = (threads if rows >= _LEAST * threads.number else _ONE).run
    run(lambda start, stop: process(slice(start, stop)), rows)
