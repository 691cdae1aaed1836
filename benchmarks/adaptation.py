"""The cost of `--adapt bn`: the same evaluation with it and without, in turn.

    python benchmarks/adaptation.py benchmarks/results/adaptation.json [rounds]

The shipped networks on minicity val, clean and two corruptions at severity 3, with 16 images for
the statistics of a condition. Ratios are medians over the rounds: of the wall time of `evaluate`,
and of the call of a segmenter on one image after adaptation.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning

keep_freed_memory()
limit_spinning()

import torch  # noqa: E402

import robustbench_seg as rs  # noqa: E402
from robustbench_seg.segmenter import adapt  # noqa: E402

MODELS = ("deeplabv3plus-mobilenetv2-minicity", "segformer-b0-minicity")
ADAPTED_TO = 16
ASKED: dict[str, Any] = {
    "dataset": "minicity",
    "corruptions": ("motion_blur", "gaussian_noise"),
    "severities": 3,
}


def seconds(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def evaluated(model: str, images: int, **options: Any) -> float:
    with tempfile.TemporaryDirectory() as out:
        return seconds(lambda: rs.evaluate(model=model, out=out, limit=images, **ASKED, **options))


def measure(model: str, rounds: int, images: int) -> dict[str, Any]:
    data = rs.open_dataset("minicity").first(ADAPTED_TO)
    pixels = [data[index].image for index in range(len(data))]
    plain: Any = rs.load_segmenter(model)
    adaptable: Any = rs.load_segmenter(model, adapt="bn")
    adapted = adapt(adaptable, pixels)
    sides: dict[str, Callable[[], float]] = {
        "evaluate": lambda: evaluated(model, images),
        "evaluate_adapted": lambda: evaluated(model, images, adapt="bn"),
        "call": lambda: seconds(lambda: plain(pixels[0])),
        "call_adapted": lambda: seconds(lambda: adapted(pixels[0])),
        "statistics": lambda: seconds(lambda: adapt(adaptable, pixels)),
    }
    for side in sides.values():
        side()
    turns = [{name: side() for name, side in sides.items()} for _ in range(rounds)]
    found: dict[str, Any] = {
        "seconds": {name: round(statistics.median(t[name] for t in turns), 4) for name in sides}
    }
    for name in ("evaluate", "call"):
        ratios = sorted(turn[f"{name}_adapted"] / turn[name] for turn in turns)
        found[f"{name}_adapted_over_not"] = round(statistics.median(ratios), 3)
        found[f"{name}_lowest_and_highest"] = [round(ratios[0], 3), round(ratios[-1], 3)]
    return found


def main() -> None:
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    images = int(sys.argv[3]) if len(sys.argv) > 3 else 24
    result: dict[str, Any] = {
        "unit": f"seconds, medians of {rounds} rounds in turn; 192x384, float32, CPU",
        "images": images,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load_before": round(os.getloadavg()[0], 1),
    }
    for model in MODELS:
        result[model] = measure(model, rounds, images)
        Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
