import hashlib

import pytest

from robustbench_seg.errors import WeightsError
from robustbench_seg.weights.sources.download import download

DATA = bytes(range(256)) * 4096  # 1 MiB
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def url(server):
    server.files["/a.pth"] = DATA
    return f"{server.url}/a.pth"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "a.pth"


def partial(path):
    return path.with_name("a.pth.partial")


@pytest.mark.parametrize("digest", [DIGEST, DIGEST[:8], ""])
def test_a_file_arrives_whole_and_is_fetched_once(server, url, path, digest):
    download(url, path, digest)
    assert path.read_bytes() == DATA
    assert not partial(path).exists()
    download(url, path, digest)
    assert server.requests == [("GET", "/a.pth", None)]


def test_a_cut_download_goes_on_where_it_ended(server, url, path):
    server.cut = 400_000
    with pytest.raises(WeightsError) as raised:
        download(url, path, DIGEST)
    assert str(raised.value) == (
        f"{url}: the connection was cut after 0.4 of 1.0 MB; run the command again, and it "
        "continues from there"
    )
    assert not path.exists()
    assert partial(path).read_bytes() == DATA[:400_000]
    server.cut = None
    download(url, path, DIGEST)
    assert path.read_bytes() == DATA
    assert server.requests[1] == ("GET", "/a.pth", "bytes=400000-")


def test_a_server_without_ranges_sends_all_of_it_again(server, url, path):
    server.cut, server.ranges = 400_000, False
    with pytest.raises(WeightsError):
        download(url, path, DIGEST)
    server.cut = None
    download(url, path, DIGEST)
    assert path.read_bytes() == DATA


def test_what_cannot_be_verified_is_not_put_together_from_two_answers(server, url, path):
    server.cut = 400_000
    with pytest.raises(
        WeightsError, match="run the command again, and it starts from the beginning"
    ):
        download(url, path)
    server.cut = None
    download(url, path)
    assert path.read_bytes() == DATA
    assert [wanted for _, _, wanted in server.requests] == [None, None]


@pytest.mark.parametrize("left", [DATA, DATA + b"more"])
def test_a_partial_file_that_has_all_or_more_ends_well(server, url, path, left):
    path.parent.mkdir()
    partial(path).write_bytes(left)
    download(url, path, DIGEST)
    assert path.read_bytes() == DATA


def test_wrong_bytes_are_not_kept(server, url, path):
    wrong = ("0" if DIGEST[0] != "0" else "1") + DIGEST[1:8]
    with pytest.raises(WeightsError) as raised:
        download(url, path, wrong)
    assert str(raised.value) == (
        f"{url}: the downloaded file is not the expected one: its sha256 begins with "
        f"{DIGEST[:8]}, not {wrong}; download it again, or save the right file as {path}"
    )
    assert not path.exists()
    assert not partial(path).exists()


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/octet-stream"])
def test_a_web_page_is_told_from_weights(server, url, path, kind):
    server.files["/a.pth"] = b"\n <!DOCTYPE html><title>Virus scan warning</title>"
    server.kind = kind
    with pytest.raises(WeightsError) as raised:
        download(url, path, DIGEST)
    assert str(raised.value) == (
        f"{url}: a web page, not weights; open it in a browser and save the file as {path}"
    )
    assert not path.exists()


def test_what_the_server_does_not_have_is_said(server, path):
    with pytest.raises(WeightsError) as raised:
        download(f"{server.url}/b.pth", path)
    assert str(raised.value) == (
        f"{server.url}/b.pth: the server answers 404 Not Found; if you have the file from "
        f"elsewhere, save it as {path}"
    )


def test_without_a_network_it_says_which_file_to_put_where(path):
    with pytest.raises(WeightsError) as raised:
        download("https://weights.example/a.pth", path)
    message = str(raised.value)
    assert message.startswith("https://weights.example/a.pth cannot be reached (")
    assert message.endswith(f"); download it on another machine and save it as {path}")
    assert "\n" not in message
