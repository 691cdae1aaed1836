"""Servers that answer wrongly, too much, too slowly or never; disks that are full."""

import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

from robustbench_seg.errors import WeightsError
from robustbench_seg.weights import parse_source
from robustbench_seg.weights.sources import download as downloads
from robustbench_seg.weights.sources import urls
from robustbench_seg.weights.sources.download import download

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


@pytest.fixture
def answering():
    """Serve one raw answer, in parts with pauses between; return the URL."""
    listeners = []

    def serve(*parts, pause=0.0):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run():
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                for part in parts:
                    try:
                        connection.sendall(part)
                    except OSError:
                        return
                    time.sleep(pause)

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/a.pth"

    yield serve
    for listener in listeners:
        listener.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "a.pth"


def message(url, path, sha256=""):
    with pytest.raises(WeightsError) as raised:
        download(url, path, sha256)
    assert "\n" not in str(raised.value)
    assert not path.exists()
    assert not list(path.parent.glob("*.partial"))
    return str(raised.value).removeprefix(url)


@pytest.mark.parametrize("length", ["-5", "many", "1e3", "9" * 30])
def test_a_size_that_is_none_is_refused(answering, path, length):
    url = answering(OK + f"Content-Length: {length}\r\n\r\nPK".encode())
    assert message(url, path) == (
        f": the server gives no valid size (Content-Length: '{length}'); download the file by "
        f"hand and save it as {path}"
    )


def test_less_than_the_size_promised_is_a_cut(answering, path):
    url = answering(OK + b"Content-Length: 2000000\r\n\r\nPK")
    assert ": the connection was cut after 0.0 of 2.0 MB; run the command again" in message(
        url, path
    )


def test_a_promise_above_the_largest_size_is_refused_at_once(answering, path):
    url = answering(OK + b"Content-Length: 20000000001\r\n\r\nPK")
    assert message(url, path) == (
        ": larger than 20 GB, the limit of downloads; if the size is right, download the file by "
        f"hand and save it as {path}"
    )


def test_an_endless_answer_ends_at_the_largest_size(answering, path, monkeypatch):
    monkeypatch.setattr(downloads, "MAX_BYTES", 1_000_000)
    url = answering(OK + b"\r\n", *[b"P" * 100_000] * 100)
    assert ": larger than 0.001 GB" in message(url, path)


def test_an_answer_that_trickles_is_given_up(answering, path, monkeypatch):
    monkeypatch.setattr(downloads, "PATIENCE", 0.2)
    url = answering(OK + b"\r\nPK", *[b"P"] * 200, pause=0.05)
    assert ": the connection was cut after 0.0 MB" in message(url, path)


def test_a_header_that_trickles_is_given_up(answering, path, monkeypatch):
    monkeypatch.setattr(urls, "ANSWER_TIME", 0.3)
    url = answering(b"HTTP/1.1 200 OK\r\n", *[b"X"] * 200, pause=0.05)
    assert " cannot be reached (no answer within 0.3 seconds)" in message(url, path)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\x01garbage\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        OK + b"X" * 100_000 + b"\r\n\r\n",
        OK + b"A: b\r\n" * 200 + b"\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nPK\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nPK\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1/a\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/a\r\n\r\n",
        b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 10-19/20\r\n"
        b"Content-Length: 10\r\n\r\n0123456789",
        b"HTTP/1.1 416 No\r\nContent-Range: bytes */20\r\n\r\n",
    ],
)
def test_answers_that_are_none_are_one_line(answering, path, answer):
    message(answering(answer), path)


def test_a_pointer_of_git_lfs_is_no_file(server, path):
    server.files["/a.pth"] = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    assert message(f"{server.url}/a.pth", path).startswith(": a Git LFS pointer, not weights;")


def test_a_redirection_leaves_no_encrypted_connection():
    redirects = urls._Redirects()

    def redirected(old, new):
        request = urllib.request.Request(old)
        return redirects.redirect_request(request, None, 302, "Found", {}, new)

    for old, new in (("https", "https"), ("http", "https"), ("http", "http")):
        assert redirected(f"{old}://a.example/x", f"{new}://b.example/y") is not None
    with pytest.raises(OSError, match=r"redirects to http://b\.example/y, which is not encrypted"):
        redirected("https://a.example/x", "http://b.example/y")


FULL = """
import resource, signal, sys
from pathlib import Path
from robustbench_seg.errors import WeightsError
from robustbench_seg.weights.sources.download import download
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
for sha256 in ("", "0" * 64):
    try:
        download(sys.argv[1], Path(sys.argv[2]), sha256)
    except WeightsError as error:
        print(error)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit for the size of files")
def test_a_full_disk_is_one_line_and_leaves_nothing(server, path):
    server.files["/a.pth"] = bytes(1 << 20)
    done = subprocess.run(
        [sys.executable, "-c", FULL, f"{server.url}/a.pth", str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == 2 * (
        f"{path}: cannot be written (File too large); free some disk space, or set ROBUSTSEG_CACHE "
        "to another folder\n"
    )
    assert not list(path.parent.glob("*.partial"))


def test_a_cache_that_is_a_file_is_one_line(server, tmp_path):
    (tmp_path / "cache").touch()
    server.files["/a.pth"] = b"PK"
    with pytest.raises(WeightsError, match=r"a\.pth: cannot be written \(File exists\); free some"):
        download(f"{server.url}/a.pth", tmp_path / "cache" / "a.pth")


@pytest.mark.parametrize(
    "text",
    [
        *("http:x", "https:", "http://", "HTTPS:///a.pth", "http:///a.pth", "http://[::1/a.pth"),
        *("http://a:b/c", "http://a:99999/c", "https://a b/c", "https://a/\nb", "ftp://a/b.pth"),
        *("s3://bucket/a.pth", "gs://bucket/a.pth", "file:///tmp/a.pth"),
    ],
)
def test_what_begins_like_a_url_is_no_path(text):
    with pytest.raises(WeightsError, match="not a URL") as raised:
        parse_source(text)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["a:b", "a:b/c.pth", "C:/a.pth", "C:\\a.pth", "httpx", "./http:x"])
def test_a_path_with_a_colon_is_a_path(text):
    assert parse_source(text).source == "file"


def test_a_url_in_capitals_is_a_url():
    assert parse_source("HTTPS://A.example/b.pth").source == "url"


def test_a_name_that_no_disk_takes_is_shortened(server, tmp_path):
    from robustbench_seg.records.cards.model_card import load_card
    from robustbench_seg.weights import fetch_weights

    text = (
        'architecture = "segformer"\ndataset = "cityscapes"\nclasses = 5\n[weights]\n'
        'source = "url"\nlocation = "{}"\n[preprocessing]\nmean = [0, 0, 0]\nstd = [1, 1, 1]\n'
        '[inference]\nmode = "whole"\n'
    )
    for name in ("a" * 300 + ".pth", "%00%2e%2e%2f..", "..", ""):
        server.files[f"/{name}"] = b"PK"
        (tmp_path / "card.toml").write_text(text.format(f"{server.url}/{name}"))
        file = fetch_weights(load_card(tmp_path / "card.toml"))
        assert file.read_bytes() == b"PK"
        assert file.parent == tmp_path / "cache"
