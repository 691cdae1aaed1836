"""OpenMP's waiting policy: images/s on an idle and on a busy machine.

    python benchmarks/waiting.py benchmarks/results/waiting.json

How often a waiting thread spins before it sleeps: the library's default, our setting, and never.
They take turns, so that all see the same machine; each turn is a process of its own, because
the setting is read when torch loads.
"Busy" means as many other processes as there are cores, each in an endless loop.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from robustbench_seg.machine import threads

SECONDS, ROUNDS = 8, 3
SPINS: dict[str, str | None] = {"default": None, "ours": str(threads.SPINS), "never": "0"}

MEASURE = f"""
import time, numpy as np
from robustbench_seg.machine.allocator import keep_freed_memory
keep_freed_memory()
from robustbench_seg.segmenter import load_segmenter
segment = load_segmenter("deeplabv3plus-mobilenetv2-minicity")
image = np.random.default_rng(0).integers(0, 256, (192, 384, 3), np.uint8)
segment(image)
count, start = 0, time.perf_counter()
while time.perf_counter() - start < {SECONDS}:
    segment(image)
    count += 1
print(count / (time.perf_counter() - start))
"""


def images_per_second(spins: str | None) -> float:
    environment = dict(os.environ) | ({"GOMP_SPINCOUNT": spins} if spins else {})
    command = [sys.executable, "-c", MEASURE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def compare(busy: bool) -> dict[str, float]:
    cores = os.cpu_count() or 1
    loop = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(loop) for _ in range(cores if busy else 0)]
    try:
        rounds = [{name: images_per_second(n) for name, n in SPINS.items()} for _ in range(ROUNDS)]
    finally:
        for process in others:
            process.kill()
    medians = {name: statistics.median(r[name] for r in rounds) for name in SPINS}
    ratio = statistics.median(r["ours"] / r["default"] for r in rounds)
    return {**medians, "ours_over_default": ratio}


def main() -> None:
    result = {
        "unit": "images/s, DeepLabV3+ MobileNetV2, 192x384, float32, medians",
        "cores": os.cpu_count(),
        "rounds": ROUNDS,
        "alone": compare(busy=False),
        "busy": compare(busy=True),
    }
    text = json.dumps(result, indent=2)
    print(text)
    Path(sys.argv[1]).write_text(text + "\n")


if __name__ == "__main__":
    main()
