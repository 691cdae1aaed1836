"""The cost of attacks: a gradient, and PGD of ten steps, against a bare forward and backward pass.

    python benchmarks/attacks.py benchmarks/results/attacks.json [rounds] [height width]

SegFormer-B0 and DeepLabV3+ MobileNetV2 of 19 classes with random weights, whole images, float32.
The bare pass is that of torch alone: network, bilinear upsampling, cross-entropy and the gradient
of the input. The sides take turns in one process, and ratios are medians over the rounds. Memory is
measured in a process for each side: its peak less what it held before.
"""

import json
import multiprocessing
import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

MODELS = ("segformer-b0", "deeplabv3plus-mobilenetv2")
SIZES = ((192, 384), (512, 1024), (1024, 2048))
THREADS = (1, 2)
STEPS = 10


def peak() -> float:
    """The most memory that the process has held, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def sides_of(model: str, size: tuple[int, int]) -> Mapping[str, Callable[[], Any]]:
    """The three sides, on one random image."""
    import torch
    from torch.nn import functional as F

    from robustbench_seg.attacks import perturb
    from robustbench_seg.segmenter import load_model, load_segmenter

    torch.manual_seed(0)
    image = torch.rand(3, *size)
    truth = torch.randint(19, size)
    segmenter: Any = load_segmenter(model, weights="none", inference="whole")
    network = load_model(model, weights="none").eval().requires_grad_(False)
    network = network.to(memory_format=torch.channels_last)

    def loss(logits: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(logits[None], truth[None])

    def bare() -> torch.Tensor:
        pixels = image[None].to(memory_format=torch.channels_last).requires_grad_()
        logits = F.interpolate(network((pixels - 0.45) / 0.225), size, mode="bilinear")
        return torch.autograd.grad(loss(logits[0]), pixels)[0]

    def pgd() -> Any:
        parameters = {"epsilon": 1.0, "steps": STEPS}
        about: dict[str, Any] = {"seed": 0, "image_id": "image.png"}
        return perturb(segmenter.loss_gradient, image, truth, "pgd", parameters, **about)

    return {"bare": bare, "gradient": lambda: segmenter.loss_gradient(image, loss), "pgd": pgd}


def seconds(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def measure(
    answers: Any, model: str, size: tuple[int, int], threads: int, side: str | None, rounds: int
) -> None:
    """In a process of its own: the seconds of all sides, or the memory of one side in MB."""
    from robustbench_seg.machine.allocator import keep_freed_memory
    from robustbench_seg.machine.threads import limit_spinning

    keep_freed_memory()
    limit_spinning()
    import torch

    torch.set_num_threads(threads)
    sides = sides_of(model, size)
    if side:
        before = peak()
        sides[side]()
        answers.put(round(peak() - before))
        return
    for name in ("bare", "gradient"):
        sides[name]()
    answers.put([{name: seconds(run) for name, run in sides.items()} for _ in range(rounds)])


def case(model: str, size: tuple[int, int], threads: int, rounds: int) -> dict[str, Any]:
    turns = in_process(model, size, threads, None, rounds)
    median = {name: statistics.median(turn[name] for turn in turns) for name in turns[0]}
    ratios = sorted(turn["gradient"] / turn["bare"] for turn in turns)
    return {
        "seconds": {name: round(value, 4) for name, value in median.items()},
        "gradient_over_bare": round(statistics.median(ratios), 3),
        "lowest_and_highest": [round(ratios[0], 3), round(ratios[-1], 3)],
        "pgd_over_gradients": round(
            statistics.median(turn["pgd"] / ((STEPS + 1) * turn["gradient"]) for turn in turns), 3
        ),
        "images_per_s_of_a_step": round(1 / median["gradient"], 3),
        "memory_mb": {name: in_process(model, size, threads, name, 1) for name in median},
    }


def in_process(*arguments: Any) -> Any:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=measure, args=(answers, *arguments))
    process.start()
    found = answers.get()
    process.join()
    return found


def main() -> None:
    if sys.platform != "linux":
        sys.exit("benchmarks/attacks.py reads the memory of processes from /proc: run it on Linux")
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    sizes = ((int(sys.argv[3]), int(sys.argv[4])),) if len(sys.argv) > 4 else SIZES
    result: dict[str, Any] = {
        "unit": f"seconds and MB, medians of {rounds} rounds in turn; float32, CPU",
        "pgd": f"{STEPS} steps, {STEPS + 1} gradients",
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 1),
    }
    for model in MODELS:
        for height, width in sizes:
            for threads in THREADS:
                name = f"{model} {height}x{width} threads={threads}"
                result[name] = case(model, (height, width), threads, rounds)
                print(name, json.dumps(result[name]), file=sys.stderr)
                Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
