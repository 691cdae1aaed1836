"""The compilation of the corruptions' loops, for which a first run waits."""

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from tqdm import tqdm

from robustbench_seg.machine.cores import core_count

if TYPE_CHECKING:
    from numba.core import event

Result = TypeVar("Result")

NOTICE = "compiling the corruptions; this happens only once and takes ten to thirty seconds"

MOST_HELPERS = 3
"""More processes would wait for the one that compiles the longest call."""

_HELPER = """
import gc, os, pickle, sys
gc.disable()
sys.path, queue = pickle.load(sys.stdin.buffer)
calls = pickle.load(sys.stdin.buffer)
while index := os.read(queue, 1):
    calls[index[0]]()
"""


@cache
def announce_compiling() -> None:
    """From now on, print a line on stderr when a corruption is compiled for the first time.

    If all of them are already on disk, nothing is printed.
    """
    from numba.core import event

    # Printed above the progress bar, if there is one.
    notice = _at_first_compilation(lambda _: tqdm.write(NOTICE, file=sys.stderr))
    event.register("numba:compile", notice)  # type: ignore[no-untyped-call]


def compiled_in_parallel(calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Make some calls, and share them with other processes if loops must be compiled.

    When this process compiles its first loop, it starts the others. Each process takes the next
    call that no other has taken. At the end, this process makes the calls of the others again, with
    the loops that they have put on disk. So all results are its own, also if other processes cannot
    start, or fail.

    Numba's files are safe if processes compile a loop for the same types at once, but not for
    different types. Calls that need one loop for different types must therefore be one call.

    Args:
        calls: At most 256 calls that can be pickled, the ones that compile longest first.

    Returns:
        Their results, in the order of the calls.
    """
    from numba.core import event

    # Each byte is the index of a call; the process that reads it makes the call.
    queue, end = os.pipe()
    os.write(end, bytes(range(len(calls))))
    os.close(end)
    helpers = list[subprocess.Popen[bytes]]()
    collecting = gc.isenabled()

    def start(loop: Any) -> None:
        gc.disable()  # the compiler keeps its objects, so collections would only cost 7 % more time
        if loop.stats.cache_path is None:  # loops cannot be kept on disk
            return
        for _ in range(min(core_count() - 1, MOST_HELPERS, len(calls) - 1)):
            with suppress(OSError):
                helpers.append(_helper(calls, queue))

    results = dict[int, Result]()
    try:
        with event.install_listener("numba:compile", _at_first_compilation(start)):
            while index := os.read(queue, 1):
                results[index[0]] = calls[index[0]]()
            for helper in helpers:
                helper.wait()
            return [results[i] if i in results else call() for i, call in enumerate(calls)]
    finally:
        os.close(queue)
        if collecting:
            gc.enable()
        for helper in helpers:
            helper.kill()
            helper.wait()


def _helper(calls: Sequence[Callable[[], object]], queue: int) -> "subprocess.Popen[bytes]":
    """Start a process that makes the calls whose indices it reads from a queue."""
    # Unlike the processes of multiprocessing, it does not import the user's script again, so that
    # the script needs no `if __name__ == "__main__"`.
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _HELPER],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[queue],
    )
    assert process.stdin is not None
    with suppress(OSError), process.stdin as pipe:  # it has ended early
        pipe.write(pickle.dumps((sys.path, queue)) + pickle.dumps(calls))
    return process


def _at_first_compilation(act: Callable[[Any], None]) -> "event.Listener":
    """Call `act` with the loop of this package that is compiled first."""
    from numba.core import event

    class First(event.Listener):
        happened = False

        def on_start(self, event: event.Event) -> None:
            loop = event.data["dispatcher"]
            module = loop.py_func.__module__
            if module.startswith(f"{__package__}.kernels") and not self.happened:
                self.happened = True
                act(loop)

        def on_end(self, event: event.Event) -> None:
            pass

    return First()
