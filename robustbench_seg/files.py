"""Files that appear whole or not at all, their digests, and names that fit any system."""

import errno
import hashlib
import io
import json
import os
import re
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from robustbench_seg.errors import FileError

_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{p}{i}" for p in ("com", "lpt") for i in range(10))}
"""Names that Windows keeps for devices."""

_PARTIAL = re.compile(r"\..*\.[0-9a-f]{8}\.partial(\.[^.]*)?")
"""Names of the files that `atomic_file` writes into."""

MAX_JSON = 16 << 20
"""The most bytes of a JSON file that is read."""


def cache_folder() -> Path:
    """$ROBUSTSEG_CACHE, by default ~/.cache/robustseg."""
    return Path(os.environ.get("ROBUSTSEG_CACHE") or Path.home() / ".cache" / "robustseg")


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a fresh binary file; on success it replaces `path` in one step.

    Parent folders are made. The name of the file has the suffix of `path`, so that encoders choose
    the right format. When the block raises, nothing is left behind and `path` is as it was. Where
    `path` is a link, the file that it leads to is replaced.

    Raises:
        FileError: The file cannot be written, whatever a library in the block makes of that;
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


def partial_path(path: Path) -> Path:
    """A fresh name beside `path` of a file that is not whole yet; `remove_partials` knows it."""
    return path.with_name(f".{path.stem[:50]}.{uuid.uuid4().hex[:8]}.partial{path.suffix}")


@contextmanager
def _write_errors(path: Path) -> Iterator[list[OSError]]:
    """Turn an OSError of the block, or one that it has put into the list, into a FileError."""
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
    """Whether the system has refused: a ValueError for a name that no file can have."""
    if isinstance(error, OSError):
        return error.errno is not None
    return isinstance(error, UnicodeEncodeError) or "null byte" in str(error)


def cannot_be_written(path: Path, error: OSError | ValueError) -> FileError:
    """The error for a file or folder that the system does not let us write."""
    why = error.strerror if isinstance(error, OSError) else None
    return FileError(
        f"{printable(path)} cannot be written: {why or error}; what is finished is kept: mend this "
        "and start again"
    )


def checked_path(path: Path | str) -> Path:
    """Return what a person wrote as a path.

    Raises:
        FileError: It is empty, longer than a file system takes, or holds what no text file can
            name: a NUL or bytes that are not UTF-8; or it is no path at all.
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(text := os.fspath(path), str):
        raise FileError(f"a path is wanted, not {type(path).__name__}; give a text or a Path")
    if not text:
        raise FileError("an empty path was given; name a file or folder")
    if "\0" in text or printable(text) != text:
        raise FileError(
            f"{printable(text)[:200]!r} is no path that a record can name; use UTF-8 without NUL"
        )
    if len(text.encode()) > 4095 or any(len(part.encode()) > 255 for part in Path(text).parts):
        raise FileError(
            f"{text[:60]!r}...: File name too long; a name has at most 255 bytes, a path 4095"
        )
    return Path(path)


def printable(path: Path | str) -> str:
    r"""A path as text that any file can hold.

    >>> printable("caf\udce9")
    'caf\\udce9'
    """
    return str(path).encode(errors="backslashreplace").decode()


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


def remove_partials(folder: Path) -> None:
    """Remove what killed processes have left of files in `folder`, at any depth."""
    for path in folder.rglob(".*.partial*"):
        if _PARTIAL.fullmatch(path.name):
            path.unlink(missing_ok=True)


def check_own(table: Path, header: str, *beside: Path) -> None:
    """Refuse to replace files that are not an earlier output of the same command.

    A command knows its own table by the first columns; the files beside it belong to it.

    Args:
        table: A CSV file that is about to be written.
        header: How the first line of such a file begins.
        beside: Other files that are written with it.

    Raises:
        FileError: One of the files is there, and not of such an output.
    """
    other = next((path for path in (table, *beside) if os.path.lexists(path)), None)
    if other is None:
        return
    try:
        with open_regular(table) as file:
            own = file.read(len(header.encode())) == header.encode()
    except OSError:
        own = False
    if not own:
        raise FileError(
            f"{printable(other)} is there already and is not the output of such a command; move it "
            "away, or choose another place"
        )


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically."""
    with atomic_file(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, as UTF-8."""
    write_bytes(path, text.encode())


def canonical_json(value: Any) -> str:
    """The one spelling of `value` that digests are taken of: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, keys in their given order."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path, limit: int = MAX_JSON) -> Any:
    """Read a JSON file of unknown origin.

    Args:
        path: The file.
        limit: The most bytes that it may have.

    Raises:
        OSError: It cannot be read, or is no regular file.
        ValueError: It is too large, nested too deeply, no UTF-8, or no JSON. NaN and Infinity are
            none.
    """
    with open_regular(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"it is larger than {limit >> 20} MiB")
    return parse_json(data)


def parse_json(data: bytes) -> Any:
    """Parse JSON of unknown origin.

    Raises:
        ValueError: As for read_json.
    """
    try:
        return json.loads(data.decode(), parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def digest_bytes(data: bytes | memoryview) -> str:
    """sha256 of `data`, as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: Path) -> str:
    """sha256 of a file's bytes, as 64 hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def path_problem(name: str) -> str | None:
    """Why `name` cannot be the path of a file inside a folder, in words; None if it can.

    Such a path has forward slashes, on any system, and leads nowhere else.

    >>> path_problem("fog/3/a.png")
    >>> path_problem("fog/../../a.png")
    "leads out of its folder or to no file: no part may be empty, '.' or '..'"
    """
    if any(part in ("", ".", "..") for part in name.split("/")):
        return "leads out of its folder or to no file: no part may be empty, '.' or '..'"
    if "\\" in name or any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        return "has a backslash or a control character"
    try:
        longest = max(len(part.encode()) for part in name.split("/"))
    except UnicodeEncodeError:
        return "is not UTF-8 text"
    return "is too long" if longest > 255 or len(name) > 4000 else None


def folder_name_problem(name: str) -> str | None:
    """Why `name` cannot be the name of a folder on any system, in words; None if it can.

    >>> folder_name_problem("fog")
    >>> folder_name_problem("aux")
    ', which Windows keeps for a device; choose another'
    """
    if not _FOLDER_NAME.fullmatch(name):
        return "; 1 to 64 letters (a-z), digits, _ and - are wanted, a letter or digit first"
    if name.lower() in _DEVICES:
        return ", which Windows keeps for a device; choose another"
    return None


def file_name(text: str) -> str:
    """`text` as part of a file name on any system; a digest is the end of a long one.

    >>> file_name("hf:nvidia/segformer b0")
    'hf_nvidia_segformer_b0'
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._") or "_"
    if len(name) <= _LONGEST:
        return name
    return f"{name[: _LONGEST - 9]}-{digest_bytes(text.encode())[:8]}"


_LONGEST = 80
"""Several such texts, and what stands between them, are a file name of any system."""
