"""The whole report of a full study: 81 conditions, 500 images, 19 classes; time and peak memory.

    python benchmarks/report.py benchmarks/results/report.json [models]

Runs are written by the store, with random matrices; the report is made as `robustseg report` does,
in a process of its own. How long the machine takes for a plain copy stands beside it: it tells how
busy it is.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from synthetic_runs import open_run, row

from robustbench_seg.datasets import class_names
from robustbench_seg.records.cards.protocol import CLEAN, load_protocol
from robustbench_seg.store import Timing

IMAGES, BLOCK = 500, 4
CLASSES = class_names("cityscapes")


def write_run(root: Path, name: str, seed: int) -> None:
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
                rows.append(row(image, condition, matrix))
                times.append(Timing(image, condition, 0.1, 0.1))
        folder.add(start // BLOCK, rows, times)


def main() -> None:
    models = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    copied = np.zeros(2**27, np.uint8)
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        runs, out = Path(folder) / "runs", Path(folder) / "report"
        for number in range(models):
            write_run(runs, f"model-{number}", number)
        for _ in range(3):
            started = time.perf_counter()
            command = ["report", str(runs), "--out", str(out)]
            subprocess.run(
                [sys.executable, "-m", "robustbench_seg", *command],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            seconds.append(time.perf_counter() - started)
        started = time.perf_counter()
        copied.copy()
        copy = time.perf_counter() - started
        size = (out / "index.html").stat().st_size
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    result = {
        "study": f"{models} measured models and 13 published, 81 conditions, {IMAGES} images",
        "seconds": round(statistics.median(seconds), 1),
        "rounds": [round(value, 1) for value in seconds],
        # In kilobytes, on macOS in bytes.
        "peak_mb": round(peak / (1e6 if sys.platform == "darwin" else 1e3)),
        "index_mb": round(size / 1e6, 2),
        "copy_of_128_mb_ms": round(1000 * copy, 1),
    }
    print(json.dumps(result, indent=2))
    Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
