"""Digests of a dataset's files: each file is read once, and its digest is cached.

There is one file for each root in the cache folder. An entry is valid as long as the file keeps its
size and both of its times. One of them is the time of the last change of the inode, so a copy with
an old modification time is detected.
"""

import json
import logging
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from robustbench_seg.errors import FileError
from robustbench_seg.files import (
    cache_folder,
    check_regular,
    digest_bytes,
    digest_file,
    digest_json,
    write_text,
)
from robustbench_seg.machine.progress import progress_bar

log = logging.getLogger(__name__)

_THREADS = 8
"""Number of files read at once: enough for a network disk, and hashing needs no more cores."""

_SETTLED = 2_000_000_000
"""Nanoseconds after which a changed file has another timestamp on every file system (FAT: 2 s)."""

_SHOWN_AFTER = 5.0
"""Seconds after which a progress bar appears."""

_Entry = tuple[int, int, int, str]
"""Size, time of modification, time of the inode's change (both in ns), sha256."""


def file_digests(root: Path, names: Sequence[str]) -> list[str]:
    """Digest the contents of files.

    Args:
        root: The base folder of the names.
        names: Paths of the files, with forward slashes.

    Returns:
        sha256 of each file as 64 hex digits, in the order of `names`.

    Raises:
        OSError: A file cannot be read, or is a folder, a pipe or a device. It has the file's name.
            Digests of files read before it are cached.
    """
    memory = cache_folder() / "digests" / f"{digest_bytes(os.fsencode(root.resolve()))[:16]}.json"
    known, found = _read(memory), dict[str, _Entry]()
    states = {name: check_regular(root / name, empty=True) for name in names}
    new = [name for name in states if _state(states[name]) != known.get(name, (None,))[:3]]
    total = sum(states[name].st_size for name in new)
    if new:
        log.info(
            "%s: computing the digests of %d files (%.2f GB), once", root, len(new), total / 1e9
        )
    bar = progress_bar(
        total, unit="B", unit_scale=True, desc="digests of the files", delay=_SHOWN_AFTER
    )
    with bar, ThreadPoolExecutor(_THREADS) as pool:
        try:
            for name, digest in zip(
                new, pool.map(lambda n: digest_file(root / n), new), strict=True
            ):
                found[name] = (*_state(states[name]), digest)
                bar.update(states[name].st_size)
        finally:
            pool.shutdown(cancel_futures=True)
            _remember(memory, known, found)
    return [(found.get(name) or known[name])[3] for name in names]


def _state(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _read(memory: Path) -> Mapping[str, _Entry]:
    """The entries of a cache file; none if it does not exist or is damaged."""
    try:
        stored = json.loads(memory.read_text())
        if stored["digest"] != digest_json(stored["files"]):
            raise ValueError("its digest is wrong")
        return {name: tuple(entry) for name, entry in stored["files"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        log.info("%s: not used: %s", memory, error)
        return {}


def _remember(memory: Path, known: Mapping[str, _Entry], found: Mapping[str, _Entry]) -> None:
    """Add entries, except for just written files, because they may change unnoticed."""
    before = time.time_ns() - _SETTLED
    settled = {name: entry for name, entry in found.items() if max(entry[1:3]) < before}
    if not settled:
        return
    files = {**known, **settled}
    stored = {"digest": digest_json(files), "files": files}
    with suppress(FileError):  # without a writable cache, only time is lost
        write_text(memory, json.dumps(stored))
