"""Numbered pieces of work in processes that end when their parent does."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from types import FrameType
from typing import Any, NoReturn, TypeVar

import cv2

from robustbench_seg.errors import RobustsegError
from robustbench_seg.machine.signals import TERMINATED, signals_blocked

Result = TypeVar("Result")
Work = Callable[[int, Callable[[], bool]], Result]
"""work(index, stopped) does one piece of work. It calls `stopped()` from time to time and returns
early if that is true.
"""

TICK_SECONDS = 0.5


def run_in_processes(
    work: Work[Result],
    count: int,
    workers: int,
    take: Callable[[Result], None],
    *,
    died: RobustsegError,
    tick: Callable[[], None] = lambda: None,
) -> None:
    """Process the pieces 0 .. count - 1 of some work.

    With one worker this process does all of them. Otherwise new processes do, so `work` must be
    picklable, and a script needs the usual `if __name__ == "__main__"`.

    Args:
        work: Processes one piece.
        count: Number of pieces.
        workers: Number of processes.
        take: Called with each result in this process, in the order in which they come.
        died: The error to raise if a process dies.
        tick: Called in this process every TICK_SECONDS.

    Raises:
        RobustsegError: `died`.
        Exception: A piece raised it; the other processes have then stopped.
    """
    workers = min(workers, count)
    if workers <= 1:
        for index in range(count):
            take(work(index, lambda: False))
        return
    # spawn: a forked child inherits the locks of OpenCV's and numba's threads, but not the threads.
    context = multiprocessing.get_context("spawn")
    # Without a lock: a killed worker that holds a lock would block all others.
    stop = context.RawValue(ctypes.c_bool, False)
    with ProcessPoolExecutor(workers, context, _start, (work, stop)) as pool:
        try:
            with signals_blocked():  # the workers inherit this, until they have handlers
                waiting = {pool.submit(_do, index) for index in range(count)}
                # Wakes the pool's thread, which otherwise does not watch the last process. A
                # cancelled call would make the thread fail and hang when a process dies.
                pool.submit(int)
            while waiting:
                done, waiting = wait(waiting, TICK_SECONDS, FIRST_COMPLETED)
                for future in done:
                    take(future.result())
                tick()
        except BaseException as error:
            stop.value = True
            pool.shutdown(wait=True, cancel_futures=True)
            if isinstance(error, BrokenProcessPool):
                raise died from None
            raise


_work: Work[Any]
_stop: ctypes.c_bool


def _start(work: Work[Any], stop: ctypes.c_bool) -> None:
    global _work, _stop
    _work, _stop = work, stop
    cv2.setNumThreads(1)  # the workers already use all cores
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which sets `stop`
    # SIGTERM comes from a scheduler, or from the pool itself when a worker has died. Between
    # pieces of work it ends the process at once.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # Without this, workers of a killed parent would wait for their next piece forever.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(TERMINATED)


def _do(index: int) -> Any:
    try:
        signal.signal(signal.SIGTERM, _end)
        try:
            return _work(index, lambda: _stop.value)
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
    except SystemExit:  # from the work or from `finally`; the pool would send it on and continue
        os._exit(TERMINATED)
