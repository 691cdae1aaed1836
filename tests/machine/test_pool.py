"""Pieces of work in several processes, one of which is killed."""

import subprocess
import sys

SCRIPT = """
import os, signal, threading
from robustbench_seg.errors import ResultsError
from robustbench_seg.machine.pool import run_in_processes

def work(index, stopped):
    if index == 0:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGKILL)).start()
    while not stopped():
        pass

if __name__ == "__main__":
    try:
        run_in_processes(work, 2, 2, print, died=ResultsError("a process died"))
    except ResultsError as error:
        print(error)
"""


def test_a_process_killed_while_it_asks_whether_to_stop_blocks_no_other(tmp_path):
    """A shared lock is nearly always held here when the process is killed."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "a process died\n", "")
