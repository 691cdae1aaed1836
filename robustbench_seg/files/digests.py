"""Digests of bytes and files."""

import hashlib
from pathlib import Path
from typing import Any

from robustbench_seg.files.json_files import canonical_json


def digest_bytes(data: bytes | memoryview) -> str:
    """Return the sha256 of `data` as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def digest_json(value: Any) -> str:
    """Return the sha256 of the canonical JSON of `value` as 64 hex digits."""
    return digest_bytes(canonical_json(value).encode())


def digest_file(path: Path) -> str:
    """Return the sha256 of a file's bytes as 64 hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
