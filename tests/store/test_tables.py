import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import robustbench_seg
from robustbench_seg.errors import ResultsError
from robustbench_seg.measures import CONFUSION, MEASURES
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.store import (
    Row,
    RunFolder,
    condition_rows,
    part_files,
    read_counts,
    read_results,
    with_counts,
)

FOG, SNOW = Condition("fog", 3), Condition("snow", 1)


@pytest.fixture
def run(tmp_path, run_record):
    def make(model="m", **changes):
        return RunFolder.open(tmp_path / "runs", run_record(model, seed=4, **changes))

    return make


def row(image, condition, value=1):
    return Row(image, condition, {"confusion": np.full((2, 2), value, np.int64)})


def test_rows_come_with_the_facts_of_their_run(run, tmp_path):
    first, second = run(), run("n")
    first.add(0, [row("2.png", SNOW, 5), row("1.png", SNOW, 6), row("1.png", CLEAN, 7)])
    first.add(1, [Row("3.png", FOG, reason="broken")])
    second.add(0, [row("1.png", CLEAN, 8)])
    table = read_results(tmp_path / "runs")
    assert list(table.columns) == [
        *("run", "model", "dataset", "split", "stream", "seed", "protocol", "images", "classes"),
        *("clip", "image", "corruption", "severity"),
        *(m.column for m in MEASURES if not m.needs_confidence),
        "reason",
    ]
    assert table["run"].tolist() == [str(first.path)] * 4 + [str(second.path)]
    assert table["model"].tolist() == ["m"] * 4 + ["n"]
    assert set(table["seed"]) == {4}
    assert set(table["clip"]) == {1}
    assert set(table["images"]) == {2}
    assert set(table["classes"]) == {("x", "y")}
    assert table[["image", "corruption", "severity"]].to_numpy().tolist() == [
        ["1.png", "clean", 0],
        ["3.png", "fog", 3],
        ["1.png", "snow", 1],
        ["2.png", "snow", 1],
        ["1.png", "clean", 0],
    ]
    assert [m if m is None else int(m[0, 0]) for m in table["matrix"]] == [7, None, 6, 5, 8]
    assert table["matrix"][0].shape == (2, 2)
    assert table["reason"].tolist() == [None, "broken", None, None, None]


def test_rows_of_a_condition_keep_the_order_of_the_table():
    keys = [("snow", 1), ("fog", 3), ("snow", 1), ("fog", 2), ("fog", 3), ("snow", 5)]
    rows = condition_rows(pd.DataFrame(keys, columns=["corruption", "severity"]))
    assert {condition: places.tolist() for condition, places in rows.items()} == {
        SNOW: [0, 2],
        FOG: [1, 4],
        Condition("fog", 2): [3],
        Condition("snow", 5): [5],
    }
    assert [*rows] == [SNOW, FOG, Condition("fog", 2), Condition("snow", 5)]
    assert condition_rows(pd.DataFrame({"corruption": [], "severity": []})) == {}
    many = condition_rows(pd.DataFrame(keys * 50, columns=["corruption", "severity"]))
    assert all((np.diff(places) > 0).all() for places in many.values())


def test_warnings_about_damaged_parts_come_in_the_order_of_the_parts(run, caplog):
    folder = run()
    for block in range(20):
        folder.add(block, [row(f"{block:02d}.png", FOG)])
    for path in part_files(folder.path):
        path.write_bytes(path.read_bytes()[:-9])
    assert read_results(folder.path).empty
    told = [re.search(r"parts/(\d+)-", record.message)[1] for record in caplog.records]
    assert told == [f"{block:05d}" for block in range(20)]


def test_it_is_part_of_the_python_interface(run):
    folder = run()
    folder.add(0, [row("1.png", CLEAN)])
    assert len(robustbench_seg.read_results(folder.path)) == 1
    assert len(robustbench_seg.read_results([str(folder.path), folder.path])) == 1


def test_a_run_that_has_only_begun_has_no_rows(run):
    table = read_results(run().path)
    assert len(table) == 0
    assert "matrix" in table


def test_the_same_row_in_two_parts_counts_once(run):
    folder = run()
    folder.add(0, [row("1.png", FOG)])
    folder.add(0, [row("1.png", FOG), row("2.png", FOG)])
    assert len(part_files(folder.path)) == 2
    assert read_results(folder.path)["image"].tolist() == ["1.png", "2.png"]


def test_parts_that_contradict_each_other_are_named(run):
    folder = run()
    folder.add(0, [row("1.png", FOG, 1)])
    folder.add(0, [row("1.png", FOG, 2), row("2.png", FOG)])
    message = r"parquet contradicts another part of its run on 1.png \(fog, severity 3\); remove"
    for read in (read_results, read_counts):
        with pytest.raises(ResultsError, match=message):
            read(folder.path)


@pytest.mark.parametrize("other", [80.0 / 3 * (1 + 1e-15), 26.7])
def test_a_float_that_another_machine_rounds_otherwise_is_no_contradiction(run, other):
    folder = run()
    for block, value in enumerate((80.0 / 3, other)):
        folder.add(block, [Row("1.png", FOG, {"image_miou": np.array([value, 1.0])})])
    if other == 26.7:
        with pytest.raises(ResultsError, match="contradicts another part"):
            read_results(folder.path)
    else:
        assert len(read_results(folder.path)) == 1


@pytest.mark.parametrize("blocks", [(0, 1), (1, 0)])
def test_a_matrix_counts_more_than_a_reason(run, blocks):
    folder = run()
    folder.add(blocks[0], [Row("1.png", FOG, reason="broken")])
    folder.add(blocks[1], [row("1.png", FOG, 3)])
    table = read_results(folder.path)
    assert table["matrix"][0].tolist() == [[3, 3], [3, 3]]
    assert table["reason"].tolist() == [None]


def broken(part):
    part.write_bytes(part.read_bytes()[:-20])


def foreign(part):
    """Another run's part under this one's name."""
    table = pq.read_table(part)
    pq.write_table(table.set_column(0, "image", pa.array(["2.png"])), part)


@pytest.mark.parametrize(
    ("damage", "why"),
    [(broken, r".*"), (foreign, "the digest of its rows does not match")],
)
def test_a_damaged_part_is_named_left_out_and_set_aside(run, caplog, damage, why):
    folder = run()
    folder.add(0, [row("1.png", FOG)])
    folder.add(1, [row("5.png", FOG)])
    part, other = part_files(folder.path)
    damage(part)
    message = rf"{part.name} is damaged \({why}\); evaluate again to restore it; its rows are"
    assert read_results(folder.path)["image"].tolist() == ["5.png"]
    assert re.search(message, caplog.text)
    again = run()
    assert CONFUSION in again.missing_measures("1.png", FOG)
    assert CONFUSION not in again.missing_measures("5.png", FOG)
    assert part_files(folder.path) == [other]
    assert part.with_suffix(".damaged").exists()
    again.add(0, [row("1.png", FOG)])
    assert read_results(folder.path)["image"].tolist() == ["1.png", "5.png"]


def test_a_part_of_other_classes_is_left_out(run, caplog):
    folder = run()
    folder.add(0, [Row("1.png", FOG, {"confusion": np.ones((3, 3), np.int64)})])
    assert len(read_results(folder.path)) == 0
    assert "confusion: expected 2x2 numbers per image" in caplog.text


def test_an_image_left_out_twice_gives_no_reason_to_others(run):
    folder, broken = run(), Row("1.png", FOG, reason="broken")
    folder.add(0, [broken, row("2.png", FOG), row("3.png", FOG)])
    folder.add(1, [broken])
    table = read_results(folder.path)
    assert table["reason"].tolist() == ["broken", None, None]
    assert table["severity"].dtype == "int64"


def test_a_row_with_neither_matrix_nor_reason_is_left_out(run, caplog):
    folder = run()
    folder.add(0, [Row("1.png", FOG), row("2.png", FOG)])
    assert len(read_results(folder.path)) == 0
    assert "a row lacks a reason or values of confusion, or has both" in caplog.text


def test_every_flipped_bit_is_noticed_or_changes_nothing(run, caplog):
    """150 bits: a damaged part may be refused, but never gives other values."""
    folder = run()
    values = np.random.default_rng(0).integers(0, 2**40, (6, 2, 2))
    rows = [Row(f"{i}.png", FOG, {"confusion": value}) for i, value in enumerate(values)]
    folder.add(0, [*rows, Row("6.png", CLEAN, reason="gone")])
    (part,) = part_files(folder.path)
    whole, before = part.read_bytes(), read_results(folder.path).to_json()
    assert CONFUSION.name in part.read_bytes().decode("latin1")
    noticed = 0
    for bit in np.random.default_rng(1).choice(8 * len(whole), 150, replace=False):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        part.write_bytes(damaged)
        table = read_results(folder.path)
        assert len(table) == 0 or table.to_json() == before, f"bit {bit}"
        noticed += len(table) == 0
    assert noticed > 40


def test_counts_are_those_of_the_matrices(run):
    folder = run()
    matrix = {"confusion": np.array([[5, 1], [2, 4]])}
    folder.add(0, [Row("1.png", FOG, matrix), Row("2.png", FOG, reason="no")])
    table = read_counts(folder.path)
    assert "matrix" not in table
    assert table["pooled confusion"][0].tolist() == [[5, 4], [6, 6], [7, 5]]
    assert table["pooled confusion"][1] is None
    assert with_counts(table)["counts"].tolist() == [table["pooled confusion"][0]]
    (counts,) = with_counts(read_results(folder.path))["counts"]
    assert np.array_equal(counts, table["pooled confusion"][0])


def test_a_run_says_how_many_frames_are_a_unit(run):
    folder = run(clip=10)
    folder.add(0, [row("1.png", CLEAN)])
    assert read_counts(folder.path)["clip"].tolist() == [10]
