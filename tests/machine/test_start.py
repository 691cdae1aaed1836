import ctypes
import platform
import subprocess
import sys

import pytest

from robustbench_seg.machine import start

# Allocates and frees 64 MB twice; prints how many page faults the second time costs.
PROGRAM = """
import resource, sys
if sys.argv[1] == "kept":
    from robustbench_seg.machine.allocator import keep_freed_memory
    assert keep_freed_memory()
def touch():
    import ctypes
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    block = libc.malloc(64 << 20)
    ctypes.memset(block, 1, 64 << 20)
    libc.free(block)
touch()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
touch()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="tunes glibc's malloc only")
def test_freed_memory_does_not_fault_again():
    faults = {
        mode: int(subprocess.check_output([sys.executable, "-c", PROGRAM, mode]))
        for mode in ("kept", "given back")
    }
    # Kept memory costs almost no page faults, with small or huge pages.
    assert faults["kept"] < 5
    assert faults["given back"] > 5 * max(faults["kept"], 1)


def test_says_so_where_the_c_library_has_no_mallopt(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert start.keep_freed_memory() is False


# The garbage collector is off while a process imports its libraries, and on afterwards.
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

READING = """
import sys
from robustbench_seg.machine.start import prepared_process

with prepared_process(network=False):
    import pyarrow
print("numba" in sys.modules, pyarrow.default_memory_pool().backend_name)
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


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="tunes glibc's malloc only")
def test_a_reader_of_runs_keeps_memory_of_arrow_and_imports_no_numba():
    assert _output(READING) == "False system\n"
