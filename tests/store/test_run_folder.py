"""The run folder: written whole or not at all, never changed, never mistaken for another."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from robustbench_seg.errors import FileError, ResultsError
from robustbench_seg.machine.locks import registered
from robustbench_seg.measures import CONFUSION, MEASURES
from robustbench_seg.records.runs.run_file import read_record, write_record
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.store import Row, RunFolder, Timing, part_files
from robustbench_seg.store.parts import read_part
from robustbench_seg.store.run_paths import find_runs

FOG = Condition("fog", 3)


def row(image="1.png", condition=FOG, value=1):
    return Row(image, condition, {"confusion": np.full((2, 2), value, np.int64)})


def test_folder_is_named_by_what_runs_and_the_key(tmp_path, run_record):
    wanted = run_record("hf:nvidia/b0", dataset="acdc:fog")
    folder = RunFolder.open(tmp_path, wanted)
    assert folder.path.parent == tmp_path
    assert folder.path.name == f"hf_nvidia_b0-acdc_fog-val-{wanted.key.digest[:8]}"
    assert read_record(folder.path) == wanted


def test_another_key_is_another_folder(tmp_path, run_record):
    first = RunFolder.open(tmp_path, run_record())
    second = RunFolder.open(tmp_path, run_record(seed=1))
    assert first.path != second.path


def test_a_folder_that_holds_another_key_is_refused(tmp_path, run_record):
    other, wanted = run_record(weights="xyz"), run_record()
    RunFolder.open(tmp_path, other).path.rename(RunFolder.path_of(tmp_path, wanted))
    with pytest.raises(
        ResultsError, match="holds another run: its segmenter weights is xyz, not abc; choose"
    ):
        RunFolder.open(tmp_path, wanted)


def test_matrices_come_back_as_they_were(tmp_path, run_record):
    folder = RunFolder.open(tmp_path, run_record())
    large = np.array([[2**40, 1], [2, 3]])
    rows = [
        Row("1.png", FOG, reason="broken"),
        Row("1.png", CLEAN, {"confusion": large}),
        Row("2.png", CLEAN, reason="gone"),
        row("2.png"),
    ]
    folder.add(0, rows)
    (path,) = part_files(folder.path)
    back = read_part(path, 2)
    # Sorted by image, then condition.
    assert list(zip(back.images, back.conditions, back.reasons, strict=True)) == [
        ("1.png", CLEAN, None),
        ("1.png", FOG, "broken"),
        ("2.png", CLEAN, "gone"),
        ("2.png", FOG, None),
    ]
    assert back.values.keys() == {"confusion"}
    assert back.values["confusion"].dtype == np.int64
    assert np.array_equal(back.values["confusion"], [large, rows[3].values["confusion"]])


def test_what_is_done_is_known_after_opening_again(tmp_path, run_record):
    folder = RunFolder.open(tmp_path, run_record())
    folder.add(0, [row(), Row("2.png", FOG, reason="broken")])
    for one in (folder, RunFolder.open(tmp_path, run_record())):
        missing = [measure.name for measure in one.missing_measures("1.png", FOG)]
        assert missing == [measure.name for measure in MEASURES if measure != CONFUSION]
        assert CONFUSION in one.missing_measures("2.png", FOG)
        assert CONFUSION in one.missing_measures("1.png", CLEAN)
        assert one.count() == 1


def test_a_part_is_named_by_its_block_and_what_it_holds(tmp_path, run_record):
    folder = RunFolder.open(tmp_path, run_record())
    folder.add(7, [row("1.png"), row("2.png")])
    folder.add(7, [row("2.png"), row("1.png")])
    (first,) = part_files(folder.path)
    assert first.name.startswith("00007-")
    folder.add(7, [row("1.png", CLEAN)])
    folder.add(8, [row("1.png"), row("2.png")])
    assert len(part_files(folder.path)) == 3


def test_a_part_that_is_there_is_not_written_again(tmp_path, run_record):
    folder = RunFolder.open(tmp_path, run_record())
    folder.add(0, [row()])
    (part,) = part_files(folder.path)
    before = part.read_bytes(), part.stat().st_mtime_ns
    folder.add(0, [row(value=9)])
    assert (part.read_bytes(), part.stat().st_mtime_ns) == before


def test_nothing_to_add_leaves_no_file(tmp_path, run_record):
    folder = RunFolder.open(tmp_path, run_record())
    folder.add(0, [])
    assert part_files(folder.path) == []


def test_a_part_appears_whole_or_not_at_all(tmp_path, run_record, monkeypatch):
    folder = RunFolder.open(tmp_path, run_record())
    write = pq.write_table

    def half(table, file, **options):
        write(table, file, **options)
        file.truncate(50)
        raise KeyboardInterrupt

    monkeypatch.setattr(pq, "write_table", half)
    with pytest.raises(KeyboardInterrupt):
        folder.add(0, [row()])
    assert [path.name for path in folder.path.rglob("*") if path.is_file()] == ["run.json"]


def test_partial_files_of_a_killed_process_are_passed_over(tmp_path, run_record):
    folder = RunFolder.open(tmp_path, run_record())
    folder.add(0, [row()])
    (folder.path / "parts/.00001-abc.12345678.partial.parquet").write_bytes(b"half")
    reopened = RunFolder.open(tmp_path, run_record())
    assert CONFUSION not in reopened.missing_measures("1.png", FOG)
    assert reopened.count() == 1


def test_timings_are_kept_beside_the_parts(tmp_path, run_record):
    folder = RunFolder.open(tmp_path, run_record())
    folder.add(0, [row()], [Timing("1.png", FOG, 0.5, 1.5)])
    (part,), (times,) = part_files(folder.path), (folder.path / "timings").iterdir()
    assert times.name == part.name
    assert pq.read_table(times).to_pylist() == [
        {"image": "1.png", "corruption": "fog", "severity": 3, "corrupt": 0.5, "predict": 1.5}
    ]


def test_a_disk_that_takes_no_more_is_one_line(tmp_path, run_record, monkeypatch):
    folder = RunFolder.open(tmp_path, run_record())

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(
        FileError, match=r"parts/00000-.*parquet cannot be written: No space left on device; fin"
    ):
        folder.add(0, [row()])


def test_runs_are_found_by_name_or_by_their_folder(tmp_path, run_record):
    first = RunFolder.open(tmp_path / "a", run_record()).path
    second = RunFolder.open(tmp_path / "a", run_record("n")).path
    third = RunFolder.open(tmp_path / "b", run_record()).path
    assert find_runs([tmp_path / "a", third, str(first)]) == [first, second, third]


def test_what_is_no_run_is_named(tmp_path):
    with pytest.raises(ResultsError, match="nowhere: no such folder or pack; name run folders"):
        find_runs([tmp_path / "nowhere"])
    with pytest.raises(ResultsError, match=r"neither a run folder \(no run.json in it"):
        find_runs([tmp_path])


def test_another_process_does_not_sweep_the_record_that_is_being_written(
    tmp_path, run_record, monkeypatch
):
    swept = []

    def write(folder, record):
        partial = folder / ".run.01234567.partial.json"
        partial.touch()
        with registered(folder) as sweep:
            sweep()
        swept.append(not partial.exists())
        write_record(folder, record)

    monkeypatch.setattr("robustbench_seg.store.run_folder.write_record", write)
    RunFolder.open(tmp_path, run_record())
    assert swept == [False]
