"""Several processes on one tree: who is at work there, and whose turn it is to record.

Locks do not tell of other machines on every file system, and some file systems have none; there
nothing is swept, and processes that record do not wait for each other.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from robustbench_seg.files import remove_partials


@contextmanager
def presence(folder: Path) -> Iterator[Callable[[], None]]:
    """Hold a lock that says that a process works in `folder`; yield what sweeps it.

    The sweep removes the partial files of killed processes, if no other process is at work that
    they could belong to.
    """
    with _opened(folder) as handle:

        def sweep() -> None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                pass
            else:
                remove_partials(folder)
            _lock(handle, fcntl.LOCK_SH)  # the attempt has given it up, also where it failed

        _lock(handle, fcntl.LOCK_SH)
        yield sweep


@contextmanager
def turn(file: Path) -> Iterator[None]:
    """Wait until no other process has the turn at `file`, which must exist, and take it."""
    with _opened(file) as handle:
        _lock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)


def _lock(handle: int, kind: int) -> None:
    with suppress(OSError):  # a file system without locks
        fcntl.flock(handle, kind)
