"""Run folders that were altered: one line each, never a traceback, never another value."""

import copy
import json
import os
import random
import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustbench_seg.errors import ResultsError, RobustsegError
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.store import (
    Row,
    RunFolder,
    Timing,
    group_runs,
    median_seconds,
    part_files,
    read_results,
)
from robustbench_seg.store.parts import read_part

FOG = Condition("fog", 3)
HOSTILE = [
    *(None, True, 0, -1, 2**31, 2**63, 2**64, -(2**64), 1e30, -0.5, 10**500, float("inf")),
    *("", "x", "\x00\x1b[31m", "\u202e", "\ud800", 9999 * "y", [], [[]], {}, {"x": 1}, [None]),
]


def places(value, path=()):
    """The path of every value of a table."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in items:
        yield (*path, name)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, name))


def mutated(table, rng):
    """A copy in which one value is another, is missing, or is there under another name."""
    table = copy.deepcopy(table)
    *path, last = rng.choice(list(places(table)))
    owner = table
    for name in path:
        owner = owner[name]
    kind = rng.randrange(4)
    if kind == 0:
        del owner[last]
    elif kind == 1 and isinstance(owner, dict):
        owner[f"{last}\n\x1b[2J"] = owner.pop(last)
    else:
        owner[last] = rng.choice(HOSTILE)
    return table


@pytest.fixture
def folder(tmp_path, run_record):
    opened = RunFolder.open(tmp_path, run_record())
    counts = {"confusion": np.array([[3, 1], [0, 4]]), "image_miou": np.array([77.5, 1.0])}
    rows = [Row(f"{i}.png", c, counts) for i in range(2) for c in (CLEAN, FOG)]
    rows[1] = Row("0.png", FOG, reason="truncated")
    opened.add(0, rows, [Timing("0.png", CLEAN, 0.5, 0.25)])
    return opened.path


def check_line(error, path=""):
    """One short line, which names the file."""
    assert str(path) in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 1000


@pytest.mark.parametrize("seed", range(150))
def test_a_mutated_record_is_read_or_refused_in_one_line(folder, seed):
    rng, path = random.Random(seed), folder / "run.json"
    table = json.loads(path.read_text())
    path.write_text(json.dumps(mutated(table, rng)))
    try:
        record = read_record(folder)
        repr((record, record.differences(record)))
    except ResultsError as error:
        check_line(error, path)


@pytest.mark.parametrize("seed", range(60))
def test_a_mutated_record_of_the_first_format_is_read_or_refused_in_one_line(tmp_path, seed):
    rng, path = random.Random(seed), tmp_path / "run.json"
    table = {
        "format": 1,
        "model": "m",
        "key": {
            "segmenter": {"architecture": "toy", "weights": "abc", "backend": "torch 2.6"},
            "dataset": {"fingerprint": {"count": 2}},
            "corruption": {"severities": "s", "versions": {"fast stream": "1", "numpy": "2"}},
            "versions": {"torch": "2.6"},
        },
        "dataset": "d",
        "split": "val",
        "images": 2,
        "classes": ["x", "y"],
        "stream": "fast",
        "seed": 0,
        "protocol": "cityscapes-c",
        "palette": [[1, 2, 3]],
        "about": {"params": 1, "published": {"miou": 80, "source": "s", "dataset": "d"}},
        "published": {"miou": 80, "source": "s"},
    }
    path.write_text(json.dumps(table))
    assert read_record(tmp_path).model == "m"
    path.write_text(json.dumps(mutated(table, rng)))
    try:
        read_record(tmp_path)
    except ResultsError as error:
        check_line(error, path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[" * 200_000, "nested too deeply"),
        (b'{"format": ' + b"1" * 9999 + b"}", "cannot be read"),
        (b'{"format": 2, "clip": NaN}', "NaN is not a JSON number"),
        (b" " * (17 << 20), "larger than 16 MiB"),
        (b"\xff\xfe{}", "cannot be read"),
        (b"", "cannot be read"),
        (b'{"format": true}', "has format True"),
        (b'{"format": [1]}', r"has format \[1\]"),
    ],
)
def test_a_file_that_is_no_record_is_one_line(folder, data, message):
    (folder / "run.json").write_bytes(data)
    with pytest.raises(ResultsError, match=message) as caught:
        read_record(folder)
    check_line(caught.value)


def test_a_pipe_in_place_of_a_record_does_not_hang(folder):
    import os

    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes on this system")
    (folder / "run.json").unlink()
    os.mkfifo(folder / "run.json")
    with pytest.raises(ResultsError, match="a pipe, socket or device, not a file"):
        read_record(folder)


@pytest.mark.parametrize("seed", range(120))
def test_a_part_of_other_bytes_gives_the_same_values_or_none(folder, seed):
    """Bytes are flipped, cut off, repeated or made zero anywhere in the file."""
    rng, (path,) = random.Random(seed), part_files(folder)
    before = read_part(path, 2)
    data = bytearray(path.read_bytes())
    start = rng.randrange(len(data))
    end = min(len(data), start + rng.choice([1, 4, 64]))
    kind = rng.randrange(4)
    if kind == 0:
        data[start] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del data[start:]
    elif kind == 2:
        data[start:end] = bytes(end - start)
    else:
        data[start:start] = data[start:end]
    path.write_bytes(data)
    try:
        after = read_part(path, 2)
    except ResultsError as error:
        check_line(error, path)
    else:
        for name, values in before.values.items():
            assert np.array_equal(after.values[name], values)
        assert (after.images, after.conditions, after.reasons) == (
            *(before.images, before.conditions, before.reasons),
        )


@pytest.mark.parametrize("seed", range(40))
def test_timings_of_other_bytes_are_left_out(folder, seed):
    rng, (path,) = random.Random(seed), (folder / "timings").glob("*.parquet")
    data = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 8])):
        data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(data[: rng.choice([len(data), rng.randrange(len(data))])])
    seconds = median_seconds(folder)
    assert seconds is None or seconds > 0


def part_of(folder, **columns):
    """A part of format 1, which has no digests, with these columns."""
    table = {
        "image": ["1.png"],
        "corruption": ["fog"],
        "severity": pa.array([3], pa.int8()),
        "matrix": [[3, 1, 0, 4]],
        "reason": pa.array([None], pa.string()),
    }
    path = folder / "parts" / "00001-abc.parquet"
    pq.write_table(pa.table({**table, **columns}), path)
    return path


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"matrix": [[3, 1, 0, -4]]}, "confusion contains invalid counts"),
        ({"matrix": [[3, 1, 0, 2**60]]}, "confusion contains invalid counts"),
        ({"matrix": [[3.0, 1, 0, float("nan")]]}, "confusion contains invalid counts"),
        ({"matrix": [["3", "1", "0", "4"]]}, "is damaged"),
        ({"matrix": [[3, 1, 0]]}, "confusion: expected 2x2 numbers per image"),
        ({"matrix": pa.array([None], pa.list_(pa.int64()))}, "a row lacks a reason or values"),
        ({"matrix": [4]}, "damaged"),
        ({"severity": pa.array([9], pa.int8())}, "a severity is outside 0 to 5"),
        ({"severity": ["3"]}, "its severity is not of type int8"),
        ({"image": pa.array([None], pa.string())}, "a row lacks its image"),
        ({"image": [1]}, "its image is not of type string"),
        ({"corruption": [b"fog"]}, "its corruption is not of type string"),
    ],
)
def test_a_part_of_wrong_values_is_named(folder, columns, message):
    path = part_of(folder, **columns)
    with pytest.raises(ResultsError, match=message) as caught:
        read_part(path, 2)
    check_line(caught.value)


def test_a_part_of_absurdly_many_rows_is_refused_before_it_is_read(folder):
    count = 200_000
    path = part_of(
        folder,
        image=pa.array(["1.png"] * count).dictionary_encode(),
        corruption=pa.array(["fog"] * count).dictionary_encode(),
        severity=pa.array(np.full(count, 3, np.int8)),
        matrix=pa.nulls(count, pa.list_(pa.int64())),
        reason=pa.array(["x"] * count).dictionary_encode(),
    )
    with pytest.raises(ResultsError, match="it states that it has 200000 rows"):
        read_part(path, 2)


def test_a_part_that_unpacks_to_far_more_than_its_rows_need_is_refused(folder):
    path = part_of(folder, reason=["x" * (64 << 20)], matrix=pa.nulls(1, pa.list_(pa.int64())))
    with pytest.raises(ResultsError, match="bytes in 1 rows"):
        read_part(path, 2)


def test_a_broken_run_does_not_stop_the_others(folder, run_record, caplog, tmp_path):
    for name, text in (("a", "{"), ("b", '{"format": 7}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(text)
    assert group_runs(tmp_path) == [[folder]]
    assert [record.getMessage().count("is left out") for record in caplog.records] == [1, 1]
    shutil.rmtree(folder)
    with pytest.raises(ResultsError, match=r"a/run.json cannot be read"):
        group_runs(tmp_path)


def test_what_is_intact_is_read_beside_a_damaged_part(folder):
    part_of(folder, matrix=[[3, 1, 0, -4]])
    with_damage = read_results(folder)
    (folder / "parts" / "00001-abc.parquet").unlink()
    pd.testing.assert_frame_equal(with_damage, read_results(folder))
    assert not isinstance(with_damage, RobustsegError)


@pytest.mark.parametrize("place", ["parts", "timings"])
def test_a_pipe_in_place_of_a_table_is_left_out_and_never_waited_for(folder, place):
    (path,) = (folder / place).glob("*.parquet")
    path.unlink()
    os.mkfifo(path)
    assert read_results(folder).empty == (place == "parts")
    assert (median_seconds(folder) is None) == (place == "timings")
