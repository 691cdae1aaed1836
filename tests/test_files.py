import hashlib
import json
import os

import pytest

from robustbench_seg.files import atomic_path, canonical_json, digest_file, write_bytes, write_json


def test_a_file_appears_with_its_parents(tmp_path):
    path = tmp_path / "deep" / "folder" / "x.bin"
    write_bytes(path, b"abc")
    assert path.read_bytes() == b"abc"
    assert digest_file(path) == hashlib.sha256(b"abc").hexdigest()


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x.bin"
    write_bytes(path, b"old")

    def fail_half_way():
        with atomic_path(path) as partial:
            partial.write_bytes(b"new")
            assert path.read_bytes() == b"old"
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_followed(tmp_path):
    target, link = tmp_path / "data" / "target.csv", tmp_path / "link.csv"
    write_bytes(target, b"old")
    link.symlink_to(target)
    write_bytes(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["data", "link.csv", "target.csv"]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_regular_file_stays(tmp_path, make):
    path = tmp_path / "x.csv"
    make(path)
    before = path.stat()
    with pytest.raises(FileExistsError, match=r"not a regular file \(give another path\)"):
        write_bytes(path, b"new")
    assert path.stat() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_partial_file_keeps_the_suffix_for_encoders(tmp_path):
    with atomic_path(tmp_path / "x.png") as partial:
        partial.write_bytes(b"1")
        assert partial.suffix == ".png"
        assert partial.parent == tmp_path


def test_canonical_json_does_not_depend_on_the_order_of_keys():
    assert canonical_json({"b": 1, "a": "é"}) == canonical_json({"a": "é", "b": 1})


def test_json_is_readable_back(tmp_path):
    write_json(tmp_path / "x.json", {"b": [1, 2], "a": None})
    assert json.loads((tmp_path / "x.json").read_text()) == {"b": [1, 2], "a": None}
