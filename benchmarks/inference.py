"""How fast networks label an image, beside the implementations that others would use.

    python benchmarks/inference.py benchmarks/results/inference.json [--small]

The same random weights on both sides, float32, one image, both sides in turn in one process with
the same allocator settings (freed memory kept, threads wait briefly); medians of paired ratios.
Peak memory is what a process of its own needs for a forward pass beyond what it held before.
Labelling starts at logits of a trained model: smooth areas of 19 classes, as a network gives them.
--small: images of 256x512, to see whether all works.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from robustbench_seg.allocator import keep_freed_memory
from robustbench_seg.threads import wait_briefly

keep_freed_memory()
wait_briefly()

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from robustbench_seg.confusion import confusion_matrix  # noqa: E402
from robustbench_seg.segmenter import load_model  # noqa: E402
from robustbench_seg.segmenter.folding import folded  # noqa: E402
from robustbench_seg.segmenter.inference import View, windows  # noqa: E402

THREADS = 2
SIZES = {"b0": (32, 64, 160, 256), "b5": (64, 128, 320, 512)}
DEPTHS = {"b0": (2, 2, 2, 2), "b5": (3, 6, 40, 3)}
ROUNDS = {"b0": 7, "b5": 3}


def theirs(size: str) -> nn.Module:
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    torch.manual_seed(0)
    config = SegformerConfig(
        num_labels=19,
        depths=list(DEPTHS[size]),
        hidden_sizes=list(SIZES[size]),
        decoder_hidden_size=256 if size == "b0" else 768,
    )
    network: nn.Module = SegformerForSemanticSegmentation(config).eval()
    return network


def segformers(size: str) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
    """Theirs and ours with the same weights."""
    other = theirs(size)
    with tempfile.TemporaryDirectory() as folder:
        other.save_pretrained(folder)  # type: ignore[operator]
        ours = folded(load_model(f"segformer-{size}", weights=folder))
    ours = ours.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return lambda x: other(pixel_values=x).logits, ours


def deeplabs(card: str) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
    """The plain module in torch's default layout, and ours."""
    plain = load_model(card, weights="none")
    return plain, folded(plain).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def in_turn(
    other: Callable[[], object], ours: Callable[[], object], rounds: int
) -> dict[str, float]:
    other(), ours()
    pairs = [(seconds(other), seconds(ours)) for _ in range(rounds)]
    return {
        "theirs_ms": round(1000 * statistics.median(a for a, _ in pairs), 1),
        "ours_ms": round(1000 * statistics.median(b for _, b in pairs), 1),
        "times_faster": round(statistics.median(a / b for a, b in pairs), 2),
        "least": round(min(a / b for a, b in pairs), 2),
    }


def compare(
    other: Callable[[Tensor], Tensor],
    ours: Callable[[Tensor], Tensor],
    size: tuple[int, int],
    rounds: int,
) -> dict[str, Any]:
    torch.manual_seed(0)
    x = torch.randn(1, 3, *size)
    expected, logits = other(x), ours(x)
    labels = [F.interpolate(y, size, mode="bilinear").argmax(1) for y in (expected, logits)]
    return {
        "largest_logit_difference": float((expected - logits).abs().max()),
        "labels_that_differ": float((labels[0] != labels[1]).float().mean()),
        **in_turn(lambda: other(x), lambda: ours(x), rounds),
    }


def trained_logits(count: int, height: int, width: int) -> Tensor:
    torch.manual_seed(0)
    coarse = 4 * torch.randn(count, 19, 12, 24)
    return F.interpolate(coarse, (height, width), mode="bicubic")


def labelling(size: tuple[int, int], crop: int | None) -> dict[str, float]:
    """From logits to a confusion matrix: interpolate, argmax, bincount, or in one pass."""
    height, width = size
    if crop is None:
        view = View(trained_logits(1, height // 4, width // 4), ((0, 0),), size, size)
    else:
        corners = tuple((0, left) for left, _ in windows(width, crop, crop * 3 // 4))
        logits = trained_logits(len(corners), crop // 4, crop // 4)
        view = View(logits, corners, (crop, crop), size)
    truth = torch.randint(0, 19, (height // 16, width // 16)).float()
    truth = F.interpolate(truth[None, None], size)[0, 0].long()

    def other() -> Tensor:
        labels = view.upsampled().argmax(1)[0]
        return torch.bincount((truth * 19 + labels).ravel(), minlength=361)

    truth8 = truth.to(torch.uint8).numpy()

    def ours() -> object:
        return confusion_matrix(truth8, view.labels().numpy(), 19)

    assert other().tolist() == ours().ravel().tolist()  # type: ignore[attr-defined]
    return in_turn(other, ours, 9)


def peak_megabytes(side: str, size: str, image: tuple[int, int]) -> float:
    """In this process: the largest resident size during a pass beyond that before it."""
    other, ours = segformers(size)
    network = other if side == "theirs" else ours
    x = torch.randn(1, 3, *image)
    network(x[:, :, :64, :64])
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of loading
    network(x)
    return resident("VmHWM") - before


def resident(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def memory(size: str, image: tuple[int, int]) -> dict[str, float]:
    def megabytes(side: str) -> float:
        command = [sys.executable, __file__, "--memory", side, size, *map(str, image)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(done.stdout)

    other, ours = megabytes("theirs"), megabytes("ours")
    return {"theirs_mb": other, "ours_mb": ours, "ours_over_theirs": round(ours / other, 3)}


def main() -> None:
    image = (256, 512) if "--small" in sys.argv else (1024, 2048)
    half = (image[0] // 2, image[1] // 2)
    result: dict[str, Any] = {
        "unit": "medians; float32",
        "image": image,
        "threads": THREADS,
        "cores": os.cpu_count(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "allocator": "glibc, freed memory kept, on both sides",
        "labelling_whole": labelling(image, None),
        "labelling_sliding": labelling(image, image[0]),
    }
    for card in ("deeplabv3plus-mobilenetv2", "deeplabv3plus-r50-vainf-os16"):
        result[f"{card} {half[0]}x{half[1]}"] = compare(*deeplabs(card), half, 3)
    for size in SIZES:
        row = compare(*segformers(size), image, ROUNDS[size])
        result[f"segformer-{size}"] = {**row, "memory": memory(size, image)}
        print(json.dumps(result[f"segformer-{size}"]), flush=True)
    text = json.dumps(result, indent=2)
    print(text)
    Path(sys.argv[1]).write_text(text + "\n")


if __name__ == "__main__":
    torch.set_num_threads(THREADS)
    with torch.inference_mode():
        if sys.argv[1] == "--memory":
            print(
                round(
                    peak_megabytes(sys.argv[2], sys.argv[3], (int(sys.argv[4]), int(sys.argv[5])))
                )
            )
        else:
            main()
