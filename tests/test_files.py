import errno
import hashlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from robustbench_seg.errors import FileError
from robustbench_seg.files import (
    atomic_file,
    canonical_json,
    digest_file,
    digest_json,
    remove_partials,
    write_bytes,
    write_json,
)


def test_a_file_appears_with_its_parents(tmp_path):
    path = tmp_path / "deep" / "folder" / "x.bin"
    write_bytes(path, b"abc")
    assert path.read_bytes() == b"abc"
    assert digest_file(path) == hashlib.sha256(b"abc").hexdigest()


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x.bin"
    write_bytes(path, b"old")

    def fail_half_way():
        with atomic_file(path) as file:
            file.write(b"new")
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
    with pytest.raises(FileError, match=r"x\.csv: not a regular file; give another path"):
        write_bytes(path, b"new")
    assert path.stat() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_partial_file_keeps_the_suffix_for_encoders(tmp_path):
    with atomic_file(tmp_path / "x.png") as file:
        file.write(b"1")
        partial = Path(file.name)
        assert partial.suffix == ".png"
        assert partial.parent == tmp_path


def test_canonical_json_does_not_depend_on_the_order_of_keys():
    assert canonical_json({"b": 1, "a": "é"}) == canonical_json({"a": "é", "b": 1})
    wanted = hashlib.sha256('{"a":"é","b":[1,2]}'.encode()).hexdigest()
    assert digest_json({"b": (1, 2), "a": "é"}) == wanted


def test_json_is_readable_back(tmp_path):
    write_json(tmp_path / "x.json", {"b": [1, 2], "a": None})
    assert json.loads((tmp_path / "x.json").read_text()) == {"b": [1, 2], "a": None}


def big_table():
    return pa.table({"x": np.random.default_rng(0).integers(0, 2**60, 50_000)})


WRITERS = {
    "bytes": lambda file: file.write(bytes(10**6)),
    "arrow": lambda file: pq.write_table(big_table(), file),
    "pandas": lambda file: big_table().to_pandas().to_parquet(file, index=False),
    "torch": lambda file: torch.save({"x": torch.arange(10**5)}, file),
    "pillow png": lambda file: noise().save(file, format="png"),
    "pillow jpeg": lambda file: noise().save(file, format="jpeg"),
}


def noise():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (400, 400, 3), np.uint8))


@pytest.mark.parametrize("limit", [0, 1000, 60_000])
@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_is_named_whatever_a_library_makes_of_it(tmp_path, writer, limit):
    path = tmp_path / "x.bin"
    write_bytes(path, b"old")
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(FileError) as raised, atomic_file(path) as file:
            WRITERS[writer](file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert str(raised.value) == (
        f"{path} cannot be written: File too large; finished work is kept: fix this and run again"
    )
    assert isinstance(raised.value.__cause__, Exception)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("writer", WRITERS)
def test_what_libraries_write_is_whole(tmp_path, writer):
    with atomic_file(tmp_path / "x.bin") as file:
        WRITERS[writer](file)
    with open(tmp_path / "plain.bin", "wb") as file:
        WRITERS[writer](file)
    assert (tmp_path / "x.bin").read_bytes() == (tmp_path / "plain.bin").read_bytes()


@pytest.mark.parametrize("code", ["ENOSPC", "EFBIG", "EDQUOT", "EROFS", "EIO", "EACCES"])
@pytest.mark.parametrize("function", ["fsync", "replace", "open"])
def test_every_refusal_of_the_system_is_one_line(tmp_path, monkeypatch, code, function):
    number = getattr(errno, code)

    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    if function == "open":
        monkeypatch.setattr(Path, "mkdir", refuse)
    else:
        monkeypatch.setattr(os, function, refuse)
    path = tmp_path / "x.bin"
    with pytest.raises(
        FileError, match=f"x.bin cannot be written: {os.strerror(number)}; finished"
    ):
        write_bytes(path, b"new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a" * 300, "File name too long"),
        ("x\0y", "(lstat: )?embedded null (byte|character)( in path)?"),
        ("file/x", "Not a directory|File exists"),
    ],
)
def test_a_name_that_no_file_can_have_is_one_line(tmp_path, name, why):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=f"cannot be written: ({why}); finished"):
        write_bytes(tmp_path / name, b"new")


def test_names_of_any_length_that_a_file_can_have_are_written(tmp_path):
    for name in ("a" * 255, "ü" * 127, "a:b", "http:x", "caf\udce9"):
        write_bytes(tmp_path / name, b"new")
        assert (tmp_path / name).read_bytes() == b"new"


def test_partial_files_of_others_stay(tmp_path):
    ours = tmp_path / "deep" / ".x.0123abcd.partial.png"
    ours.parent.mkdir()
    others = [tmp_path / ".notes.partial.txt", tmp_path / "x.0123abcd.partial"]
    for path in (ours, *others):
        path.touch()
    (tmp_path / ".report.partial-abc").mkdir()
    remove_partials(tmp_path)
    assert not ours.exists()
    assert all(path.exists() for path in others)


def test_a_killed_write_leaves_what_remove_partials_knows(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from robustbench_seg.files import atomic_file\n"
        "with atomic_file(Path(sys.argv[1])) as file: file.write(b'1'); file.flush(); os._exit(9)"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "x.parquet")]
    assert subprocess.run(words, check=False).returncode == 9
    assert [path.suffix for path in tmp_path.iterdir()] == [".parquet"]
    remove_partials(tmp_path)
    assert list(tmp_path.iterdir()) == []
