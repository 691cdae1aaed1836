"""Standard output and standard error of a command, where they are closed, full or cut."""

import errno
import io
import os
import sys
from typing import Any

from robustbench_seg.errors import RobustsegError

BROKEN_PIPE = 141
"""What a command exits with when nobody reads its output: what SIGPIPE does to other programs."""


class OutputError(RobustsegError):
    """Standard output cannot be written. No message where nobody reads it any more."""


def secure_streams() -> None:
    """Let no message end a command, and name standard output in the error when it fails.

    Closed streams become /dev/null: otherwise the next file that is opened takes their place.
    Streams that something else has put in place of the process's own stay as they are.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    if sys.stdout is sys.__stdout__:
        sys.stdout = _text(_Output(1, "w", closefd=False))
    if sys.stderr is sys.__stderr__:
        sys.stderr = _text(_Messages(2, "w", closefd=False))


def _text(raw: io.FileIO) -> io.TextIOWrapper:
    """The stream as text: whatever its encoding lacks is written as an escape."""
    own = sys.__stdout__ or sys.__stderr__
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=own.encoding if own else None,
        errors="backslashreplace",
        line_buffering=True,
    )


class _Output(io.FileIO):
    """Standard output: the first failure is an OutputError, what follows is dropped."""

    _failed = False

    def write(self, data: Any, /) -> int:
        if self._failed:
            return len(data)
        try:
            return super().write(data)
        except OSError as error:
            self._failed = True
            raise _output_error(error) from error


class _Messages(io.FileIO):
    """Standard error: what cannot be written is dropped."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(data)


def _output_error(error: OSError) -> OutputError:
    if error.errno == errno.EPIPE:
        cut = OutputError()
        cut.exit_code = BROKEN_PIPE
        return cut
    return OutputError(
        f"standard output cannot be written: {error.strerror}; what is finished is kept: mend this "
        "and start again"
    )
