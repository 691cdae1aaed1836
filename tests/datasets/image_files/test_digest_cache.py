import hashlib
import json
import os
import time

import pytest

from robustbench_seg.datasets.image_files import digest_cache
from robustbench_seg.datasets.image_files.digest_cache import file_digests

LONG_AGO = time.time_ns() - 10**12


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """The folder of cached digests; files count as settled as soon as they are written."""
    monkeypatch.setenv("ROBUSTSEG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(digest_cache, "_SETTLED", 0)
    return tmp_path / "cache/digests"


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "data"
    (root / "a").mkdir(parents=True)
    (root / "a/1.png").write_bytes(b"one")
    (root / "a/2.png").write_bytes(b"two")
    return root


@pytest.fixture
def read(monkeypatch):
    """Names of the files that are read, as they are read."""
    names = []
    digest = digest_cache.digest_file

    def noted(path):
        names.append(path.name)
        return digest(path)

    monkeypatch.setattr(digest_cache, "digest_file", noted)
    return names


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_each_file_has_the_digest_of_its_bytes(root, memory):
    assert file_digests(root, ["a/2.png", "a/1.png"]) == [sha256(b"two"), sha256(b"one")]


def test_a_file_is_read_once(root, memory, read):
    first = file_digests(root, ["a/1.png", "a/2.png"])
    assert sorted(read) == ["1.png", "2.png"]
    assert file_digests(root, ["a/1.png", "a/2.png"]) == first
    assert len(read) == 2


def test_a_file_of_another_size_is_read_again(root, memory, read):
    file_digests(root, ["a/1.png", "a/2.png"])
    (root / "a/1.png").write_bytes(b"longer")
    assert file_digests(root, ["a/1.png", "a/2.png"]) == [sha256(b"longer"), sha256(b"two")]
    assert read.count("2.png") == 1


def test_another_content_of_the_same_size_and_modification_time_is_noticed(root, memory):
    file = root / "a/1.png"
    os.utime(file, ns=(LONG_AGO, LONG_AGO))
    file_digests(root, ["a/1.png"])
    file.write_bytes(b"eno")
    os.utime(file, ns=(LONG_AGO, LONG_AGO))
    assert file_digests(root, ["a/1.png"]) == [sha256(b"eno")]


def test_a_file_that_has_just_been_written_is_not_remembered(root, memory, read, monkeypatch):
    # A file written again within one tick of the clock would have the same size and times.
    monkeypatch.setattr(digest_cache, "_SETTLED", 2_000_000_000)
    file_digests(root, ["a/1.png"])
    file_digests(root, ["a/1.png"])
    assert read == ["1.png", "1.png"]


@pytest.mark.parametrize("said", ["", "[]", "{", '{"digest": 1, "files": {}}', "\xff", "[" * 9999])
def test_a_damaged_memory_is_not_used(root, memory, read, said):
    file_digests(root, ["a/1.png"])
    (file,) = memory.iterdir()
    file.write_text(said, encoding="latin-1")
    assert file_digests(root, ["a/1.png"]) == [sha256(b"one")]
    assert read == ["1.png", "1.png"]


def test_a_digest_that_was_changed_in_the_memory_is_not_used(root, memory):
    file_digests(root, ["a/1.png"])
    (file,) = memory.iterdir()
    said = json.loads(file.read_text())
    said["files"]["a/1.png"][3] = sha256(b"two")
    file.write_text(json.dumps(said))
    assert file_digests(root, ["a/1.png"]) == [sha256(b"one")]


def test_roots_have_memories_of_their_own(root, memory, tmp_path):
    other = tmp_path / "other"
    (other / "a").mkdir(parents=True)
    (other / "a/1.png").write_bytes(b"eno")
    file_digests(root, ["a/1.png"])
    assert file_digests(other, ["a/1.png"]) == [sha256(b"eno")]
    assert len(list(memory.iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_done_without(root, memory, monkeypatch):
    (memory.parent.parent / "cache").write_text("a file, no folder")
    assert file_digests(root, ["a/1.png"]) == [sha256(b"one")]


def test_what_was_read_before_a_file_fails_is_remembered(root, memory, read, monkeypatch):
    monkeypatch.setattr(digest_cache, "_THREADS", 1)
    (root / "a/3.png").write_bytes(b"three")
    noted = digest_cache.digest_file

    def failing(path):
        if path.name == "3.png":
            raise OSError(5, "Input/output error", str(path))
        return noted(path)

    monkeypatch.setattr(digest_cache, "digest_file", failing)
    with pytest.raises(OSError, match=r"Input/output error: '.*3\.png'"):
        file_digests(root, ["a/1.png", "a/2.png", "a/3.png"])
    file_digests(root, ["a/1.png", "a/2.png"])
    assert read == ["1.png", "2.png"]


@pytest.mark.parametrize(
    ("make", "kind"),
    [(os.mkfifo, "a pipe, socket or device, not a file"), (os.mkdir, "a folder, not a file")],
)
def test_what_is_no_file_is_named_and_not_waited_for(root, memory, make, kind):
    make(root / "a/pipe.png")
    with pytest.raises(OSError, match=rf"{kind}: '.*pipe\.png'"):
        file_digests(root, ["a/1.png", "a/pipe.png"])
