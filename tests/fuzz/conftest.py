"""Damaged and hostile inputs, read within limits of time and memory.

Each test reads a few hundred inputs; marked slow, thousands of others. Every input has a seed of
its own: `seed N: what was done: what happened` in a failure is enough to make it again.
"""

import logging
import re
import resource
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from robustbench_seg.errors import RobustsegError

sys.path.insert(0, str(Path(__file__).parent))  # makes mutations.py importable

SECONDS = 20
"""How long one input may take; a machine with other work on it is granted much."""

BYTES = 2 << 30
"""How much memory one input may take."""


class Hang(BaseException):
    """An input took longer than SECONDS. It is not an Exception, so that nothing catches it."""


@contextmanager
def limits():
    """Raise Hang after SECONDS, and MemoryError where the process grows by BYTES."""

    def hang(*_):
        raise Hang(f"no end after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(SECONDS)
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (_data_bytes() + BYTES, hard))
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _data_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmData:\s+(\d+) kB", status)[1]) * 1024


class Attack:
    """Reads inputs, and collects what should not have happened.

    refused, accepted: How many were refused in one line, and how many gave a result.
    """

    def __init__(self):
        self.faults, self.refused, self.accepted = [], 0, 0

    def read(self, seed: int, done: str, reader: Callable[[], Any]) -> Any:
        """What the reader returns; None where it refuses the input in one line.

        Anything but a RobustsegError of one line is a fault.
        """
        try:
            with limits():
                result = reader()
        except RobustsegError as error:
            self.refused += 1
            if not str(error) or "\n" in str(error) or "\x1b" in str(error):
                self.fault(seed, done, f"not one line: {str(error)!r}")
            return None
        except (Exception, Hang) as error:
            self.fault(seed, done, f"{type(error).__name__}: {str(error)[:200]}")
            return None
        self.accepted += 1
        return result

    def fault(self, seed: int, done: str, what: str) -> None:
        self.faults.append(f"seed {seed}: {done}: {what}")

    def settle(self) -> None:
        """Fail with all faults; also if no input was refused, because then nothing was tested."""
        assert not self.faults, f"{len(self.faults)} faults\n" + "\n".join(self.faults[:40])
        assert self.refused > 0


@pytest.fixture
def attack(caplog):
    caplog.set_level(logging.CRITICAL)  # hides hundreds of warnings
    attack = Attack()
    yield attack
    attack.settle()


def seeds(few: int, many: int) -> pytest.MarkDecorator:
    """Parametrise a test by `seeds`: a few, and many others in a test marked slow."""
    slow = pytest.param(range(few, few + many), marks=pytest.mark.slow, id=f"{many}")
    return pytest.mark.parametrize("seeds", [pytest.param(range(few), id=f"{few}"), slow])


def randoms(seeds: Iterable[int], kind: str) -> Iterable[tuple[int, Random]]:
    """A random generator for each seed and kind of input."""
    return ((seed, Random(f"{kind} {seed}")) for seed in seeds)
