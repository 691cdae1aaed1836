"""Writing corrupted datasets: always the same tree, and never half a file."""

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from robustbench_seg.corruption import corrupt
from robustbench_seg.errors import DatasetError, FileError, TreeError
from robustbench_seg.machine.locks import registered
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.trees.manifests.manifest import read_manifest, write_manifest
from robustbench_seg.trees.verification import verify_tree
from robustbench_seg.trees.writing import image_job, merging
from robustbench_seg.trees.writing.write_tree import write_tree

SHIPPED = load_protocol()
MILDER = replace(
    SHIPPED,
    name="milder",
    perturbations=tuple(
        replace(each, parameters=each.parameters[:1] * 5) for each in SHIPPED.perturbations
    ),
)


@pytest.mark.parametrize(("stream", "seed"), [("fast", 0), ("fast", 3), ("reference", 3)])
def test_files_hold_what_corrupt_gives_in_memory(town, tmp_path, stream, seed):
    plan = town.plan(tmp_path / "out", stream=stream, seed=seed)
    write_tree(plan)
    for source in plan.images:
        for c in plan.conditions:
            path = tmp_path / "out" / c.name / str(c.severity) / source.id
            wanted = corrupt(
                source.read(),
                c.name,
                c.severity,
                seed=seed,
                image_id=source.id,
                stream=stream,
            )
            with Image.open(path) as image:
                assert image.mode == "RGB"
                np.testing.assert_array_equal(np.asarray(image), wanted)
            np.testing.assert_array_equal(cv2.imread(str(path))[..., ::-1], wanted)


def test_files_have_the_strength_of_the_protocol(town, tmp_path):
    protocol = load_protocol()
    mild = replace(protocol.perturbation("contrast"), parameters=({"factor": 0.9},) * 5)
    protocol = replace(protocol, name="mild", perturbations=(mild,))
    plan = town.plan(tmp_path, protocol=protocol, corruptions=("contrast",))
    write_tree(plan)
    source = plan.images[0]
    with Image.open(tmp_path / "contrast" / "5" / source.id) as image:
        wanted = corrupt(source.read(), "contrast", 5, image_id=source.id, protocol=protocol)
        np.testing.assert_array_equal(np.asarray(image), wanted)
        assert not np.array_equal(wanted, corrupt(source.read(), "contrast", 5))


def test_the_number_of_workers_changes_no_byte(town, tmp_path, contents):
    for workers in (1, 2):
        write_tree(town.plan(tmp_path / str(workers)), workers=workers)
    one, two = contents(tmp_path / "1"), contents(tmp_path / "2")
    assert len(one) == 3 * 6 + 6 + 2  # images, links, manifest and record
    assert one == two


def test_each_source_is_read_once_for_all_its_variants(town, tmp_path):
    reads = []

    def counting(path):
        reads.append(path.name)
        return np.asarray(Image.open(path))

    write_tree(replace(town.plan(tmp_path / "out"), images=town.images(counting)))
    assert reads == [f"{name}_leftImg8bit.png" for name in town.names]


def test_second_start_makes_only_what_is_missing(town, tmp_path, contents):
    out = tmp_path / "out"
    write_tree(town.plan(out))
    before = contents(out)
    lost = next(out.glob("fog/5/leftImg8bit/val/ulm/ulm_1*"))
    lost.unlink()
    stats = {path: path.stat() for path in out.glob("*/*/leftImg8bit/val/ulm/*.png")}
    reads, made = [], []

    def counting(path):
        reads.append(path.name)
        return np.asarray(Image.open(path))

    sources = town.images(counting)
    write_tree(town.plan(out, images=sources), progress=lambda *counts: made.append(counts))
    assert reads == ["ulm_1_leftImg8bit.png"]
    assert sum(count for count, _ in made) == 1
    assert contents(out) == before
    for path, stat in stats.items():
        assert (path.stat().st_ino, path.stat().st_mtime_ns) == (stat.st_ino, stat.st_mtime_ns)


def test_manifest_comes_last_and_an_interrupted_start_is_taken_up(town, tmp_path, contents):
    write_tree(town.plan(tmp_path / "unbroken"))

    def interrupting(path):
        if "ulm_1" in path.name:
            raise KeyboardInterrupt
        return np.asarray(Image.open(path))

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        write_tree(town.plan(out, images=town.images(interrupting)))
    assert len(list(out.glob("*/*/leftImg8bit/val/ulm/ulm_0*"))) == 6
    assert not (out / "manifest.json").exists()
    write_tree(town.plan(out))
    assert contents(out) == contents(tmp_path / "unbroken")


def test_survives_being_killed(town, tmp_path, contents):
    write_tree(town.plan(tmp_path / "unbroken"))
    out = tmp_path / "out"
    # A worker waits at its second source. Its parent is killed, and the worker must then end.
    script = f"""
import os, sys, time
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from pathlib import Path
from conftest import Town
from robustbench_seg.trees.writing.write_tree import write_tree
from robustbench_seg.datasets import read_image

def slow(path):
    if "ulm_1" in path.name:
        Path({str(tmp_path)!r}, "worker").write_text(str(os.getpid()))
        time.sleep(600)
    return read_image(path)

if __name__ == "__main__":
    town = Town(Path({str(town.root)!r}), {town.names!r})
    write_tree(town.plan(Path({str(out)!r}), images=town.images(slow)), workers=2)
"""
    (tmp_path / "killed.py").write_text(script)
    process = subprocess.Popen([sys.executable, tmp_path / "killed.py"])
    try:
        finished = out / "fog/5/leftImg8bit/val/ulm/ulm_2_leftImg8bit.png"
        wait_for(lambda: ((tmp_path / "worker").exists() and finished.exists()) or process.poll())
        assert process.poll() is None
        worker = int((tmp_path / "worker").read_text())
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    wait_for(lambda: has_ended(worker))
    assert not (out / "manifest.json").exists()
    (out / "fog/5/leftImg8bit/val/ulm/.ulm_1_leftImg8bit.0123abcd.partial.png").write_bytes(b"half")
    write_tree(town.plan(out))
    assert contents(out) == contents(tmp_path / "unbroken")


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or waits for nothing but its parent's notice."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return shown.stdout.strip()[:1] in ("", "Z")


def test_partial_files_stay_while_another_process_is_at_work(town, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    partial_file = out / ".x.0123abcd.partial.png"
    partial_file.touch()
    other = os.open(out, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_SH)
    write_tree(town.plan(out))
    assert partial_file.exists()
    os.close(other)
    write_tree(town.plan(out))
    assert not partial_file.exists()


def test_a_file_broken_by_another_hand_is_made_anew(town, tmp_path, contents):
    out = tmp_path / "out"
    write_tree(town.plan(out))
    before = contents(out)
    (out / "manifest.json").unlink()
    path = next(out.glob("fog/5/leftImg8bit/val/ulm/ulm_1*"))
    path.write_bytes(path.read_bytes()[:500])
    write_tree(town.plan(out))
    assert contents(out) == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 1}, "seed is 0, not 1"),
        ({"stream": "reference"}, "stream is fast, not reference"),
        ({"split": "train"}, "split is val, not train"),
        ({"dataset": "acdc"}, "dataset is cityscapes, not acdc"),
        ({"protocol": MILDER}, "its severities are those of cityscapes-c 1, not of milder 1"),
    ],
)
@pytest.mark.parametrize("finished", [True, False])
def test_another_tree_is_refused(town, tmp_path, contents, changes, message, finished):
    out = tmp_path / "out"
    write_tree(town.plan(out))
    if not finished:
        (out / "manifest.json").unlink()
    before = contents(out)
    with pytest.raises(TreeError, match=message) as error:
        write_tree(town.plan(out, **changes))
    assert str(out) in str(error.value)
    assert "\n" not in str(error.value)
    assert contents(out) == before


def test_a_tree_grows_by_other_corruptions(town, tmp_path, contents):
    write_tree(town.plan(tmp_path / "at once", corruptions=("fog", "contrast")))
    write_tree(town.plan(tmp_path / "grown", corruptions=("contrast",)))
    write_tree(town.plan(tmp_path / "grown", corruptions=("fog",)))
    assert contents(tmp_path / "grown") == contents(tmp_path / "at once")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_truncated_source_stops_with_its_name(town, tmp_path, workers):
    broken = truncate(town)
    with pytest.raises(DatasetError, match=str(broken)):
        write_tree(town.plan(tmp_path / "out"), workers=workers)
    assert not (tmp_path / "out/manifest.json").exists()
    if workers == 1:
        assert len(list((tmp_path / "out").glob("*/*/leftImg8bit/val/ulm/ulm_0*"))) == 6


def test_keep_going_leaves_a_truncated_source_out_and_says_so(town, tmp_path):
    out = tmp_path / "out"
    broken = truncate(town)
    whole = broken.with_suffix(".whole")
    made = []
    manifest = write_tree(
        town.plan(out), keep_going=True, progress=lambda *counts: made.append(counts)
    )
    assert manifest == read_manifest(out)
    assert [sum(count) for count in zip(*made, strict=True)] == [12, 6]
    assert len(manifest.files) == 12
    assert len(manifest.left_out) == 6
    assert all("ulm_1" in name and str(broken) in why for name, why in manifest.left_out.items())
    assert [p.kind for p in verify_tree(out).problems] == ["missing"] * 6

    whole.replace(broken)
    manifest = write_tree(town.plan(out))
    assert (len(manifest.files), manifest.left_out) == (18, {})
    assert verify_tree(out).problems == ()


def truncate(town) -> Path:
    path = town.root / "leftImg8bit/val/ulm/ulm_1_leftImg8bit.png"
    shutil.copy(path, path.with_suffix(".whole"))
    path.write_bytes(path.read_bytes()[:2000])
    return path


def test_links_lead_to_the_labels_also_after_both_trees_have_moved(town, tmp_path):
    out = tmp_path / "made/here/out"
    write_tree(town.plan(out))
    link = out / "fog/5/gtFine"
    assert os.readlink(link) == "../../../../../town/gtFine"
    (tmp_path / "elsewhere").mkdir()
    for name in ("town", "made"):
        (tmp_path / name).rename(tmp_path / "elsewhere" / name)
    moved = tmp_path / "elsewhere/made/here/out"
    label = "val/ulm/ulm_0_gtFine_labelIds.png"
    truth = (tmp_path / "elsewhere/town/gtFine" / label).read_bytes()
    assert (moved / "fog/5/gtFine" / label).read_bytes() == truth
    assert verify_tree(moved).problems == ()


def test_a_source_that_is_no_png_becomes_one(town, tmp_path):
    source = town.images()[0]
    jpg = replace(source, id="images/a.b.jpg")
    manifest = write_tree(town.plan(tmp_path, images=(jpg,), corruptions=("fog",)))
    assert list(manifest.files) == ["fog/1/images/a.b.png", "fog/5/images/a.b.png"]
    wanted = corrupt(source.read(), "fog", 1, image_id="images/a.b.jpg")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "fog/1/images/a.b.png")), wanted)


def test_two_sources_that_would_become_one_file_are_refused(town, tmp_path):
    source = town.images()[0]
    twins = (replace(source, id="a.jpg"), replace(source, id="a.png"))
    with pytest.raises(TreeError, match=r"a\.jpg and a\.png would both become a\.png"):
        write_tree(town.plan(tmp_path, images=twins))


def test_labels_where_an_image_would_be_written_are_refused(town, tmp_path):
    source = town.images()[0]
    label = next(iter(source.companions.values()))
    jpeg = replace(source, id="d/a.jpg", companions={"d/a.png": label})
    with pytest.raises(
        TreeError, match=r"d/a\.jpg would become d/a\.png, which belongs to the labels"
    ):
        write_tree(town.plan(tmp_path / "out", images=(jpeg,)))


def test_two_processes_that_record_at_once_lose_nothing(town, tmp_path, monkeypatch):
    """The second process waits for the first, and so finds its files."""
    out, writing = tmp_path / "out", threading.Event()
    fog, jpeg = (load_protocol().conditions([name], [1]) for name in ("fog", "jpeg_compression"))

    def slow(*arguments):
        writing.set()
        time.sleep(0.5)
        return write_manifest(*arguments)

    monkeypatch.setattr(merging, "write_manifest", slow)
    first = threading.Thread(target=lambda: write_tree(town.plan(out, conditions=fog)))
    first.start()
    writing.wait(60)
    write_tree(town.plan(out, conditions=jpeg))
    first.join()
    assert verify_tree(out).problems == ()
    assert {name.split("/")[0] for name in read_manifest(out).files} == {"fog", "jpeg_compression"}


def test_a_sweep_that_was_not_possible_leaves_the_process_present(tmp_path):
    with registered(tmp_path) as sweep:
        other = os.open(tmp_path, os.O_RDONLY)
        fcntl.flock(other, fcntl.LOCK_SH)
        sweep()
        with pytest.raises(BlockingIOError):  # the shared lock is still held
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)


def test_files_of_a_source_drawn_in_the_tree_are_recorded(town, tmp_path):
    town.root.rename(tmp_path / "clean")
    town = replace(town, root=tmp_path / "clean")
    own = tuple(s.id for s in town.images())
    plan = town.plan(tmp_path, clean_files=tuple(f"clean/{name}" for name in own))
    manifest = write_tree(plan)
    assert set(manifest.files) >= {f"clean/{name}" for name in own}
    assert os.readlink(tmp_path / "fog/5/gtFine") == "../../clean/gtFine"
    foreign = {p.path for p in verify_tree(tmp_path).problems}
    assert foreign == {f"clean/{label}" for name in town.names for label in town.labels(name)}


def test_a_full_disk_is_one_line_and_keeps_what_is_finished(town, tmp_path, monkeypatch):
    written = []

    def full(path, data):
        if len(written) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    monkeypatch.setattr(image_job, "write_bytes", full)
    with pytest.raises(FileError, match="cannot be written: No space left on device"):
        write_tree(town.plan(tmp_path / "out"), keep_going=True)
    assert all(path.exists() for path in written)
    assert not (tmp_path / "out/manifest.json").exists()


def test_a_worker_that_dies_is_one_line(town, tmp_path):
    sources = tuple(replace(s, read=partial(os._exit, 9)) for s in town.images())
    with pytest.raises(TreeError, match=r"a worker process died.*fewer workers"):
        write_tree(town.plan(tmp_path / "out", images=sources), workers=2)
