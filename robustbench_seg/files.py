"""Files that appear whole or not at all, their digests, and names that fit any system."""

import errno
import hashlib
import json
import os
import re
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MAX_JSON = 16 << 20
"""The most bytes of a JSON file that is read."""


def cache_folder() -> Path:
    """$ROBUSTSEG_CACHE, by default ~/.cache/robustseg."""
    return Path(os.environ.get("ROBUSTSEG_CACHE") or Path.home() / ".cache" / "robustseg")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a fresh path beside `path`; on success it replaces `path` in one step.

    Parent folders are made. The suffix is kept, so that encoders choose the right format.
    When the block raises, nothing is left behind and `path` is as it was. Where `path` is a link,
    the file that it leads to is replaced.

    Raises:
        FileExistsError: `path` is a device, a pipe or a folder.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        raise FileExistsError(errno.EEXIST, "not a regular file (give another path)", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}.partial{path.suffix}")
    try:
        yield partial
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


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


def remove_partials(folder: Path) -> None:
    """Remove what killed processes have left of files in `folder`, at any depth."""
    for path in folder.rglob(".*.partial*"):
        path.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically."""
    with atomic_path(path) as partial:
        partial.write_bytes(data)


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
    check_regular(path)
    with open(path, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"it is larger than {limit >> 20} MiB")
    try:
        return json.loads(data.decode(), parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def digest_bytes(data: bytes) -> str:
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
