"""Standard output and standard error of a command, even if they are closed, full or broken."""

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from robustbench_seg.errors import OutputError

BROKEN_PIPE = 141
"""Exit code of a command whose output nobody reads; other programs end with SIGPIPE."""


def secure_streams() -> None:
    """Keep a failing stream from ending a command with a traceback.

    Closed streams become /dev/null: otherwise the next file that is opened takes their place.
    Streams that other code has replaced stay unchanged.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
    if sys.stdout is sys.__stdout__:
        sys.stdout = _Output(*_binary(1))
    if sys.stderr is sys.__stderr__:
        sys.stderr = _Messages(*_binary(2))


def _binary(number: int) -> tuple[io.BufferedWriter, str | None, str]:
    """Return the binary stream, its encoding, and the handler that escapes missing characters."""
    own = sys.__stdout__ or sys.__stderr__
    raw = io.FileIO(number, "w", closefd=False)
    return io.BufferedWriter(raw), own.encoding if own else None, "backslashreplace"


class _Output(io.TextIOWrapper):
    """Standard output: the first failure is an OutputError, later output is dropped."""

    def write(self, text: str, /) -> int:
        with self._failure():
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with self._failure():
            super().flush()

    @contextmanager
    def _failure(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            raise _output_error(error) from error


class _Messages(io.TextIOWrapper):
    """Standard error: text that cannot be written is dropped."""

    def write(self, text: str, /) -> int:
        with suppress(OSError):
            super().write(text)
            super().flush()
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()


def _output_error(error: OSError) -> OutputError:
    if error.errno == errno.EPIPE:
        cut = OutputError("")
        cut.exit_code = BROKEN_PIPE
        return cut
    return OutputError(
        f"standard output cannot be written: {error.strerror}; finished work is kept: fix this "
        "and run again"
    )
