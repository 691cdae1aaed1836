"""What each measure costs beside the network, in CPU time of one thread.

    python benchmarks/measures.py benchmarks/results/measures.json

One image of minicity at 1024x2048 and the labels of a shifted copy of its truth. `prepare` is done
once for an image, `observe` once for each of its conditions; both are compared with SegFormer-B0,
from image to labels, in turn in one process.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from robustbench_seg.machine.start import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning

keep_freed_memory()
limit_spinning()

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

from robustbench_seg.datasets.minicity import Minicity  # noqa: E402
from robustbench_seg.measures import CONFUSION, MEASURES, Measure, Prediction, Truth  # noqa: E402
from robustbench_seg.segmenter import load_segmenter  # noqa: E402

ROUNDS = 5
CONDITIONS = 81


def milliseconds(call: Callable[[], object]) -> float:
    start = time.thread_time()
    call()
    return 1000 * (time.thread_time() - start)


def main() -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    sample = Minicity("val", (1024, 2048), count=1)[0]
    truth, classes = sample.labels, len(Minicity.classes)
    labels = np.ascontiguousarray(np.roll(truth, (3, 5), (0, 1)))
    network = load_segmenter("segformer-b0-minicity")
    prepared = {measure.name: measure.prepare(Truth(truth)) for measure in MEASURES}

    def prepare(measure: Measure) -> float:
        return milliseconds(partial(measure.prepare, Truth(truth)))

    def observe(measure: Measure) -> float:
        prediction = Prediction(labels, truth, classes)
        if measure is not CONFUSION:
            assert prediction.matrix.any()  # counted once, for all measures
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
    }
    Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
