"""Distinguishes URLs from paths, and opens URLs."""

import http.client
import re
import threading
import urllib.error
import urllib.request
from typing import IO, Any
from urllib.parse import SplitResult, urlsplit

from robustbench_seg.errors import WeightsError

TIMEOUT = 30.0
"""Seconds without data after which a connection is considered lost."""

ANSWER_TIME = 120.0
"""Seconds within which a server must begin to send a file, redirections included."""


def is_url(text: str) -> bool:
    """Return whether a text is a URL and not a path.

    Args:
        text: The text from a user.

    Raises:
        WeightsError: The text begins like a URL, but cannot be downloaded.

    >>> is_url("https://example.org/a.pth"), is_url("a:b"), is_url("C:/weights/a.pth")
    (True, False, False)
    """
    if not re.match(r"https?:|[a-z][a-z0-9+.-]+://", text, re.IGNORECASE):
        return False
    split_url(text)
    return True


def split_url(url: str) -> SplitResult:
    """Split a URL into its parts.

    Args:
        url: The URL.

    Raises:
        WeightsError: It is not http or https, or cannot be parsed.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise WeightsError(f"{url}: not a URL ({error}); check its spelling") from error
    if not valid or re.search(r"[\x00-\x20\x7f]", url):
        raise WeightsError(
            f"{url!r}: not a URL that can be downloaded; write https:// and a host, without "
            "blanks; for a file of this name, write ./NAME"
        )
    return parts


def open_url(request: urllib.request.Request) -> Any:
    """Open a URL, within ANSWER_TIME.

    Args:
        request: The request.

    Returns:
        The response, an http.client.HTTPResponse.

    Raises:
        OSError: The server cannot be reached, returns an error (urllib.error.HTTPError), redirects
            from https to http, or does not respond in time.
    """
    answers: list[Any] = []
    abandoned = threading.Event()

    def ask() -> None:
        opener = urllib.request.build_opener(_Redirects)
        try:
            answer: Any = opener.open(request, timeout=TIMEOUT)
        except Exception as error:  # raised again below
            answer = error
        answers.append(answer)
        if abandoned.is_set() and isinstance(answer, http.client.HTTPResponse):
            answer.close()

    # A server that sends its header byte by byte never triggers the timeout of a socket.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(ANSWER_TIME)
    if not answers:
        abandoned.set()
        raise TimeoutError(f"no answer within {ANSWER_TIME:g} seconds")
    answer = answers[0]
    if isinstance(answer, urllib.error.HTTPError | OSError):
        raise answer
    if isinstance(answer, Exception):  # a header or a URL that urllib does not accept
        raise OSError(str(answer) or type(answer).__name__) from answer
    return answer


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Refuses redirections to unencrypted connections, on which others could change the file."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        new = urlsplit(newurl).scheme
        if new not in ("http", "https") or (req.type == "https" and new != "https"):
            raise OSError(f"refused: it redirects to {newurl[:200]}, which is not encrypted")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
