"""Opens files only if they are regular, not pipes or devices."""

import errno
import io
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO


class _File(io.FileIO):
    """A file that records its write errors, because libraries replace them by their own.

    It hides its descriptor, so that every library writes through it.
    """

    def __init__(self, path: Path, errors: list[OSError]) -> None:
        self._errors = errors
        super().__init__(path, "x+")

    def write(self, data: Any, /) -> int:
        """Write some of the bytes `data`."""
        try:
            return super().write(data)
        except OSError as error:
            self._errors.append(error)
            raise

    def fileno(self) -> int:
        """Raise, because callers must not use the descriptor."""
        raise io.UnsupportedOperation

    def sync(self) -> None:
        """Wait until all data is on the disk."""
        os.fsync(super().fileno())


def check_regular(path: Path, empty: bool = False) -> os.stat_result:
    """Check that `path`, or its target, is a regular file, because opening a pipe would hang.

    Args:
        path: The file.
        empty: Accept an empty file, too.

    Returns:
        The status of the file.

    Raises:
        OSError: It does not exist, is empty, or is a folder, pipe or device; `strerror` says which.
    """
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a folder, not a file", str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "a pipe, socket or device, not a file", str(path))
    if status.st_size == 0 and not empty:
        raise OSError(errno.ENODATA, "an empty file", str(path))
    return status


def open_regular(path: Path, empty: bool = False) -> BinaryIO:
    """Open a regular file to read its bytes.

    Args:
        path: The file.
        empty: Accept an empty file, too.

    Raises:
        OSError: As for check_regular, or the file cannot be opened.
    """
    check_regular(path, empty)
    return open(path, "rb")
