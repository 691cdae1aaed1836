"""Signals that end a command: the first in an orderly way, the second at once.

Ctrl-C sends SIGINT; schedulers of clusters send SIGTERM some seconds before they kill.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from types import FrameType

INTERRUPTED = 128 + signal.SIGINT
"""What a command exits with after Ctrl-C: 130."""

TERMINATED = 128 + signal.SIGTERM
"""What a command exits with after SIGTERM: 143."""

_ENDING = (signal.SIGINT, signal.SIGTERM)


class Terminated(KeyboardInterrupt):
    """SIGTERM was received. What handles Ctrl-C handles this, too."""


class _State:
    """What the handler remembers between signals."""

    received = False
    holds = 0
    pending: int | None = None


@contextmanager
def orderly_end() -> Iterator[None]:
    """Have SIGINT raise KeyboardInterrupt in the block, and SIGTERM Terminated.

    A second signal ends the process at once. A signal that is ignored stays so. Outside the main
    thread nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _ENDING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _handle)
    try:
        yield
    finally:
        _State.received, _State.pending = False, None
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def same_handlers() -> Iterator[None]:
    """Undo what a library in the block does to the handlers of these signals."""
    in_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            if in_main:
                signal.signal(number, handler)


@contextmanager
def signals_held() -> Iterator[None]:
    """Put off what `orderly_end` raises until the block is done."""
    _State.holds += 1
    try:
        yield
    finally:
        _State.holds -= 1
        if _State.holds == 0 and _State.pending is not None:
            number, _State.pending = _State.pending, None
            _raise(number)


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Processes that are started in the block get neither signal: the parent ends them."""
    resource_tracker.ensure_running()  # its start would unblock them
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _handle(number: int, frame: FrameType | None) -> None:
    if _State.received:
        os._exit(128 + number)
    _State.received = True
    if _State.holds:
        _State.pending = number
    else:
        _raise(number)


def _raise(number: int) -> None:
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt
