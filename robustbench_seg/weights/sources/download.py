"""Downloads a file over HTTP: with progress, resumable, verified and atomic.

The libraries that verify a download (pooch, torch.hub) cannot resume one, and checkpoints are
hundreds of megabytes. Proxies come from the environment, as in urllib.
"""

import http.client
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from filelock import FileLock
from tqdm import tqdm

from robustbench_seg.errors import WeightsError
from robustbench_seg.weights.readers.first_bytes import POINTER, is_page
from robustbench_seg.weights.readers.weight_paths import digest_weights
from robustbench_seg.weights.sources.urls import open_url, split_url

CHUNK = 1 << 18

MAX_BYTES = 20_000_000_000
"""Maximum size of a download, in bytes; the largest published segmentation weights have a tenth of
it.
"""

MIN_RATE = 1000.0
"""Minimum rate in bytes per second; a download that is slower over PATIENCE is abandoned."""

PATIENCE = 60.0
"""Seconds over which the rate is measured."""


def download(url: str, path: Path, sha256: str = "") -> None:
    """Download a file, unless it exists already.

    The bytes go into a .partial file next to `path`, which is renamed to `path` when it is complete
    and verified. If the digest is known, an interrupted download continues from the .partial file:
    only the digest proves that a file from two responses is correct. Several processes may download
    the same file at once.

    Args:
        url: URL of the file. Redirections from https to http are refused.
        path: The path of the downloaded file.
        sha256: The file's digest or its first digits. "": unknown.

    Raises:
        WeightsError: The URL is wrong, the server cannot be reached, is too slow or has no such
            file, the connection was cut, the answer is a web page or above MAX_BYTES, the digest
            differs, or the file cannot be written. Each case has its own message.
    """
    split_url(url)
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{partial}.lock"):
            if path.is_file():
                return
            if not sha256:
                partial.unlink(missing_ok=True)
            try:
                _fetch(url, partial, path, resumable=bool(sha256))
                verify_digest(partial, sha256, url, path)
            except _CutError:
                if not sha256:
                    partial.unlink(missing_ok=True)
                raise
            except (WeightsError, OSError):
                partial.unlink(missing_ok=True)
                raise
            os.replace(partial, path)
    except OSError as error:
        raise WeightsError(
            f"{path}: cannot be written ({error.strerror or error}); free some disk space, or set "
            "ROBUSTSEG_CACHE to another folder"
        ) from error


def verify_digest(file: Path, sha256: str, origin: str, path: Path) -> str:
    """Verify the sha256 of a weight file.

    Args:
        file: The file, or the index of weights in several files.
        sha256: The first digits that its digest must have (see digest_weights).
        origin: Where the file came from, for errors.
        path: The place for a file downloaded by hand, for errors.

    Returns:
        The digest, as 64 hex digits.

    Raises:
        WeightsError: The file is a web page or a Git LFS pointer, or its digest begins with other
            digits.
    """
    with open(file, "rb") as opened:
        _refuse(opened.read(CHUNK), origin, path)
    digest = digest_weights(file)
    if not digest.startswith(sha256):
        raise WeightsError(
            f"{origin}: the downloaded file is not the expected one: its sha256 begins with "
            f"{digest[: len(sha256)]}, not {sha256}; download it again, or save the right file as "
            f"{path}"
        )
    return digest


class _CutError(WeightsError):
    """A download that ended early; the bytes so far are correct."""


def _fetch(url: str, partial: Path, path: Path, *, resumable: bool) -> None:
    """Append the missing bytes of `url` to `partial`."""
    response = _open(url, partial, path)
    if response is None:
        return
    present = partial.stat().st_size if partial.exists() else 0
    with response:
        start = 0
        if response.status == HTTPStatus.PARTIAL_CONTENT:
            start = _range(response.headers.get("Content-Range"))[0]
        total = _total(response.headers.get("Content-Length"), start, url, path)
        _refuse(b"", url, path, response.headers.get_content_type())
        # Unless the answer is the requested remainder, it is the whole file.
        mode = "ab" if start == present else "wb"
        bar = tqdm(
            desc=path.name, total=total, initial=start, unit="B", unit_scale=True, disable=None
        )
        with open(partial, mode) as file, bar:
            whole = True
            try:
                for number, chunk in enumerate(_chunks(response)):
                    if number == 0:
                        _refuse(chunk, url, path)
                    file.write(chunk)
                    bar.update(len(chunk))
                    _refuse_size(file.tell(), url, path)
            except ConnectionError:
                whole = False
            size = file.tell()
    if not whole or (total is not None and size != total):
        of_total = f" of {total / 1e6:.1f}" if total else ""
        again = "it continues from there" if resumable else "it starts from the beginning"
        raise _CutError(
            f"{url}: the connection was cut after {size / 1e6:.1f}{of_total} MB; run the command "
            f"again, and {again}"
        )


def _open(url: str, partial: Path, path: Path) -> Any:
    """The response to a request for the missing bytes of `partial`; None if none are missing."""
    present = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "robustseg"})
    if present:
        request.add_header("Range", f"bytes={present}-")
    try:
        return open_url(request)
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and present:
            if _range(error.headers.get("Content-Range"))[1] == present:
                return None
            partial.unlink()  # it belongs to another file
            return _open(url, partial, path)
        raise WeightsError(
            f"{url}: the server answers {error.code} {error.reason}; if you have the file from "
            f"elsewhere, save it as {path}"
        ) from error
    except OSError as error:
        reason = re.split(r"[\r\n]", str(getattr(error, "reason", error)))[0]
        raise _CutError(
            f"{url} cannot be reached ({reason}); download it on another machine and save it as "
            f"{path}"
        ) from error


def _chunks(response: Any) -> Iterator[bytes]:
    """The bytes of a response; ConnectionError if the connection breaks or is too slow."""
    began, arrived = time.monotonic(), 0
    while True:
        try:
            chunk: bytes = response.read1(CHUNK)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ConnectionError from error
        if not chunk:
            return
        yield chunk
        arrived += len(chunk)
        if (elapsed := time.monotonic() - began) > PATIENCE:
            if arrived < MIN_RATE * elapsed:
                raise ConnectionError
            began, arrived = time.monotonic(), 0


def _total(length: str | None, start: int, url: str, path: Path) -> int | None:
    """The size of the whole file, if the server states it."""
    if length is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", length.strip()):
        raise WeightsError(
            f"{url}: the server gives no valid size (Content-Length: {length[:40]!r}); download "
            f"the file by hand and save it as {path}"
        )
    total = start + int(length)
    _refuse_size(total, url, path)
    return total


def _range(header: str | None) -> tuple[int, int]:
    """First byte and total length of a Content-Range; -1 if it does not state them.

    >>> _range("bytes 10-19/20"), _range("bytes */20"), _range(None)
    ((10, 20), (-1, 20), (-1, -1))
    """
    match = re.fullmatch(r"bytes (?:(\d{1,18})-\d+|\*)/(\d{1,18}|\*)", header or "")
    first, total = match.groups() if match else (None, None)
    return int(first or -1), int(total) if total and total != "*" else -1


def _refuse_size(size: int, url: str, path: Path) -> None:
    if size > MAX_BYTES:
        raise WeightsError(
            f"{url}: larger than {MAX_BYTES / 1e9:g} GB, the limit of downloads; if the size is "
            f"right, download the file by hand and save it as {path}"
        )


def _refuse(start: bytes, url: str, path: Path, content_type: str = "") -> None:
    if start.startswith(POINTER):
        raise WeightsError(
            f"{url}: a Git LFS pointer, not weights; use the URL of the file itself (on GitHub "
            f"media.githubusercontent.com), or save the file as {path}"
        )
    if content_type == "text/html" or is_page(start):
        raise WeightsError(
            f"{url}: a web page, not weights; open it in a browser and save the file as {path}"
        )
