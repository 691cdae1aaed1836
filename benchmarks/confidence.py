"""The cost of confidence: labels alone and labels with confidence, in turn on the same image.

    python benchmarks/confidence.py benchmarks/results/confidence.json [pairs] [height width]

SegFormer-B0 of 19 classes with random weights, windows of 1024 every 768 pixels, on a scene of
minicity, enlarged. The settings are those of `robustseg evaluate`. Shares are medians over the
pairs: of a segmenter's call; and of counting, which runs beside the next image.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning

THREADS = 2


def seconds(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    height, width = (int(sys.argv[3]), int(sys.argv[4])) if len(sys.argv) > 4 else (1024, 2048)
    keep_freed_memory()
    limit_spinning()
    import cv2
    import torch

    from robustbench_seg.datasets import open_dataset
    from robustbench_seg.measures import CONFIDENCE, CONFUSION, Prediction
    from robustbench_seg.segmenter import load_segmenter
    from robustbench_seg.segmenter.labelling.confidence import label_with_confidence
    from robustbench_seg.segmenter.labelling.labels import label

    torch.set_num_threads(THREADS)
    sample = open_dataset("minicity").first(1)[0]
    image = cv2.resize(sample.image, (width, height)).astype(np.uint8)
    truth = cv2.resize(sample.labels, (width, height), interpolation=cv2.INTER_NEAREST)
    truth = truth.astype(np.uint8)
    segmenter: Any = load_segmenter("segformer-b0", weights="none")
    view = segmenter._window_logits(image)
    labels, (found,) = segmenter.with_confidence(image, truth, [1.0])

    def count(measure: Any) -> Any:
        return measure.observe(None, Prediction(labels, truth, len(segmenter.classes), found))

    sides: dict[str, Callable[[], Any]] = {
        "labels": lambda: segmenter(image),
        "with_confidence": lambda: segmenter.with_confidence(image, truth, [1.0]),
        "with_two_temperatures": lambda: segmenter.with_confidence(image, truth, [1.0, 1.5]),
        "labels_of_logits": lambda: label(view),
        "confidence_of_logits": lambda: label_with_confidence(view, truth, [1.0]),
        "count_confusion": lambda: count(CONFUSION),
        "count_both": lambda: (count(CONFUSION), count(CONFIDENCE)),
    }
    for side in sides.values():
        side()
    turns = [{name: seconds(side) for name, side in sides.items()} for _ in range(pairs)]
    median = {name: statistics.median(turn[name] for turn in turns) for name in sides}
    result = {
        "unit": f"ms, medians of {pairs} rounds in turn; {height}x{width}, float32, CPU",
        "cores": os.cpu_count(),
        "threads": THREADS,
        "labels_equal": bool(np.array_equal(labels, segmenter(image))),
        "ms": {name: round(1000 * value, 1) for name, value in median.items()},
        "longer_than_labels_percent": {
            name: round(100 * statistics.median(t[name] / t["labels"] - 1 for t in turns), 1)
            for name in ("with_confidence", "with_two_temperatures")
        },
        # The difference of two passes over the same logits is less noisy than that of two calls.
        "pass_longer_percent_of_call": round(
            100 * (median["confidence_of_logits"] - median["labels_of_logits"]) / median["labels"],
            1,
        ),
        "rounds": [{name: round(1000 * value, 1) for name, value in t.items()} for t in turns],
    }
    text = json.dumps(result, indent=2)
    print(text)
    Path(sys.argv[1]).write_text(text + "\n")


if __name__ == "__main__":
    main()
