"""The overhead of a training over its forward and backward passes.

    python benchmarks/training.py benchmarks/results/training.json

Steps per second of `fit` (reading, augmenting, normalising, steps, log) over those of the bare
forward and backward pass and optimiser step of the same network on one ready batch. The two take
turns of some ten seconds in one process, and the ratio is the median over the pairs: a shared
machine changes its speed by more than what is measured. The images are minicity's; they are drawn
once and kept, so turns begin when they are. Start-up, validation and checkpoints are not in it.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning

keep_freed_memory()
limit_spinning()

import torch  # noqa: E402

from robustbench_seg.architectures import build  # noqa: E402
from robustbench_seg.datasets import open_dataset  # noqa: E402
from robustbench_seg.records.cards.model_card import load_card  # noqa: E402
from robustbench_seg.records.specs.training_spec import TrainingSpec  # noqa: E402
from robustbench_seg.records.values.training_recipe import TrainingRecipe  # noqa: E402
from robustbench_seg.training import InitialNetwork, fit  # noqa: E402
from robustbench_seg.training.batches import Batches, BatchNormaliser  # noqa: E402
from robustbench_seg.training.learner import Learner, segmentation_loss  # noqa: E402
from robustbench_seg.training.optimiser import make_optimiser, set_learning_rate  # noqa: E402

TURNS, WINDOW = 6, 40
IMAGES = 16  # all cached before the first turn
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


def bare_steps(case: dict[str, Any], recipe: TrainingRecipe) -> Callable[[], float]:
    """What takes WINDOW bare steps on one ready batch, and says how long they took."""
    network = network_of(case).to(memory_format=torch.channels_last).train()
    optimiser = make_optimiser(network, recipe)
    set_learning_rate(optimiser, 1.0)
    pixels, labels = Batches(open_dataset("minicity", split="train").first(4), recipe, CARD)[0]
    images = BatchNormaliser(CARD.preprocessing, "cpu")(pixels)

    def run() -> float:
        start = time.perf_counter()
        for _ in range(WINDOW):
            segmentation_loss(network(images), labels).backward()
            optimiser.step()
            optimiser.zero_grad()
        return time.perf_counter() - start

    return run


def turns(case: dict[str, Any], recipe: TrainingRecipe, workers: int) -> list[tuple[float, float]]:
    """Seconds of WINDOW bare steps, and of as many of `fit` right after them."""
    train = open_dataset("minicity", split="train").first(IMAGES)
    validation = open_dataset("minicity", split="val").first(1)
    bare, step = bare_steps(case, recipe), Learner.step
    alone: list[float] = []
    complete: list[float] = []
    taken, begun = 0, 0.0

    def noted(*arguments: Any) -> Any:
        nonlocal taken, begun
        if taken % WINDOW == 0 and taken > 0:
            if begun:
                complete.append(time.perf_counter() - begun)
            time.sleep(0.5)  # let the workers become idle
            alone.append(bare())
            begun = time.perf_counter()
        taken += 1
        return step(*arguments)

    with tempfile.TemporaryDirectory() as out, mock.patch.object(Learner, "step", noted):
        spec = TrainingSpec(CARD.name, Path(out), recipe=recipe, workers=workers)
        fit(spec, InitialNetwork(network_of(case), CARD, None), train, validation)
    return list(zip(alone, complete, strict=False))


def main() -> None:
    steps = (TURNS + 1) * WINDOW + 1
    recipe = TrainingRecipe(iterations=steps, batch=4, crop=(128, 256), lr=1e-3, warmup=10)
    result: dict[str, Any] = {
        "unit": "steps/s, median of the turns; batch 4, crop 128x256, float32, CPU",
        "turns": TURNS,
        "steps_of_a_turn": WINDOW,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }
    for name, case in CASES.items():
        for workers in [int(text) for text in sys.argv[2:]] or [2]:
            pairs = turns(case, recipe, workers)
            ratios = sorted(alone / complete for alone, complete in pairs)
            result[f"{name} workers={workers}"] = {
                "bare": round(WINDOW / median(alone for alone, _ in pairs), 2),
                "fit": round(WINDOW / median(complete for _, complete in pairs), 2),
                "fit_over_bare": round(median(ratios), 3),
                "lowest_and_highest": [round(ratios[0], 3), round(ratios[-1], 3)],
            }
            print(json.dumps(result[f"{name} workers={workers}"]), file=sys.stderr)
    Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
