"""The garbage collector rests while a process imports its libraries, and works afterwards."""

import subprocess
import sys

CODE = """
import gc, sys, weakref
from robustbench_seg.machine.start import prepared_process

with prepared_process():
    assert not gc.isenabled()
assert gc.isenabled()
assert "numba" in sys.modules
frozen = gc.get_freeze_count()
assert frozen > 10_000

class Ring:
    def __init__(self):
        self.me = self

with prepared_process():
    gone = weakref.ref(Ring())
assert gc.get_freeze_count() == frozen
gc.collect()
assert gone() is None
"""

FAILING = """
import gc
from robustbench_seg.machine.start import prepared_process
try:
    with prepared_process():
        raise ImportError
except ImportError:
    print(gc.isenabled())
"""


def _output(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_collector_pauses_for_the_first_imports_alone():
    assert _output(CODE) == ""


def test_the_collector_works_again_after_an_import_that_fails():
    assert _output(FAILING) == "True\n"
