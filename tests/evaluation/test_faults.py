"""Processes that are interrupted, or share a folder: they lose and repeat nothing."""

import signal
import subprocess
import sys
import time

import pytest

from robustbench_seg.machine.locks import registered
from tests.evaluation.command import (
    CONDITIONS,
    FULL,
    IMAGES,
    arguments,
    lay_out,
    rows,
    start,
    start_afresh,
    tables,
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    lay_out(folder)
    return folder


@pytest.fixture(scope="module")
def whole(place):
    """An unbroken run."""
    process = start(place, "whole")
    _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    assert len(rows(place / "whole")) == IMAGES * CONDITIONS
    return place / "whole"


def wait_for_work(process, out, parts=0):
    """Wait until the run has begun and has this number of parts."""
    while len(list(out.glob("*/parts/[!.]*"))) < parts or not list(out.glob("*/run.json")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_interrupted_or_terminated(place, whole, number, code, word):
    out = place / word
    process = start(place, out.name)
    wait_for_work(process, out, parts=1)
    process.send_signal(number)
    _, told = process.communicate(timeout=120)
    assert process.returncode == code
    assert told.splitlines()[-1] == f"robustseg: {word}; finished work is kept"
    assert list(out.rglob("*.partial*")) == []
    kept = rows(out)
    assert 0 < len(kept) < IMAGES * CONDITIONS
    assert kept.items() <= rows(whole).items()


def test_two_runs_on_one_folder(place, whole, blank_figures):
    both = [start(place, "both") for _ in range(2)]
    for process in both:
        _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told
    assert rows(place / "both") == rows(whole)
    assert tables(place / "both") == tables(whole)


@pytest.mark.parametrize("broken", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_processes_of_torchrun_share_the_images_and_end_together(tmp_path, broken):
    lay_out(tmp_path)
    if broken:
        # In the second block of four images, so the second process has it and ends before the
        # first.
        image = tmp_path / "images/5.png"
        image.write_bytes(image.read_bytes()[:50])
    code = "from robustbench_seg.cli.main import main; main()"
    (tmp_path / "robustseg.py").write_text(code)
    run = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "robustseg.py"]
    words = [sys.executable, "-m", *run, *arguments("both", "--threads", "1")]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == broken, done.stderr
    assert done.stderr.count("robustseg: left out: images/5.png") == broken
    assert done.stdout.count("retention = mean / clean") == (not broken)
    found = rows(tmp_path / "both")
    assert len(found) == IMAGES * CONDITIONS
    left_out = {name for (name, *_), row in found.items() if isinstance(row, str)}
    assert left_out == ({"images/5.png"} if broken else set())
    assert start(tmp_path, "one", "--threads", "1").wait(timeout=120) == broken
    assert found == rows(tmp_path / "one")


def test_a_full_disk_is_one_line_and_what_is_written_stays(place, whole):
    out = place / "full"
    process = start(place, out.name)
    wait_for_work(process, out, parts=1)
    (place / FULL).touch()
    _, told = process.communicate(timeout=120)
    (place / FULL).unlink()
    assert process.returncode == 2
    last = told.splitlines()[-1]
    assert "parquet cannot be written: " in last
    assert "File too large; finished work is kept: fix this and run again" in last
    kept = rows(out)
    assert 0 < len(kept) < IMAGES * CONDITIONS
    assert start(place, out.name).wait(timeout=120) == 0
    assert kept.items() <= rows(out).items()
    assert rows(out) == rows(whole)


def test_a_start_sweeps_what_killed_ones_have_left_but_nothing_of_a_live_one(place, whole):
    out = place / "swept"
    process = start(place, out.name)
    wait_for_work(process, out, parts=1)
    (run,) = out.iterdir()
    left = [run / f"parts/.x.0123456{i}.partial.parquet" for i in range(2)]
    left[0].touch()
    assert start(place, out.name).wait(timeout=120) == 0  # whether the other one still runs or not
    process.send_signal(signal.SIGKILL)
    process.wait()
    left[1].touch()
    assert start(place, out.name).wait(timeout=120) == 0
    assert list(out.rglob("*.partial*")) == []
    assert rows(out) == rows(whole)


def test_a_partial_file_of_a_process_at_work_stays(place, whole):
    out = place / "whole"
    (run,) = out.iterdir()
    partial = run / "parts/.x.01234567.partial.parquet"
    partial.touch()
    with registered(run):
        assert start(place, out.name).wait(timeout=120) == 0
        assert partial.exists()
    assert start(place, out.name).wait(timeout=120) == 0
    assert not partial.exists()


@pytest.mark.parametrize(
    "limit", [16, *(pytest.param(limit, marks=pytest.mark.slow) for limit in (32, 64))]
)
def test_few_descriptors_are_enough_or_one_line(place, whole, limit):
    out = place / f"descriptors-{limit}"
    process = start_afresh(place, out.name, descriptors=limit)
    _, told = process.communicate(timeout=120)
    assert "Traceback" not in told
    if limit == 64:
        assert process.returncode == 0, told
        assert rows(out) == rows(whole)
    else:
        assert process.returncode in (0, 2)


def test_a_dataset_that_disappears_stops_the_run_and_it_goes_on_once_it_is_back(tmp_path):
    lay_out(tmp_path, images=24)
    process = start(tmp_path, "lost")
    out = tmp_path / "lost"
    wait_for_work(process, out, parts=1)
    (tmp_path / "images").rename(tmp_path / "unmounted")
    _, told = process.communicate(timeout=120)
    assert process.returncode == 2, told
    last = told.splitlines()[-1]
    assert last.startswith("robustseg: 8 images in a row could not be read; the last: ")
    assert last.endswith("check the disk that holds the images and evaluate again")
    found = rows(out)
    left_out = [key for key, row in found.items() if isinstance(row, str)]
    assert 0 < len(left_out) <= 8 * CONDITIONS
    assert len(found) < 24 * CONDITIONS
    (tmp_path / "unmounted").rename(tmp_path / "images")
    for name in ("lost", "whole"):
        assert start(tmp_path, name).wait(timeout=120) == 0
    assert len(rows(out)) == 24 * CONDITIONS
    assert rows(out) == rows(tmp_path / "whole")
