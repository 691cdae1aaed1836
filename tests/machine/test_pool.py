"""Pieces of work in several processes, one of which is killed."""

import subprocess
import sys

SCRIPT = """
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


def test_a_process_killed_while_it_asks_whether_to_stop_blocks_no_other(tmp_path):
    """It is the last process started; a shared lock would almost always be held at its death."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "a process died\n", "")


def test_a_process_that_is_terminated_as_its_work_ends_dies(tmp_path):
    """Otherwise it would wait for more work forever, and the pool for its end."""
    script = tmp_path / "script.py"
    script.write_text(LATE)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "a process died\n", "")
