"""Signals that end a command: the first one in an orderly way, the second one at once.

Ctrl-C sends SIGINT; schedulers of clusters send SIGTERM some seconds before they kill.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from types import FrameType

INTERRUPTED = 128 + signal.SIGINT
"""Exit code of a command after Ctrl-C: 130."""

TERMINATED = 128 + signal.SIGTERM
"""Exit code of a command after SIGTERM: 143."""

_ENDING = (signal.SIGINT, signal.SIGTERM)


class Terminated(KeyboardInterrupt):
    """SIGTERM was received. Handlers of Ctrl-C handle this, too."""


@dataclass
class _State:
    """The state of the handler between signals; a process has one.

    Attributes:
        received: Whether a signal has arrived.
        holds: Number of open blocks of `signals_held`.
        pending: The number of the signal that waits for the end of these blocks.
    """

    received: bool = False
    holds: int = 0
    pending: int | None = None


_state = _State()


@contextmanager
def orderly_end() -> Iterator[None]:
    """Make SIGINT raise KeyboardInterrupt in the block, and SIGTERM Terminated.

    A second signal ends the process at once. An ignored signal stays ignored. Outside the main
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
        _state.received, _state.pending = False, None
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def same_handlers() -> Iterator[None]:
    """Restore the handlers of these signals after a library in the block changes them."""
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
    """Delay the exceptions of `orderly_end` until the end of the block."""
    _state.holds += 1
    try:
        yield
    finally:
        _state.holds -= 1
        if _state.holds == 0 and _state.pending is not None:
            number, _state.pending = _state.pending, None
            _raise(number)


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Processes that start in the block get neither signal, because the parent ends them."""
    resource_tracker.ensure_running()  # its later start would unblock the signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _handle(number: int, frame: FrameType | None) -> None:
    if _state.received:
        os._exit(128 + number)
    _state.received = True
    if _state.holds:
        _state.pending = number
    else:
        _raise(number)


def _raise(number: int) -> None:
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt
