"""Recognises by their first bytes files that are not model files."""

import json
import re
import struct
import zipfile
from pathlib import Path

from robustbench_seg.errors import WeightsError
from robustbench_seg.files import open_regular

POINTER = b"version https://git-lfs.github.com/spec/"
"""The beginning of a Git LFS pointer, the text that stands in place of the file."""

PAGE_STARTS = (b"<!doctype", b"<html", b"<?xml", b"<head")

SAFETENSORS_START = re.compile(rb".{5}\0{3}\s*\{", re.DOTALL)
"""The length of the header, and its beginning: a JSON object."""

MAX_HEADER = 100_000_000
"""Bytes of a header that safetensors itself reads."""


def check_file(path: Path) -> None:
    """Refuse a file that stands in place of a model file, or is only a part of it.

    Args:
        path: A file of any format.

    Raises:
        WeightsError: The file is a Git LFS pointer, a web page or empty, or it is a safetensors
            file or a zip archive (as torch.save writes) without its end.
    """
    try:
        with open_regular(path, empty=True) as file:
            start = file.read(1024)
            size = path.stat().st_size
            wanted = _safetensors_size(start, path, size)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror})") from error
    if start.startswith(POINTER):
        raise WeightsError(
            f"{path}: a Git LFS pointer, not the file itself; run git lfs pull in its repository"
        )
    if is_page(start):
        raise unreadable(path, "a web page instead of the file")
    if not start:
        raise unreadable(path, "empty")
    if wanted is not None and size < wanted:
        raise unreadable(path, f"truncated: it has {size:,} of {wanted:,} bytes")
    if start.startswith(b"PK\3\4") and not zipfile.is_zipfile(path):
        raise unreadable(path, f"truncated: the end is missing after {size:,} bytes")


def is_page(start: bytes) -> bool:
    """Return whether a file is a web page, such as a login or an error.

    Args:
        start: The file's first bytes.
    """
    return start.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(PAGE_STARTS)


def unreadable(path: Path, reason: str) -> WeightsError:
    """Return the error for a file that cannot be read.

    Args:
        path: The file.
        reason: The fault.
    """
    return WeightsError(f"{path}: not a readable model file ({reason}); download or save it again")


def _safetensors_size(start: bytes, path: Path, size: int) -> int | None:
    """The size that a safetensors file states; None for other files."""
    if not SAFETENSORS_START.match(start):
        return None
    (length,) = struct.unpack("<Q", start[:8])
    if length > MAX_HEADER:
        return None  # another file, or a damaged one
    if 8 + length > size:
        return int(8 + length)
    with open(path, "rb") as file:
        header = file.read(8 + length)[8:]
    try:
        ends = [entry["data_offsets"][1] for key, entry in json.loads(header).items()
                if key != "__metadata__"]  # fmt: skip
        return int(8 + length + max(ends, default=0))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None  # reading it reports the error
