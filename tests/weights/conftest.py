"""A server on this machine; no other can be reached."""

import hashlib
import http.server
import socket
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # makes bundle_writer importable


class Server:
    """Serves `files` (path -> bytes). Its other fields state what it does wrong.

    requests: every request's method, path and Range header
    cut:      break the connection after so many bytes of a body
    ranges:   whether it understands Range
    kind:     the content type
    headers:  more headers of every answer
    etags:    whether each file has an ETag of its own
    broken:   paths that are answered with 503
    missing:  beginning of a path -> the hub's word for why it is not there
    """

    def __init__(self):
        self.files, self.requests, self.headers = {}, [], {}
        self.etags, self.broken, self.missing = False, set(), {}
        self.cut, self.ranges, self.kind = None, True, "application/octet-stream"
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_HEAD(self):
                self.answer(body=False)

            def do_GET(self):
                self.answer(body=True)

            def answer(self, body):
                wanted = self.headers.get("Range")
                server.requests.append((self.command, self.path, wanted))
                if self.path in server.broken:
                    self.send_response(503)
                    self.send_header("Content-Length", "0")
                    return self.end_headers()
                data = server.files.get(self.path)
                if data is None:
                    # The hub answers like this; other clients ignore it.
                    self.send_response(404)
                    codes = [c for p, c in server.missing.items() if self.path.startswith(p)]
                    self.send_header("X-Error-Code", *codes or ["EntryNotFound"])
                    if commit := server.headers.get("X-Repo-Commit"):
                        self.send_header("X-Repo-Commit", commit)
                    self.send_header("Content-Length", "0")
                    return self.end_headers()
                start = 0
                if wanted and server.ranges:
                    start = int(wanted.removeprefix("bytes=").rstrip("-").split("-")[0])
                    if start >= len(data):
                        self.send_response(416)
                        self.send_header("Content-Range", f"bytes */{len(data)}")
                        self.send_header("Content-Length", "0")
                        return self.end_headers()
                    self.send_response(206)
                    self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
                else:
                    self.send_response(200)
                for name, value in server.headers.items():
                    self.send_header(name, value)
                if server.etags:
                    self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
                self.send_header("Content-Type", server.kind)
                self.send_header("Content-Length", str(len(data) - start))
                self.end_headers()
                if body:
                    self.wfile.write(data[start:][: server.cut])
                return None

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server():
    running = Server()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ROBUSTSEG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Names do not resolve, as on a machine without a network."""
    look_up = socket.getaddrinfo

    def local(host, *args, **kwargs):
        if host not in ("127.0.0.1", "localhost"):
            raise socket.gaierror(-3, "Temporary failure in name resolution")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", local)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
