"""The cost of the measures, compared with the network.

    python benchmarks/measures.py benchmarks/results/measures.json

CPU time of one thread, for one image of minicity at 1024x2048 and the labels of a shifted copy of
its truth, of the measures that need no confidence (confidence.py has the others). `prepare` is done
once for an image, `observe` once for each of its conditions. Both are compared with SegFormer-B0,
from image to labels.

Then the wall time of whole evaluations of SegFormer-B0 at this size: all measures, and all measures
with a temperature, over the confusion matrix alone; clean and eight conditions, two threads. All
sides take turns in one process.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning

keep_freed_memory()
limit_spinning()

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

from robustbench_seg.datasets.minicity import Minicity  # noqa: E402
from robustbench_seg.evaluation import evaluate  # noqa: E402
from robustbench_seg.measures import CONFUSION, Measure, Prediction, Truth  # noqa: E402
from robustbench_seg.measures import MEASURES as ALL_MEASURES  # noqa: E402
from robustbench_seg.segmenter import load_segmenter  # noqa: E402

SIZE = (1024, 2048)
ROUNDS, EVALUATIONS = 5, 4
MEASURES = [measure for measure in ALL_MEASURES if not measure.needs_confidence]
CONDITIONS = 81
MODEL = "segformer-b0-minicity"
SIDES: Mapping[str, Mapping[str, Any]] = {
    "confusion": {"measures": ["confusion"]},
    "all": {},
    "all, with a temperature": {"temperature": 1.5},
}


def milliseconds(call: Callable[[], object]) -> float:
    start = time.thread_time()
    call()
    return 1000 * (time.thread_time() - start)


def seconds_of_evaluation(**options: Any) -> float:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        evaluate(
            model=load_segmenter(MODEL),
            dataset=Minicity("val", SIZE, count=1),
            corruptions=["motion_blur", "gaussian_noise", "jpeg_compression", "fog"],
            severities=[2, 4],
            threads=2,
            out=folder,
            **options,
        )
        return time.perf_counter() - start


def evaluations() -> Mapping[str, Any]:
    """Seconds of each side, and ratios to the confusion matrix alone."""
    sides = {name: partial(seconds_of_evaluation, **options) for name, options in SIDES.items()}
    rounds = [{name: call() for name, call in sides.items()} for _ in range(EVALUATIONS + 1)][1:]
    ratios = {name: sorted(one[name] / one["confusion"] for one in rounds) for name in sides}
    return {
        "seconds": {n: round(statistics.median(one[n] for one in rounds), 2) for n in sides},
        "over_confusion": {name: round(statistics.median(ratios[name]), 3) for name in sides},
        "lowest_and_highest": {n: [round(r[0], 3), round(r[-1], 3)] for n, r in ratios.items()},
        "rounds": EVALUATIONS,
    }


def main() -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    sample = Minicity("val", SIZE, count=1)[0]
    truth, classes = sample.labels, len(Minicity.classes)
    labels = np.ascontiguousarray(np.roll(truth, (3, 5), (0, 1)))
    network = load_segmenter(MODEL)
    prepared = {measure.name: measure.prepare(Truth(truth)) for measure in MEASURES}

    def prepare(measure: Measure) -> float:
        return milliseconds(partial(measure.prepare, Truth(truth)))

    def observe(measure: Measure) -> float:
        prediction = Prediction(labels, truth, classes)
        if measure is not CONFUSION:
            assert prediction.matrix.any()  # cached, because all measures share it
        return milliseconds(partial(measure.observe, prepared[measure.name], prediction))

    calls: dict[str, Callable[[], float]] = {
        "network": partial(milliseconds, partial(network, sample.image))
    }
    for measure in MEASURES:
        calls[f"prepare {measure.name}"] = partial(prepare, measure)
        calls[f"observe {measure.name}"] = partial(observe, measure)
    rounds = [{name: call() for name, call in calls.items()} for _ in range(ROUNDS + 1)][1:]
    medians = {name: statistics.median(one[name] for one in rounds) for name in calls}
    shares = {
        measure.name: round(
            100
            * (medians[f"observe {measure.name}"] + medians[f"prepare {measure.name}"] / CONDITIONS)
            / medians["network"],
            2,
        )
        for measure in MEASURES
    }
    result = {
        "unit": "ms of CPU time of one thread, medians of rounds in turn",
        "size": "1024x2048",
        "rounds": ROUNDS,
        "ms": {name: round(value, 1) for name, value in medians.items()},
        f"percent_of_the_network_with_{CONDITIONS}_conditions": shares,
        "evaluations": evaluations(),
    }
    Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
