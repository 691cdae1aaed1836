"""The whole report of a full study: 81 conditions, 500 images, 19 classes; time and peak memory.

    python benchmarks/report.py benchmarks/results/report.json [models]

Runs are written by the store, with random matrices. The report is made as `robustseg report` makes
it, in a process of its own: of runs with all measures and of runs without confidence, in turn. The
time of a plain copy shows how busy the machine is.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from synthetic_runs import open_run, row

from robustbench_seg.datasets import class_names
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.store import Timing

IMAGES, BLOCK = 500, 4
CLASSES = class_names("cityscapes")


def write_run(root: Path, name: str, seed: int, confidence: bool = True) -> None:
    rng, protocol = np.random.default_rng(seed), load_protocol()
    folder = open_run(root, name, IMAGES, CLASSES, seed + 1)
    classes = len(CLASSES)
    for start in range(0, IMAGES, BLOCK):
        rows, times = [], []
        for index in range(start, min(start + BLOCK, IMAGES)):
            image = f"leftImg8bit/val/town/town_{index:06d}_000019_leftImg8bit.png"
            for condition in (CLEAN, *protocol.conditions()):
                matrix = rng.integers(0, 200, (classes, classes))
                matrix[np.diag_indices(classes)] += 3000 - 500 * condition.severity
                whole = row(image, condition, matrix)
                values = {m: v for m, v in whole.values.items() if confidence or m != "confidence"}
                rows.append(replace(whole, values=values))
                times.append(Timing(image, condition, 0.1, 0.1))
        folder.add(start // BLOCK, rows, times)


def seconds_of_report(runs: Path, out: Path) -> float:
    """Make the report of runs in a process of its own; return the wall time in seconds."""
    command = [sys.executable, "-m", "robustbench_seg", "report", str(runs), "--out", str(out)]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    models = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    copied = np.zeros(2**27, np.uint8)
    seconds: dict[str, list[float]] = {"all measures": [], "without confidence": []}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for kind in seconds:
            for number in range(models):
                write_run(root / kind, f"model-{number}", number, kind == "all measures")
        for _ in range(3):
            for kind, rounds in seconds.items():
                rounds.append(seconds_of_report(root / kind, root / f"report {kind}"))
        started = time.perf_counter()
        copied.copy()
        copy = time.perf_counter() - started
        size = (root / "report all measures" / "index.html").stat().st_size
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    ratios = [one / other for one, other in zip(*seconds.values(), strict=True)]
    result = {
        "study": f"{models} measured models and 13 published, 81 conditions, {IMAGES} images",
        "cores": os.cpu_count(),
        "seconds": {kind: round(statistics.median(each), 1) for kind, each in seconds.items()},
        "rounds": {kind: [round(value, 1) for value in each] for kind, each in seconds.items()},
        "all measures / without confidence": round(statistics.median(ratios), 2),
        # In kilobytes, on macOS in bytes.
        "peak_mb": round(peak / (1e6 if sys.platform == "darwin" else 1e3)),
        "index_mb": round(size / 1e6, 2),
        "copy_of_128_mb_ms": round(1000 * copy, 1),
    }
    print(json.dumps(result, indent=2))
    Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
