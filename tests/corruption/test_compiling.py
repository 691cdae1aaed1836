"""A first run announces that it compiles the corruptions, and shares the work with processes."""

import os
import subprocess
import sys

import pytest

from robustbench_seg.corruption.compiling import NOTICE
from robustbench_seg.corruption.probes import _COMPILED_TOGETHER

ANNOUNCED = """
import numpy as np
from robustbench_seg.corruption import corrupt
from robustbench_seg.corruption.compiling import announce_compiling
for _ in range(2):
    announce_compiling()
    corrupt(np.zeros((40, 40, 3), np.uint8), "contrast", 1)
    corrupt(np.zeros((40, 40, 3), np.uint8), "pixelate", 1, protocol="mpc-15")
"""

CALLS = """
import os, time
from pathlib import Path
import numpy as np
from robustbench_seg.corruption import corrupt

def corrupted(name):
    return int(corrupt(np.full((40, 40, 3), 7, np.uint8), name, 1).max())

def contrast():
    return corrupted("contrast")

def frost():
    return corrupted("frost")

def contrast_then_wait_for_frost():
    contrast()
    deadline = time.monotonic() + 60
    while not list(Path(os.environ["NUMBA_CACHE_DIR"]).rglob("*blend*.nbc")):
        assert time.monotonic() < deadline
        time.sleep(0.05)

def fail():
    contrast()
    raise ValueError

def only_in(process):
    assert os.getpid() == process
    return process

def sleep():
    time.sleep(1000)
"""

SHARED = """
import os, subprocess, sys
from functools import partial
import calls
from robustbench_seg.corruption import compiling, kernels

compiling.core_count = lambda: 2
started = []
class Recorded(subprocess.Popen):
    def __init__(self, command, *args, **options):
        if command[0] == sys.executable:  # Numba asks other programs about the machine
            started.append(command)
        super().__init__(command, *args, **options)
subprocess.Popen = Recorded

def shared(*wanted):
    try:
        return compiling.compiled_in_parallel(wanted)
    finally:
        try:
            os.waitpid(-1, os.WNOHANG)
            raise AssertionError("a process is left")
        except ChildProcessError:
            pass
"""


@pytest.fixture
def run(tmp_path):
    """The output of a script without `if __name__ == "__main__"`: stdout and stderr."""

    def run(code):
        script = tmp_path / "script.py"
        script.write_text(code)
        (tmp_path / "calls.py").write_text(CALLS)
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, str(script)], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    return run


def test_the_first_run_says_so_once(run, tmp_path):
    assert run(ANNOUNCED) == ("", f"{NOTICE}\n")
    assert list(tmp_path.rglob("*.nbc"))
    assert run(ANNOUNCED) == ("", "")


def test_another_process_compiles_the_next_call_unless_all_is_on_disk(run):
    code = """
print(shared(calls.contrast_then_wait_for_frost, calls.frost), len(started))
print(len(kernels.blend.stats.cache_hits), len(kernels.blend.stats.cache_misses))
"""
    results, loaded = run(SHARED + code)[0].splitlines()
    assert (results[-3:], loaded) == ("] 1", "1 0")
    assert run(SHARED + code) == (f"{results[:-1]}0\n1 0\n", "")


@pytest.mark.parametrize("interpreter", ["/absent/python", "false"])
def test_a_process_that_cannot_start_or_ends_early_is_no_error(run, interpreter):
    code = f"""
sys.executable = "{interpreter}"
print(len(shared(calls.contrast, calls.frost)), len(kernels.blend.stats.cache_misses))
"""
    assert run(SHARED + code) == ("2 1\n", "")


def test_a_call_that_fails_elsewhere_is_made_here(run):
    code = """
print(shared(calls.contrast_then_wait_for_frost, calls.frost, partial(calls.only_in, os.getpid())))
print(os.getpid())
"""
    results, process = run(SHARED + code)[0].splitlines()
    assert results.endswith(f", {process}]")


def test_after_an_error_no_process_is_left(run):
    code = """
try:
    shared(calls.fail, calls.sleep)
except ValueError:
    print(len(started))
"""
    assert run(SHARED + code) == ("1\n", "")


def test_no_process_starts_where_loops_cannot_be_kept(run):
    uncached = """
import numba
made = numba.njit
numba.njit = lambda cache=False, **options: made(**options)
"""
    code = "print(len(shared(calls.contrast, calls.frost)), len(started))"
    assert run(uncached + SHARED + code) == ("2 0\n", "")


SIGNATURES = """
import sys
from numba.core import event
from robustbench_seg.corruption import probes
from robustbench_seg.records.cards.protocol import list_protocols, load_protocol

class Compiled(event.Listener):
    def on_start(self, event):
        loop = event.data["dispatcher"].py_func
        if loop.__module__.startswith("robustbench_seg."):  # Numba's own are not on disk
            print(f"{loop.__module__}.{loop.__qualname__}: {event.data['args']}")

    def on_end(self, event):
        pass

event.register("numba:compile", Compiled())
for name in list_protocols():
    protocol = load_protocol(name)
    of_group = [c for c in protocol.conditions() if probes._group(c.name) == int(sys.argv[1])]
    images = [c for c in of_group if not protocol.is_attack(c)]
    probes._digests(images, protocol, sys.argv[2], 0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("stream", ["fast", "reference"])
def test_corruptions_that_are_compiled_at_once_share_no_loop_for_different_types(stream, tmp_path):
    """Two processes that compile a loop for different types may store each other's code."""
    compiled = dict[str, set[frozenset[str]]]()
    for group in range(len(_COMPILED_TOGETHER) + 1):
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / str(group))}
        command = [sys.executable, "-c", SIGNATURES, str(group), stream]
        lines = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        types = dict[str, set[str]]()
        for line in lines:
            loop, _, of_loop = line.partition(": ")
            types.setdefault(loop, set()).add(of_loop)
        for loop, found in types.items():
            compiled.setdefault(loop, set()).add(frozenset(found))
    assert any("gaussian" in loop for loop in compiled)
    assert {loop: found for loop, found in compiled.items() if len(found) > 1} == {}
