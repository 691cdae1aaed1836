"""Processes that are killed, interrupted, or meet on one folder: nothing lost, nothing twice."""

import random
import signal
import subprocess
import sys
import time

import pytest

from robustbench_seg.results import read_results
from tests.evaluation.command import (
    CONDITIONS,
    FULL,
    IMAGES,
    arguments,
    lay_out,
    rows,
    start,
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
    """Until the run has begun and as many parts are there."""
    while len(list(out.glob("*/parts/[!.]*"))) < parts or not list(out.glob("*/run.json")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@pytest.mark.parametrize("trials", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_random_moments(place, whole, trials):
    out, moments = place / f"killed-{trials}", random.Random(trials)
    for _ in range(trials):
        process = start(place, out.name)
        wait_for_work(process, out)
        time.sleep(moments.uniform(0, 0.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
        kept = len(read_results(out)) if list(out.glob("*/parts/*")) else 0
    assert kept < IMAGES * CONDITIONS, "it was never killed at work"
    process = start(place, out.name)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    assert rows(out) == rows(whole)
    assert tables(out) == tables(whole)


def test_interrupted_from_the_keyboard(place, whole):
    out = place / "interrupted"
    process = start(place, out.name)
    wait_for_work(process, out, parts=1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 130
    assert told.splitlines()[-1] == "robustseg: interrupted; what is finished is kept"
    kept = rows(out)
    assert 0 < len(kept) < IMAGES * CONDITIONS
    assert kept.items() <= rows(whole).items()


def test_two_runs_on_one_folder(place, whole):
    both = [start(place, "both") for _ in range(2)]
    for process in both:
        _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told
    assert rows(place / "both") == rows(whole)
    assert tables(place / "both") == tables(whole)


def test_processes_of_torchrun_share_the_images_and_end_together(tmp_path):
    lay_out(tmp_path)
    code = "from robustbench_seg.cli.main import main; main()"
    (tmp_path / "robustseg.py").write_text(code)
    run = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "robustseg.py"]

    def together(out):
        words = [sys.executable, "-m", *run, *arguments(out, "--threads", "1")]
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120)

    done = together("both")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("retention = mean / clean") == 1
    assert start(tmp_path, "one", "--threads", "1").wait(timeout=120) == 0
    assert rows(tmp_path / "both") == rows(tmp_path / "one")

    # Of the second block of four images, and so of the second process, which ends before the first.
    image = tmp_path / "images/5.png"
    image.write_bytes(image.read_bytes()[:50])
    done = together("broken")
    assert done.returncode == 1
    assert done.stderr.count("robustseg: left out: images/5.png") == 1
    found = rows(tmp_path / "broken")
    assert len(found) == IMAGES * CONDITIONS
    assert {name for (name, *_), row in found.items() if isinstance(row, str)} == {"images/5.png"}


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
    assert "File too large; what is finished is kept: mend this and start again" in last
    kept = rows(out)
    assert 0 < len(kept) < IMAGES * CONDITIONS
    assert start(place, out.name).wait(timeout=120) == 0
    assert kept.items() <= rows(out).items()
    assert rows(out) == rows(whole)
