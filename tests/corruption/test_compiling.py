"""A first run announces that it compiles the corruptions; a second one prints nothing."""

import os
import subprocess
import sys

from robustbench_seg.corruption.compiling import NOTICE

CODE = """
import numpy as np
from robustbench_seg.corruption import corrupt
from robustbench_seg.corruption.compiling import announce_compiling
for _ in range(2):
    announce_compiling()
    corrupt(np.zeros((40, 40, 3), np.uint8), "contrast", 1)
    corrupt(np.zeros((40, 40, 3), np.uint8), "pixelate", 1, protocol="mpc-15")
"""


def test_the_first_run_says_so_once(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}

    def said():
        command = [sys.executable, "-c", CODE]
        result = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert (result.returncode, result.stdout) == (0, "")
        return result.stderr

    assert said() == f"{NOTICE}\n"
    assert list(tmp_path.rglob("*.nbc"))
    assert said() == ""
