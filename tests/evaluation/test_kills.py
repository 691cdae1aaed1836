"""SIGKILL at random moments, then an undisturbed start: the same bits as without kills."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from robustbench_seg.cli.main import main
from robustbench_seg.store import read_results
from tests.evaluation.command import (
    CALLED,
    CONDITIONS,
    IMAGES,
    lay_out,
    rows,
    start,
    tables,
)

GENERATE = [
    *("generate-cityscapes-c", "--dataset", "rooms.toml", "--workers", "2"),
    *("--corruption", "fog", "--corruption", "gaussian_noise", "--severity", "1"),
    *("--severity", "4"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    lay_out(folder)
    return folder


def generate(folder, out):
    """Start it, as the head of a group of processes."""
    words = [sys.executable, "-m", "robustbench_seg", *GENERATE, "--out", out]
    return subprocess.Popen(
        words,
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def generate_here(folder, out, monkeypatch):
    """Do the same in this process, without workers."""
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(main, [*GENERATE, "--workers", "1", "--out", out])
    assert done.exit_code == 0, done.output


def wait_for(process, present, *, limit=120.0):
    """Wait until `present()`, or until the process has ended."""
    end = time.monotonic() + limit
    while not present() and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.01)


def finish(process):
    _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told


def contents(tree: Path) -> dict[str, bytes | str]:
    return {
        path.relative_to(tree).as_posix(): os.readlink(path)
        if path.is_symlink()
        else path.read_bytes()
        for path in tree.rglob("*")
        if path.is_symlink() or path.is_file()
    }


TRIALS = [1, pytest.param(20, marks=pytest.mark.slow)]


@pytest.mark.parametrize("trials", TRIALS)
def test_an_evaluation_that_is_killed(place, trials, blank_figures):
    """A process that ends before it is killed is not counted: the next one starts again."""
    moments, whole = random.Random(trials), place / f"whole-{trials}"
    finish(start(place, whole.name))
    assert len(rows(whole)) == IMAGES * CONDITIONS
    kills, outs = 0, [place / f"killed-{trials}-0"]
    for _ in range(5 * trials):
        if kills == trials:
            break
        (place / CALLED).unlink(missing_ok=True)
        process = start(place, outs[-1].name)
        wait_for(process, (place / CALLED).exists)
        time.sleep(moments.uniform(0, 1.5))
        process.send_signal(signal.SIGKILL)
        killed = process.wait() == -signal.SIGKILL
        kills += killed
        if list(outs[-1].glob("*/parts/*")):
            read_results(outs[-1])  # the parts on disk are readable at any moment
        if not killed:
            outs.append(place / f"killed-{trials}-{len(outs)}")
    assert kills == trials
    finish(start(place, outs[-1].name))
    for out in outs:
        assert rows(out) == rows(whole)
        assert list(out.rglob("*.partial*")) == []
    assert tables(outs[-1]) == tables(whole)


@pytest.mark.parametrize("trials", TRIALS)
def test_a_tree_whose_making_is_killed(place, trials, monkeypatch):
    moments, whole = random.Random(trials), place / f"whole-tree-{trials}"
    generate_here(place, whole.name, monkeypatch)
    kills, outs = 0, [place / f"killed-tree-{trials}-0"]
    for _ in range(5 * trials):
        if kills == trials:
            break
        out = outs[-1]
        process = generate(place, out.name)
        before = len(list(out.rglob("*.png")))
        wait_for(process, lambda out=out, before=before: len(list(out.rglob("*.png"))) > before)
        time.sleep(moments.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)  # its workers then end by themselves
        killed = process.wait() == -signal.SIGKILL
        kills += killed
        if not killed:
            outs.append(place / f"killed-tree-{trials}-{len(outs)}")
    assert kills == trials
    generate_here(place, outs[-1].name, monkeypatch)
    for out in outs:
        assert contents(out) == contents(whole)


@pytest.mark.slow
@pytest.mark.parametrize("to_all", [False, True])
def test_a_scheduler_ends_the_making_of_a_tree(place, to_all):
    out = place / f"terminated-{to_all}"
    process = generate(place, out.name)
    wait_for(process, lambda: list(out.rglob("*.png")))
    if to_all:
        os.killpg(process.pid, signal.SIGTERM)
    else:
        process.terminate()
    _, told = process.communicate(timeout=120)
    if process.returncode == 0:
        pytest.skip("it was already finished")
    assert process.returncode == 143, told
    assert told.splitlines()[-1] == "robustseg: terminated; finished work is kept"
    assert "Traceback" not in told
    assert list(out.rglob("*.partial*")) == []
    finish(generate(place, out.name))


@pytest.mark.parametrize("limit", [pytest.param(16, marks=pytest.mark.slow), 64])
def test_few_descriptors_are_enough_or_one_line(place, limit):
    words = [sys.executable, "-m", "robustbench_seg", *GENERATE, "--out", f"descriptors-{limit}"]
    line = f'ulimit -n {limit}; exec "$@"'
    done = subprocess.run(
        ["bash", "-c", line, "-", *words], cwd=place, capture_output=True, text=True, timeout=120
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 if limit == 64 else done.returncode in (0, 2)
