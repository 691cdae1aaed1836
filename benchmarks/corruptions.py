"""How fast images are corrupted, beside the maintained fork of imagecorruptions.

    python benchmarks/corruptions.py benchmarks/results/corruptions.json

One thread, one photograph of 2048 x 1024 (skimage.data.astronaut, mirrored to fill it). For every
corruption and severity the fork, the fast stream and the reference stream take turns, so that all
see the same machine. Milliseconds are medians of the rounds; ratios are medians of the rounds'
ratios. Compilation, Numba's and the tables', is over before: a first call is measured by itself,
in a new process with an empty cache.

Memory is the rise of the resident set during one call, in images of 6.3 MB, the returned image
included: the kernel's own high-water mark (Linux), reset before the call.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import cv2
import imagecorruptions
import numpy as np
from skimage import data

from robustbench_seg.corruption import corrupt
from robustbench_seg.protocol import load_protocol

ROUNDS = 1
FIRST_CALLS = """
import time, numpy as np
from robustbench_seg.corruption import CORRUPTIONS, corrupt
image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
start = time.perf_counter()
for entry in CORRUPTIONS:
    corrupt(image, entry.name, 3)
print(time.perf_counter() - start)
"""


def photograph() -> np.ndarray:
    tile = data.astronaut()
    row = [tile, tile[:, ::-1], tile, tile[:, ::-1]]
    image = np.vstack([np.hstack(row), np.hstack([t[::-1] for t in row])])
    assert image.shape == (1024, 2048, 3)
    return image


def milliseconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def extra_memory(call: Callable[[], object]) -> int:
    """Bytes by which the resident set rises at most during a call."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    call()
    return _status("VmHWM") - before


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(key))


def first_calls() -> float:
    """Seconds of one call of every corruption where nothing has been compiled yet."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        command = [sys.executable, "-c", FIRST_CALLS]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def measure(image: np.ndarray, corruption: str, severity: int) -> dict[str, float]:
    calls = {
        "fork": lambda: imagecorruptions.corrupt(image, severity, corruption),
        "fast": lambda: corrupt(image, corruption, severity),
        "reference": lambda: corrupt(image, corruption, severity, stream="reference"),
    }
    for call in calls.values():
        call()
    rounds = [{who: milliseconds(call) for who, call in calls.items()} for _ in range(ROUNDS)]
    return {
        **{f"{who}_ms": statistics.median(r[who] for r in rounds) for who in calls},
        "fork_over_fast": statistics.median(r["fork"] / r["fast"] for r in rounds),
        "fork_over_reference": statistics.median(r["fork"] / r["reference"] for r in rounds),
        "fast_memory": extra_memory(calls["fast"]) / image.nbytes,
        "reference_memory": extra_memory(calls["reference"]) / image.nbytes,
        "fork_memory": extra_memory(calls["fork"]) / image.nbytes,
    }


def summary(rows: list[dict[str, float]]) -> dict[str, float]:
    total = {who: sum(row[f"{who}_ms"] for row in rows) for who in ("fork", "fast", "reference")}
    return {
        **{f"{who}_ms": round(ms, 1) for who, ms in total.items()},
        "fork_over_fast": round(total["fork"] / total["fast"], 2),
        "fork_over_reference": round(total["fork"] / total["reference"], 2),
        "least_fork_over_fast": round(min(row["fork_over_fast"] for row in rows), 2),
        "most_fast_memory": round(max(row["fast_memory"] for row in rows), 1),
        "most_reference_memory": round(max(row["reference_memory"] for row in rows), 1),
        "most_fork_memory": round(max(row["fork_memory"] for row in rows), 1),
    }


def main() -> None:
    cv2.setNumThreads(1)
    image = photograph()
    rows: dict[str, list[dict[str, float]]] = {}
    for corruption in load_protocol().names:
        rows[corruption] = [measure(image, corruption, severity) for severity in range(1, 6)]
        print(corruption, summary(rows[corruption]), flush=True)
    everything = [row for of_one in rows.values() for row in of_one]
    result = {
        "unit": "ms a call, one thread, 2048x1024, medians; memory in images of 6.3 MB",
        "rounds": ROUNDS,
        "first_call_of_all_s": round(first_calls(), 1),
        "sum_of_80": summary(everything),
        "sum_of_5": {corruption: summary(of_one) for corruption, of_one in rows.items()},
        "severities": {
            corruption: [{key: round(value, 2) for key, value in row.items()} for row in of_one]
            for corruption, of_one in rows.items()
        },
    }
    print(json.dumps({key: result[key] for key in ("first_call_of_all_s", "sum_of_80")}, indent=2))
    Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
