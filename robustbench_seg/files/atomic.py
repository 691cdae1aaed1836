"""Atomic writes: a file is written completely or not at all."""

import io
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from robustbench_seg.errors import FileError
from robustbench_seg.text import printable

_PARTIAL = re.compile(r"\..*\.[0-9a-f]{8}\.partial(\.[^.]*)?")
"""Pattern of the names of the temporary files of `atomic_file`."""


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a new binary file that replaces `path` in one step on success.

    Parent folders are created. The file's name has the suffix of `path`, so that encoders choose
    the right format. If the block raises, the file is removed and `path` is unchanged. If `path` is
    a link, its target is replaced.

    Args:
        path: The file to write.

    Raises:
        FileError: The file cannot be written (even if a library in the block hides the cause), or
            `path` is a device, a pipe or a folder.
    """
    with _write_errors(path) as errors:
        path = Path(os.path.realpath(path))
        if path.exists() and not path.is_file():
            raise FileError(f"{path}: not a regular file; give another path")
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = partial_path(path)
        try:
            with _File(partial, errors) as raw, io.BufferedWriter(raw) as file:
                yield file
                file.flush()
                raw.sync()
            os.replace(partial, path)
        finally:
            with suppress(OSError):
                partial.unlink()


class _File(io.FileIO):
    """A file that records its write errors, because libraries replace them with their own.

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


def partial_path(path: Path) -> Path:
    """Return a new temporary path next to `path`; `remove_partials` recognises it."""
    return path.with_name(f".{path.stem[:50]}.{uuid.uuid4().hex[:8]}.partial{path.suffix}")


@contextmanager
def _write_errors(path: Path) -> Iterator[list[OSError]]:
    """Convert an OSError that the block raises, or adds to the yielded list, into a FileError."""
    errors: list[OSError] = []
    try:
        yield errors
    except FileError:
        raise
    except Exception as raised:
        error = errors[0] if errors else raised
        if isinstance(error, OSError | ValueError) and _is_of_the_path(error):
            raise cannot_be_written(path, error) from raised
        raise


def _is_of_the_path(error: OSError | ValueError) -> bool:
    """Return whether the system refused the path; it raises ValueError for an impossible name."""
    if isinstance(error, OSError):
        return error.errno is not None
    return isinstance(error, UnicodeEncodeError) or "embedded null" in str(error)


def cannot_be_written(path: Path, error: OSError | ValueError) -> FileError:
    """Return the error for a file or folder that cannot be written."""
    why = error.strerror if isinstance(error, OSError) else None
    return FileError(
        f"{printable(path)} cannot be written: {why or error}; finished work is kept: fix this "
        "and run again"
    )


def remove_partials(folder: Path) -> None:
    """Remove the temporary files of killed processes in `folder`, at any depth."""
    for path in folder.rglob(".*.partial*"):
        if _PARTIAL.fullmatch(path.name):
            path.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically."""
    with atomic_file(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, as UTF-8."""
    write_bytes(path, text.encode())
