"""The time to corrupt one large image with several threads, compared with one.

    python benchmarks/corrupt_threads.py benchmarks/results/corrupt_threads.json [THREADS ...]

One photograph of 2048 x 1024, the fast stream. One thread and each of THREADS (by default as many
as the machine has cores) take turns, so that all see the same machine. Milliseconds are medians of
the rounds, ratios are medians of the rounds' ratios, and each result is compared with that of one
thread. OpenCV has as many threads as the call.
"""

import json
import os
import statistics
import sys
from pathlib import Path

import cv2
import numpy as np

from corruptions import milliseconds, photograph
from robustbench_seg.corruption import corrupt
from robustbench_seg.records.cards.protocol import load_protocol

ROUNDS = 5


def measure(image: np.ndarray, corruption: str, severity: int, counts: list[int]) -> dict:
    """Milliseconds with each number of threads, and how often one thread takes them."""

    def call(threads: int) -> np.ndarray:
        cv2.setNumThreads(threads)
        return corrupt(image, corruption, severity, threads=threads)

    expected = call(1)
    assert all(np.array_equal(call(threads), expected) for threads in counts)
    rounds = [{n: milliseconds(lambda n=n: call(n)) for n in (1, *counts)} for _ in range(ROUNDS)]
    row = {f"{n}_ms": statistics.median(r[n] for r in rounds) for n in (1, *counts)}
    return row | {f"1_over_{n}": statistics.median(r[1] / r[n] for r in rounds) for n in counts}


def summary(rows: list[dict], counts: list[int]) -> dict[str, float]:
    """The sum over severities, and the ratio of the sums."""
    total = {n: sum(row[f"{n}_ms"] for row in rows) for n in (1, *counts)}
    return {f"{n}_ms": round(ms, 1) for n, ms in total.items()} | {
        f"1_over_{n}": round(total[1] / total[n], 2) for n in counts
    }


def main() -> None:
    counts = [int(word) for word in sys.argv[2:]] or [os.cpu_count() or 1]
    image = photograph()
    names = load_protocol().names
    rows = {name: [measure(image, name, level, counts) for level in range(1, 6)] for name in names}
    result = {
        "unit": "ms a call, 2048x1024, fast stream, medians",
        "cores": os.cpu_count(),
        "rounds": ROUNDS,
        "sum_of_80": summary([row for of_one in rows.values() for row in of_one], counts),
        "sum_of_5": {name: summary(of_one, counts) for name, of_one in rows.items()},
    }
    print(json.dumps(result, indent=2))
    Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
