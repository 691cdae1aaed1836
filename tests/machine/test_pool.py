"""Pieces of work in several processes, one of which is killed."""

import subprocess
import sys

import pytest

KILLED = """
import multiprocessing, os, signal, threading, time
from concurrent.futures import ProcessPoolExecutor
from robustbench_seg.errors import ResultsError
from robustbench_seg.machine.pool import run_in_processes

def work(index, stopped):
    if multiprocessing.current_process().name.endswith("-2"):  # the one started last
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGKILL)).start()
    while not stopped():
        pass

if __name__ == "__main__":
    spawn = ProcessPoolExecutor._spawn_process
    # Slowly, so that the thread of the pool goes on before the last process is there.
    ProcessPoolExecutor._spawn_process = lambda pool: time.sleep(0.5) or spawn(pool)
    try:
        run_in_processes(work, 2, 2, print, died=ResultsError("a process died"))
    except ResultsError as error:
        print(error)
"""


LATE = """
import os, signal
from robustbench_seg.errors import ResultsError
from robustbench_seg.machine import pool

def work(index, stopped):
    if index == 0:
        change = signal.signal
        def terminated(number, handler):
            os.kill(os.getpid(), signal.SIGTERM)
            return change(number, handler)
        signal.signal = terminated

if __name__ == "__main__":
    try:
        pool.run_in_processes(work, 2, 2, lambda _: None, died=ResultsError("a process died"))
    except ResultsError as error:
        print(error)
"""


@pytest.mark.parametrize("text", [KILLED, LATE])
def test_after_the_death_of_a_process_the_pool_ends(tmp_path, text):
    """KILLED: the last process started, while it asks whether to stop; a shared lock would almost
    always be held at its death. LATE: by SIGTERM as its work ends; it must not wait for more.
    """
    script = tmp_path / "script.py"
    script.write_text(text)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "a process died\n", "")
