"""Files that are opened only if they are regular: no pipe, no device."""

import errno
import io
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO


class _File(io.FileIO):
    """A file that notes why it could not be written: libraries turn that into errors of their own.

    It hides its descriptor, so that no library writes past it.
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
        """There is none for others."""
        raise io.UnsupportedOperation

    def sync(self) -> None:
        """Wait until the disk has all."""
        os.fsync(super().fileno())


def check_regular(path: Path, empty: bool = False) -> os.stat_result:
    """Check that `path`, or what it links to, is a file with content; opening a pipe would hang.

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
