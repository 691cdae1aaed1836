"""Opens files only if they are regular, not pipes or devices."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def check_regular(path: Path, *, empty: bool = False) -> os.stat_result:
    """Check that `path`, or its target, is a regular file, because opening a pipe would hang.

    Args:
        path: The file.
        empty: Whether to accept an empty file.

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


def open_regular(path: Path, *, empty: bool = False) -> BinaryIO:
    """Open a regular file to read its bytes.

    Args:
        path: The file.
        empty: Whether to accept an empty file.

    Raises:
        OSError: As for check_regular, or the file cannot be opened.
    """
    check_regular(path, empty=empty)
    return open(path, "rb")
