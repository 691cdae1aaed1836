"""One file over HTTP: with progress, resumed, verified, and whole or not there at all.

The libraries that verify a download (pooch, torch.hub) cannot resume one, and checkpoints are
hundreds of megabytes. Proxies are those of the environment, as urllib has them.
"""

import http.client
import os
import re
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import IO

from filelock import FileLock
from tqdm import tqdm

from robustbench_seg.errors import WeightsError
from robustbench_seg.weights.finding import digest_weights
from robustbench_seg.weights.first_bytes import is_page

CHUNK = 1 << 18
TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as cut."""


def download(url: str, path: Path, sha256: str = "") -> None:
    """Download a file, unless it exists already.

    The bytes go into a .partial file beside `path`, which is renamed to `path` when it is complete
    and verified. Where the digest is known, an interrupted download goes on from the .partial
    file: only the digest proves that a file put together from two answers is correct. Several
    processes may download one file at once.

    Args:
        url: URL of the file.
        path: Where the file goes.
        sha256: The file's digest or its first digits. "": unknown.

    Raises:
        WeightsError: The server cannot be reached or has no such file, the connection was cut, the
            answer is a web page, or the bytes are wrong. Each has a message of its own.
    """
    partial = path.with_name(f"{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{partial}.lock"):
        if path.is_file():
            return
        if not sha256:
            partial.unlink(missing_ok=True)
        _fetch(url, partial, path, resumable=bool(sha256))
        try:
            verify(partial, sha256, url, path)
        except WeightsError:
            partial.unlink()
            raise
        os.replace(partial, path)


def verify(file: Path, sha256: str, origin: str, path: Path) -> str:
    """Verify the sha256 of a file.

    Args:
        file: The file.
        sha256: The first digits that its digest must have.
        origin: Where the file came from, for errors.
        path: Where a user puts the right file by hand, for errors.

    Returns:
        The file's sha256, as 64 hex digits.

    Raises:
        WeightsError: The file is a web page, or its sha256 begins with other digits.
    """
    with open(file, "rb") as opened:
        _refuse_page(opened.read(CHUNK), origin, path)
    digest = digest_weights(file)
    if not digest.startswith(sha256):
        raise WeightsError(
            f"{origin}: wrong bytes: their sha256 begins with {digest[: len(sha256)]}, not with "
            f"{sha256}; fetch the file again, or by hand as {path}"
        )
    return digest


def _fetch(url: str, partial: Path, path: Path, resumable: bool) -> None:
    """Append to `partial` what it lacks of `url`."""
    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "robustseg"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            if _range(error.headers.get("Content-Range"))[1] != have:
                partial.unlink()
                _fetch(url, partial, path, resumable)
            return
        raise WeightsError(
            f"{url}: the server answers {error.code} {error.reason}; if you have the file from "
            f"elsewhere, put it at {path}"
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise WeightsError(
            f"{url} cannot be reached ({reason}); fetch it on a machine that can, and put it at "
            f"{path}"
        ) from None
    with response:
        start = 0
        if response.status == HTTPStatus.PARTIAL_CONTENT:
            start = _range(response.headers.get("Content-Range"))[0]
        length = response.headers.get("Content-Length")
        total = start + int(length) if length else None
        chunk = _read(response)
        _refuse_page(chunk or b"", url, path, response.headers.get_content_type())
        # Anything but the rest that was asked for is the file from its beginning.
        mode = "ab" if start == have else "wb"
        name = path.name
        with (
            open(partial, mode) as file,
            tqdm(
                desc=name, total=total, initial=start, unit="B", unit_scale=True, disable=None
            ) as bar,
        ):
            while chunk:
                file.write(chunk)
                bar.update(len(chunk))
                chunk = _read(response)
            size = file.tell()
    if chunk is None or (total is not None and size != total):
        of = f" of {total / 1e6:.1f}" if total else ""
        again = "it goes on from there" if resumable else "it starts anew"
        raise WeightsError(
            f"{url}: the connection was cut after {size / 1e6:.1f}{of} MB; run the same again and "
            f"{again}"
        )


def _read(response: IO[bytes]) -> bytes | None:
    """The next bytes, none at the end; None when the connection breaks."""
    try:
        return response.read(CHUNK)
    except (OSError, http.client.HTTPException):
        return None


def _range(header: str | None) -> tuple[int, int]:
    """First byte and total length of a Content-Range; -1 where it does not say.

    >>> _range("bytes 10-19/20"), _range("bytes */20"), _range(None)
    ((10, 20), (-1, 20), (-1, -1))
    """
    match = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", header or "")
    first, total = match.groups() if match else (None, None)
    return int(first or -1), int(total) if total and total != "*" else -1


def _refuse_page(start: bytes, url: str, path: Path, content_type: str = "") -> None:
    if content_type == "text/html" or is_page(start):
        raise WeightsError(
            f"{url}: a web page, not weights; open it in a browser and save the file as {path}"
        )
