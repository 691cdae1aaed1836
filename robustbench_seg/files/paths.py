"""Checks of paths and names, for all systems."""

import os
import re
from pathlib import Path

from robustbench_seg.errors import FileError
from robustbench_seg.files.digests import digest_bytes
from robustbench_seg.text import printable

_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

_LONGEST = 80
"""Maximum length of a text in a file name, so that several of them fit into one name."""

_DEVICES = {"con", "prn", "aux", "nul", *(f"{p}{i}" for p in ("com", "lpt") for i in range(10))}
"""Names that Windows reserves for devices."""


def cache_folder() -> Path:
    """Return the folder of caches: $ROBUSTSEG_CACHE, by default ~/.cache/robustseg."""
    return Path(os.environ.get("ROBUSTSEG_CACHE") or Path.home() / ".cache" / "robustseg")


def checked_path(path: Path | str) -> Path:
    """Return the path that a user gave.

    Raises:
        FileError: It is not a path, empty, too long for a file system, or contains a NUL or bytes
            that are not UTF-8, so that no text file can name it.
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(text := os.fspath(path), str):
        raise FileError(f"expected a path, got {type(path).__name__}; give a str or a Path")
    if not text:
        raise FileError("the path is empty; name a file or folder")
    if "\0" in text or printable(text) != text:
        raise FileError(
            f"{printable(text)[:200]!r} cannot be stored in a record; use a path in UTF-8 without "
            "NUL"
        )
    if len(text.encode()) > 4095 or any(len(part.encode()) > 255 for part in Path(text).parts):
        raise FileError(
            f"{text[:60]!r}...: the file name is too long; use at most 255 bytes for a name and "
            "4095 for a path"
        )
    return Path(path)


def path_problem(name: str) -> str | None:
    """Return why `name` cannot be the path of a file inside a folder, or None if it can.

    Such a path has forward slashes on every system, and stays inside the folder.

    >>> path_problem("fog/3/a.png")
    >>> path_problem("fog/../../a.png")
    "points outside its folder or names no file; use no part that is empty, '.' or '..'"
    """
    if any(part in ("", ".", "..") for part in name.split("/")):
        return "points outside its folder or names no file; use no part that is empty, '.' or '..'"
    if "\\" in name or any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        return "has a backslash or a control character"
    try:
        longest = max(len(part.encode()) for part in name.split("/"))
    except UnicodeEncodeError:
        return "is not UTF-8 text"
    return "is too long" if longest > 255 or len(name) > 4000 else None


def folder_name_problem(name: str) -> str | None:
    """Return why `name` cannot be the name of a folder on every system, or None if it can.

    >>> folder_name_problem("fog")
    >>> folder_name_problem("aux")
    ', which Windows reserves for a device; choose another name'
    """
    if not _FOLDER_NAME.fullmatch(name):
        return "; use 1 to 64 letters (a-z), digits, _ and -, beginning with a letter or digit"
    if name.lower() in _DEVICES:
        return ", which Windows reserves for a device; choose another name"
    return None


def file_name(text: str) -> str:
    """Convert `text` to part of a file name that is valid on every system; a long text ends in a
    digest.

    >>> file_name("hf:nvidia/segformer b0")
    'hf_nvidia_segformer_b0'
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._") or "_"
    if len(name) <= _LONGEST:
        return name
    return f"{name[: _LONGEST - 9]}-{digest_bytes(text.encode())[:8]}"
