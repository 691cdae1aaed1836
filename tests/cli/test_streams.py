"""Standard output and error that are closed, full or cut; signals."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

COMMAND = f"{sys.executable} -m robustbench_seg"


def shell(line):
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=120)


def test_a_reader_that_leaves_ends_the_command_without_a_word():
    done = shell(f"({COMMAND} models; echo $? >&2) | head -1")
    assert len(done.stdout.splitlines()) == 1
    code = done.stderr.strip()
    assert code in ("0", "141")  # 0 if all output fits into the pipe before the reader exits
    done = shell(f"({COMMAND} models; echo $? >&2) | exec 0<&-")
    assert done.stderr.strip() in ("0", "141")


def test_nobody_reads():
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, "-m", "robustbench_seg", "models"]
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_output_is_one_line():
    done = shell(f"{COMMAND} models > /dev/full")
    assert done.returncode == 2
    assert done.stderr == (
        "robustseg: standard output cannot be written: No space left on device; finished work is "
        "kept: fix this and run again\n"
    )


CLOSED = [
    pytest.param(each, marks=pytest.mark.slow) for each in (">&- 2>&-", "<&-", "<&- >&- 2>&-")
]


@pytest.mark.parametrize("closed", [">&-", "2>&-", *CLOSED])
def test_closed_streams_are_nothing(closed, tmp_path):
    photo = tmp_path / "photo.png"
    Image.fromarray(np.full((40, 48, 3), 90, np.uint8)).save(photo)
    words = f"corruptions --preview {photo} --out {tmp_path}/sheet.png"
    done = shell(f"{COMMAND} {words} {closed}")
    assert done.returncode == 0
    assert "Error" not in done.stdout + done.stderr
    assert (tmp_path / "sheet.png").stat().st_size > 0


@pytest.mark.slow
def test_torch_and_matplotlib_need_no_streams(tmp_path):
    words = f"cost --model segformer-b0-minicity --out {tmp_path}"
    done = shell(f"{COMMAND} {words} <&- >&- 2>&-")
    assert done.returncode == 0
    assert {path.name for path in tmp_path.iterdir()} >= {"cost.csv", "size.png", "size.svg"}


def test_messages_that_cannot_be_written_change_no_exit_code():
    for stream in ("2> /dev/full", "2>&-"):
        done = shell(f"{COMMAND} corruptions --protocol none {stream}")
        assert (done.returncode, done.stdout) == (2, "")


CALM = """
import os, signal, sys, time
from robustbench_seg.cli.command_group import CommandGroup
import click

@click.group(cls=CommandGroup)
def group(): pass

@group.command()
def work():
    try:
        print("ready", flush=True)
        time.sleep(30)
    finally:
        print("tidied", flush=True)
        time.sleep(float(sys.argv[2]))

group(["work"])
"""


@pytest.mark.parametrize(
    ("number", "code", "line"),
    [
        (signal.SIGTERM, 143, "robustseg: terminated; finished work is kept\n"),
        (signal.SIGINT, 130, "robustseg: interrupted; finished work is kept\n"),
    ],
)
@pytest.mark.parametrize("second", [None, signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_tidies_up_and_the_second_ends_at_once(number, code, line, second):
    process = subprocess.Popen(
        [sys.executable, "-c", CALM, "work", "0" if second is None else "30"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.stdout.readline() == "tidied\n"
    if second is not None:
        process.send_signal(second)
    _, told = process.communicate(timeout=20)
    assert (process.returncode, told) == ((code, line) if second is None else (128 + second, ""))


def test_a_signal_that_is_ignored_stays_ignored():
    process = subprocess.Popen(
        [sys.executable, "-c", CALM.replace("time.sleep(30)", "time.sleep(1)"), "work", "0"],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0
