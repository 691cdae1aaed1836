"""Locks for several processes that work on one folder.

On some file systems, locks do not work across machines, or do not exist at all. There, processes
that write records do not wait for each other.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from robustbench_seg.files import remove_partials


@contextmanager
def registered(folder: Path, *, unlocked: bool = False) -> Iterator[Callable[[], None]]:
    """Hold a shared lock, which shows other processes that this one works in a folder.

    Args:
        folder: The folder, which exists.
        unlocked: Whether the sweep removes files if the file system has no locks.

    Yields:
        A function that sweeps the folder: it removes the partial files of killed processes, unless
        another process is registered that they could belong to.
    """
    handle = os.open(folder, os.O_RDONLY)

    def sweep() -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        except BlockingIOError:
            free = False
        except OSError:
            free = unlocked
        if free:
            remove_partials(folder)
        _lock(handle, fcntl.LOCK_SH)  # the attempt released it, even if it failed

    try:
        _lock(handle, fcntl.LOCK_SH)
        yield sweep
    finally:
        os.close(handle)


@contextmanager
def only_process(folder: Path) -> Iterator[bool]:
    """Hold the exclusive lock of a folder, if no other process holds one.

    Args:
        folder: The folder, which exists.

    Yields:
        Whether no other process holds a lock of the folder. True if the file system has no locks.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        except OSError:  # a file system without locks
            pass
        yield True
    finally:
        os.close(handle)


@contextmanager
def exclusive(file: Path) -> Iterator[None]:
    """Wait until no other process holds the exclusive lock of a file, and hold it in the block.

    The block may replace the file. If the file does not exist or cannot be written, the
    block runs at once.

    Args:
        file: The file.
    """
    handle = _locked(file)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _locked(file: Path) -> int | None:
    """Return a handle of `file` that holds its lock; None if it cannot be opened."""
    while True:
        try:
            # NFS allows exclusive locks only on files that are open for writing
            handle = os.open(file, os.O_RDWR)
        except OSError:
            return None
        _lock(handle, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(file)):
                return handle
        # Another process replaced the file in the meantime, so the lock is on the old one.
        os.close(handle)


def _lock(handle: int, kind: int) -> None:
    with suppress(OSError):  # a file system without locks
        fcntl.flock(handle, kind)
