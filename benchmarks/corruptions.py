"""The speed of corruptions, compared with the maintained fork of imagecorruptions.

    python benchmarks/corruptions.py benchmarks/results/corruptions.json

One thread, one photograph of 2048 x 1024 (skimage.data.astronaut, mirrored to fill it). For every
corruption and severity the fork, the fast stream and the reference stream take turns, so that all
see the same machine. Milliseconds are medians of the rounds; ratios are medians of the rounds'
ratios. Compilation, Numba's and the tables', is over before: a first call is measured by itself,
in a new process with an empty cache. So is the first start of `evaluate` and of
`generate-cityscapes-c`, where several processes compile.

Memory is the rise of the resident set during one call, in images of 6.3 MB, the returned image
included: the kernel's own high-water mark (Linux), reset before the call. It is read in a process
of its own, in which malloc gives every freed array back (MALLOC_MMAP_THRESHOLD_=65536); times are
taken with malloc's defaults.
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
from typing import Any

import cv2
import imagecorruptions
import numpy as np
from skimage import data

from robustbench_seg.corruption import corrupt
from robustbench_seg.records.cards.protocol import load_protocol

ROUNDS = 5
WHO = ("fork", "fast", "reference")
FIRST_CALLS = """
import json, time, numpy as np
from robustbench_seg.corruption import corrupt
from robustbench_seg.records.cards.protocol import load_protocol
image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
wall, cpu = time.perf_counter(), time.process_time()
for name in load_protocol().names:
    for severity in (1, 5):
        corrupt(image, name, severity)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
print(json.dumps({"wall_s": round(wall, 1), "cpu_s": round(cpu, 1)}))
"""
FIRST_START = """
import json, time
from robustbench_seg.corruption import probe
from robustbench_seg.machine.cores import core_count
from robustbench_seg.records.cards.protocol import load_protocol
protocol = load_protocol()
wall = time.perf_counter()
probe(protocol.conditions(), protocol, "fast", 0)
print(json.dumps({"cores": core_count(), "wall_s": round(time.perf_counter() - wall, 1)}))
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


def memory() -> dict[str, dict[str, float]]:
    """Most images of extra memory of a call, by corruption and by who makes it."""
    cv2.setNumThreads(1)
    image = photograph()
    result = {}
    for corruption in load_protocol().names:
        most = dict.fromkeys(WHO, 0.0)
        for severity in range(1, 6):
            for who, call in calls(image, corruption, severity).items():
                call()
                most[who] = max(most[who], round(extra_memory(call) / image.nbytes, 1))
        result[corruption] = most
    return result


def in_new_process(arguments: list[str], **environment: str) -> Any:
    """What a Python of its own prints, read as JSON."""
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def calls(image: np.ndarray, corruption: str, severity: int) -> dict[str, Callable[[], object]]:
    return {
        "fork": lambda: imagecorruptions.corrupt(image, severity, corruption),
        "fast": lambda: corrupt(image, corruption, severity),
        "reference": lambda: corrupt(image, corruption, severity, stream="reference"),
    }


def measure(image: np.ndarray, corruption: str, severity: int) -> dict[str, float]:
    turns = calls(image, corruption, severity)
    for call in turns.values():
        call()
    rounds = [{who: milliseconds(call) for who, call in turns.items()} for _ in range(ROUNDS)]
    return {
        **{f"{who}_ms": statistics.median(r[who] for r in rounds) for who in WHO},
        "fork_over_fast": statistics.median(r["fork"] / r["fast"] for r in rounds),
        "fork_over_reference": statistics.median(r["fork"] / r["reference"] for r in rounds),
    }


def summary(rows: list[dict[str, float]]) -> dict[str, float]:
    total = {who: sum(row[f"{who}_ms"] for row in rows) for who in WHO}
    return {
        **{f"{who}_ms": round(ms, 1) for who, ms in total.items()},
        "fork_over_fast": round(total["fork"] / total["fast"], 2),
        "fork_over_reference": round(total["fork"] / total["reference"], 2),
        "least_fork_over_fast": round(min(row["fork_over_fast"] for row in rows), 2),
    }


def main() -> None:
    if sys.platform != "linux":
        sys.exit(
            "benchmarks/corruptions.py reads the memory of processes from /proc: run it on Linux"
        )
    cv2.setNumThreads(1)
    image = photograph()
    rows: dict[str, list[dict[str, float]]] = {}
    for corruption in load_protocol().names:
        rows[corruption] = [measure(image, corruption, severity) for severity in range(1, 6)]
        print(corruption, summary(rows[corruption]), flush=True)
    with tempfile.TemporaryDirectory() as cache:
        first = in_new_process(["-c", FIRST_CALLS], NUMBA_CACHE_DIR=cache)
    with tempfile.TemporaryDirectory() as cache:
        start = in_new_process(["-c", FIRST_START], NUMBA_CACHE_DIR=cache)
    result = {
        "unit": "ms a call, one thread, 2048x1024, medians; memory in images of 6.3 MB",
        "rounds": ROUNDS,
        "first_calls": first,
        "first_start": start,
        "sum_of_80": summary([row for of_one in rows.values() for row in of_one]),
        "sum_of_5": {corruption: summary(of_one) for corruption, of_one in rows.items()},
        "memory": in_new_process([__file__, "--memory"], MALLOC_MMAP_THRESHOLD_="65536"),
        "severities": {
            corruption: [{key: round(value, 2) for key, value in row.items()} for row in of_one]
            for corruption, of_one in rows.items()
        },
    }
    print(
        json.dumps(
            {key: result[key] for key in ("first_calls", "first_start", "sum_of_80", "memory")}
        )
    )
    Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["--memory"]:
        print(json.dumps(memory()))
    else:
        main()
