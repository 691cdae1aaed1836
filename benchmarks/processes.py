"""One process with two threads against two processes with one thread each, on a CPU.

    python benchmarks/processes.py benchmarks/results/processes.json

Whole evaluations of SegFormer-B0 on images of minicity, clean and under corruptions at severities 2
and 4, at three sizes. Only the confusion matrix is counted. The start of the two processes is
included. A process takes whole blocks of four images, so both get the same number of images. Both
sides take turns; the first turn is not counted.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning

keep_freed_memory()
limit_spinning()

from robustbench_seg.datasets.minicity import Minicity  # noqa: E402
from robustbench_seg.evaluation import evaluate  # noqa: E402
from robustbench_seg.segmenter import load_segmenter  # noqa: E402

CORES, ROUNDS = 2, 2
OF_EACH_CATEGORY = ("motion_blur", "gaussian_noise", "jpeg_compression", "fog")
CASES: dict[tuple[int, int], tuple[int, tuple[str, ...]]] = {
    (192, 384): (64, OF_EACH_CATEGORY),
    (512, 1024): (16, OF_EACH_CATEGORY),
    (1024, 2048): (8, ("contrast",)),
}
"""Maps a size to the number of images and the corruptions."""


def seconds(size: tuple[int, int], processes: int) -> float:
    images, corruptions = CASES[size]
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        evaluate(
            model=load_segmenter("segformer-b0-minicity"),
            dataset=Minicity("val", size, count=images),
            corruptions=corruptions,
            severities=[2, 4],
            measures="confusion",
            processes=processes,
            threads=CORES // processes,
            out=folder,
        )
        return time.perf_counter() - start


def main() -> None:
    result: dict[str, object] = {
        "unit": f"images/s of whole evaluations, medians of {ROUNDS} pairs in turn; float32, CPU",
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 1),
    }
    for size, (images, corruptions) in CASES.items():
        count = images * (1 + 2 * len(corruptions))
        pairs = [(seconds(size, 1), seconds(size, CORES)) for _ in range(ROUNDS + 1)][1:]
        ratios = sorted(one / several for one, several in pairs)
        result["{}x{}".format(*size)] = {
            "images": count,
            "one_process": round(statistics.median(count / one for one, _ in pairs), 2),
            "two_processes": round(statistics.median(count / two for _, two in pairs), 2),
            "times_as_fast": round(statistics.median(ratios), 2),
            "lowest_and_highest": [round(ratios[0], 2), round(ratios[-1], 2)],
        }
        Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
