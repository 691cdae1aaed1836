"""What a training costs beyond its arithmetic.

    python benchmarks/training.py benchmarks/results/training.json

Steps per second of `fit` (reading, augmenting, normalising, steps, log) over those of the bare
forward and backward pass and optimiser step of the same network on one ready batch, in turn, in
one process. The images are minicity's; they are drawn once and kept, so `fit` is measured from
its first row of the log on. Start-up, validation and checkpoints are not in it.
"""

import json
import os
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

from robustbench_seg.allocator import keep_freed_memory
from robustbench_seg.threads import wait_briefly

keep_freed_memory()
wait_briefly()

import torch  # noqa: E402

from robustbench_seg.architectures import build  # noqa: E402
from robustbench_seg.datasets import open_dataset  # noqa: E402
from robustbench_seg.model_cards import load_card  # noqa: E402
from robustbench_seg.training import Recipe, fit  # noqa: E402
from robustbench_seg.training.batches import Batches, Normaliser  # noqa: E402
from robustbench_seg.training.learner import Learner, segmentation_loss  # noqa: E402
from robustbench_seg.training.optimizer import make_optimizer, set_learning_rate  # noqa: E402

ROUNDS, STEPS, SKIPPED, WINDOW = 4, 61, 20, 10
IMAGES = 16  # all of them kept within the steps that are skipped
CASES: dict[str, dict[str, Any]] = {
    "segformer-b0": {"architecture": "segformer", "size": "b0"},
    "deeplabv3plus-mobilenetv2": {
        "architecture": "deeplabv3plus",
        "backbone": "mobilenet_v2",
        "separable": True,
        "output_stride": 16,
    },
}
CARD = load_card("segformer-b0-minicity")


def network_of(case: dict[str, Any]) -> torch.nn.Module:
    torch.manual_seed(0)
    variant = {name: value for name, value in case.items() if name != "architecture"}
    return build(case["architecture"], 19, **variant)


def bare(case: dict[str, Any], recipe: Recipe) -> float:
    """Steps per second on one ready batch."""
    network = network_of(case).to(memory_format=torch.channels_last).train()
    optimizer = make_optimizer(network, recipe)
    set_learning_rate(optimizer, 1.0)
    pixels, labels = Batches(open_dataset("minicity", split="train").first(4), recipe, CARD)[0]
    images = Normaliser(CARD.preprocessing, "cpu")(pixels)
    starts = []
    for _ in range(STEPS):
        starts.append(time.perf_counter())
        segmentation_loss(network(images), labels).backward()
        optimizer.step()
        optimizer.zero_grad()
    return fastest(starts)


def whole(case: dict[str, Any], recipe: Recipe, workers: int) -> float:
    """Steps per second of `fit`."""
    train = open_dataset("minicity", split="train").first(IMAGES)
    validation = open_dataset("minicity", split="val").first(1)
    starts = []
    step = Learner.step

    def noted(*arguments: Any) -> Any:
        starts.append(time.perf_counter())
        return step(*arguments)

    with tempfile.TemporaryDirectory() as out, mock.patch.object(Learner, "step", noted):
        network = network_of(case)
        fit(network, train, validation, recipe, CARD, out=Path(out), workers=workers)
    return fastest(starts)


def fastest(starts: list[float]) -> float:
    """Steps per second of the fastest window, from the times at which steps began."""
    windows = pairwise(starts[SKIPPED::WINDOW])
    return WINDOW / min(end - start for start, end in windows)


def main() -> None:
    recipe = Recipe(iterations=STEPS, batch=4, crop=(128, 256), lr=1e-3, warmup=10)
    result: dict[str, Any] = {
        "unit": "steps/s, the fastest window; batch 4, crop 128x256, float32, CPU",
        "windows": ROUNDS * ((STEPS - SKIPPED) // WINDOW),
        "steps_of_a_window": WINDOW,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }
    workers = [int(text) for text in sys.argv[2:]] or [2]
    for name, case in CASES.items():
        for count in workers:
            turns = [(bare(case, recipe), whole(case, recipe, count)) for _ in range(ROUNDS)]
            alone, complete = (max(side) for side in zip(*turns, strict=True))
            result[f"{name} workers={count}"] = {
                "bare": round(alone, 2),
                "fit": round(complete, 2),
                "fit_over_bare": round(complete / alone, 3),
            }
            print(json.dumps(result[f"{name} workers={count}"]), file=sys.stderr)
    Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
