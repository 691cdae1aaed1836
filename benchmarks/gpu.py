"""Checks and measures a GPU in at most ten minutes; exit code 1 if a check fails.

    python benchmarks/gpu.py benchmarks/results/gpu.json [--device cuda|cpu] [--tiny]

benchmarks/gpu.sh calls it. The file is written again after each check and measurement, so that an
interrupted run leaves what it has. What does not fit in the time is left out, and named in the
file. With --tiny, a small network at a small size shows that the script itself works, also on a
CPU; its times mean nothing.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from robustbench_seg.machine.start import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning

keep_freed_memory()
limit_spinning()

import torch  # noqa: E402
from gpu_checks import CHECKS, Sizes, segmenter_of  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402

from robustbench_seg.datasets import open_dataset  # noqa: E402
from robustbench_seg.datasets.minicity import write_minicity  # noqa: E402
from robustbench_seg.evaluation import evaluate  # noqa: E402
from robustbench_seg.segmenter import load_model  # noqa: E402

LIMIT = 540.0
"""Seconds after which no further measurement starts."""

STUDY = ("segformer-b0", "segformer-b2", "segformer-b5", "deeplabv3plus-r50-openmmlab")
FULL = ("segformer-b0", "segformer-b5", "deeplabv3plus-r50-openmmlab")
BACKENDS = {
    "flash": SDPBackend.FLASH_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "math": SDPBackend.MATH,
}
Measurement = Callable[[], Any]


def seconds(sizes: Sizes, function: Callable[[], Any], repeat: int = 5) -> float:
    """The median time of a call, after one to warm up."""
    times = []
    for _ in range(repeat + 1):
        start = time.perf_counter()
        function()
        if sizes.is_cuda:
            torch.cuda.synchronize(sizes.device)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def study(sizes: Sizes, model: str, workers: int) -> Mapping[str, Any]:
    """Images/s of `evaluate` with corruption, and the share of its time that the network waits."""
    segmenter = segmenter_of(model, sizes.device)
    busy = seconds(sizes, lambda: segmenter(sizes.image))
    corruptions = ("contrast",) if sizes.device == "cpu" else ()
    with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory() as out:
        images = 1 if sizes.device == "cpu" else 2
        write_minicity(Path(root), "val", sizes.size, images)
        data = open_dataset("cityscapes", root)
        start = time.perf_counter()
        evaluate(
            model=segmenter,
            dataset=data,
            corruptions=corruptions,
            severities=3,
            out=out,
            workers=workers,
        )
        wall = time.perf_counter() - start
    count = images * (1 + (len(corruptions) or 16))
    return {
        "images_per_s": round(count / wall, 2),
        "network_images_per_s": round(1 / busy, 2),
        "share_of_time_it_waits": round(max(0.0, 1 - count * busy / wall), 3),
    }


def layouts(sizes: Sizes, model: str) -> Mapping[str, float]:
    """Images/s of the bare network: plain, channels_last, and compiled by torch."""
    images = torch.rand(1, 3, *sizes.size, device=sizes.device)
    last = images.to(memory_format=torch.channels_last)
    network = load_model(model, weights="none").eval().to(sizes.device)
    found = {}
    with torch.inference_mode():
        found["plain"] = 1 / seconds(sizes, lambda: network(images))
        network = network.to(memory_format=torch.channels_last)
        found["channels_last"] = 1 / seconds(sizes, lambda: network(last))
        if sizes.is_cuda:
            compiled: Any = torch.compile(network)
            found["compiled"] = 1 / seconds(sizes, lambda: compiled(last))
    return {name: round(value, 2) for name, value in found.items()}


def attention(sizes: Sizes, model: str) -> Mapping[str, Any]:
    """Images/s of the bare network with each attention of torch; null: none of this precision."""
    images = torch.rand(1, 3, *sizes.size, device=sizes.device)
    network = load_model(model, weights="none").eval().to(sizes.device)
    found: dict[str, Any] = {}
    for precision in (torch.float32, torch.bfloat16):
        for name, backend in BACKENDS.items():
            place = f"{name} {str(precision).removeprefix('torch.')}"
            kind = torch.device(sizes.device).type
            mixed = torch.autocast(kind, precision, enabled=precision != torch.float32)
            try:
                with torch.inference_mode(), sdpa_kernel(backend), mixed:
                    found[place] = round(1 / seconds(sizes, lambda: network(images)), 2)
            except RuntimeError:  # torch's "no available kernel"
                found[place] = None
    return found


def attack(sizes: Sizes, model: str) -> Mapping[str, float]:
    """Images/s of a step of PGD, which is one gradient."""
    segmenter = segmenter_of(model, sizes.device, inference="whole")
    image = torch.rand(3, *sizes.size, device=sizes.device)
    truth = torch.randint(19, (1, *sizes.size), device=sizes.device)

    def step() -> Any:
        return segmenter.loss_gradient(image, lambda z: F.cross_entropy(z[None], truth))

    return {"images_per_s_of_a_step": round(1 / seconds(sizes, step, repeat=3), 2)}


def measurements(sizes: Sizes, is_tiny: bool) -> Mapping[str, Measurement]:
    """What is measured, by name; the most wanted first."""
    found: dict[str, Measurement] = {}
    for model in sizes.models if is_tiny else STUDY:
        for workers in (1,) if is_tiny else (8, 4, 16):
            name = f"study {model} workers={workers}"
            found[name] = lambda m=model, w=workers: study(sizes, m, w)
    for model in sizes.models:
        found[f"attack {model}"] = lambda m=model: attack(sizes, m)
        found[f"layouts {model}"] = lambda m=model: layouts(sizes, m)
    attentive = [model for model in sizes.models if model.startswith("segformer")]
    for model in attentive:
        found[f"attention {model}"] = lambda m=model: attention(sizes, m)
    return found


def sizes_of(device: str, is_tiny: bool) -> Sizes:
    if is_tiny:
        return Sizes(device, ("segformer-b0",), (64, 128), (48, 32), steps=4)
    return Sizes(device, FULL, (1024, 2048), (1024, 768), steps=20)


def device_name(sizes: Sizes) -> str:
    return torch.cuda.get_device_name(sizes.device) if sizes.is_cuda else sizes.device


def outcome(run: Callable[[], Any]) -> Any:
    """The figures of a check or measurement, or the error as one line."""
    try:
        return run()
    except Exception as error:
        lines = str(error).splitlines() or [""]
        return {"ok": False, "error": f"{type(error).__name__}: {lines[0]}"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", type=Path)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args()
    if torch.device(asked.device).type == "cuda" and not torch.cuda.is_available():
        sys.exit("benchmarks/gpu.py: torch sees no GPU; give --device cpu --tiny to try the script")
    start, sizes = time.perf_counter(), sizes_of(asked.device, asked.tiny)
    checks: dict[str, Any] = {}
    measured: dict[str, Any] = {}
    left_out: list[str] = []
    result = {
        "device": device_name(sizes),
        "torch": torch.__version__,
        "tiny": asked.tiny,
        "checks": checks,
        "measured": measured,
        "left_out": left_out,
    }
    work = [(checks, name, lambda c=check: c(sizes)) for name, check in CHECKS.items()]
    work += [(measured, name, run) for name, run in measurements(sizes, asked.tiny).items()]
    for into, name, run in work:
        if into is measured and time.perf_counter() - start > LIMIT:
            left_out.append(name)
            continue
        into[name] = outcome(run)
        print(name, json.dumps(into[name]), file=sys.stderr, flush=True)
        result["seconds"] = round(time.perf_counter() - start, 1)
        asked.result.write_text(json.dumps(result, indent=2) + "\n")
    failed = [
        name for part in (checks, measured) for name, each in part.items() if not each.get("ok", 1)
    ]
    sys.exit(f"benchmarks/gpu.py: failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
