"""Networks and labels, compared with the usual implementations: time, memory and differences.

    python benchmarks/inference.py benchmarks/results/inference.json [height width]

All sides of a comparison have the same weights and the same image and run in turn, each in a
process of its own with the settings of `robustseg evaluate`: freed memory is kept (mallopt),
waiting threads spin briefly. Ratios are medians over the rounds. Peaks are those of the
processes while they run, in each some 0.4 GB for the interpreter and torch.

segformer:    random weights of transformers' SegFormer, and what it takes; the backends of evaluate
deeplabv3plus: the module that is trained, in torch's own layout; random weights
labels:       F.interpolate, sums, argmax and bincount on the same logits: 19 classes in smooth
              areas, whole and in sliding windows
"""

import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning

THREADS, CLASSES, CROP, STRIDE = 2, 19, 1024, 768
DEEPLABS = ({"backbone": "mobilenet_v2"}, {"backbone": "resnet50", "output_stride": 16})

network: Callable[[Any], Any]
"""Of a child process."""


def set_up() -> None:
    keep_freed_memory()
    limit_spinning()
    import torch

    torch.set_num_threads(THREADS)
    torch.set_grad_enabled(False)


def make_transformers(size: str, file: Path) -> None:
    """SegFormer of transformers; its random weights are written for the others."""
    global network
    set_up()
    import torch
    from safetensors.torch import save_file
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    from robustbench_seg.architectures.segformer import DEPTHS

    narrow = size == "b0"
    config = SegformerConfig(
        depths=list(DEPTHS[size]),
        hidden_sizes=[32, 64, 160, 256] if narrow else [64, 128, 320, 512],
        decoder_hidden_size=256 if narrow else 768,
        num_labels=CLASSES,
    )
    torch.manual_seed(0)
    model = SegformerForSemanticSegmentation(config).eval()
    save_file(model.state_dict(), file)
    network = lambda image: model(image).logits  # noqa: E731


def make_ours(
    architecture: str, variant: dict[str, Any], file: Path | None, backend: str | None
) -> None:
    """What evaluate runs; without a backend the module that is trained."""
    global network
    set_up()
    import torch

    from robustbench_seg.architectures import build
    from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
    from robustbench_seg.segmenter.described_network import DescribedNetwork
    from robustbench_seg.segmenter.loading.backends import prepare_for_backend
    from robustbench_seg.segmenter.segmenter_options import SegmenterOptions
    from robustbench_seg.weights import load_weights

    torch.manual_seed(0)
    module = build(architecture, CLASSES, **variant).eval()
    if file:
        load_weights(module, file)
    if backend:
        described = DescribedNetwork(module, SegmenterRecord(architecture), ModelFacts())
        module = prepare_for_backend(SegmenterOptions(backend=backend), described).network
        module.to(memory_format=torch.channels_last)
    network = module


def see(height: int, width: int) -> tuple[float, int, Any]:
    """Seconds, peak in bytes, and the logits of one random image."""
    import torch

    from robustbench_seg.analysis.speed import _peak_memory

    image = torch.randn(1, 3, height, width, generator=torch.manual_seed(1))
    with torch.inference_mode():
        Path("/proc/self/clear_refs").write_text("5")  # reset the peak
        start = time.perf_counter()
        logits = network(image)
        seconds = time.perf_counter() - start
    return seconds, _peak_memory(), logits.float().contiguous().numpy()


def alternate(
    sides: dict[str, tuple[Any, ...]], size: tuple[int, int], rounds: int
) -> dict[str, Any]:
    """Make all sides, (function, *arguments) by name; the first is what others are compared with.

    One image warms up, because a backend may compile its graph for each size.
    """
    context = multiprocessing.get_context("spawn")
    pools = {name: ProcessPoolExecutor(1, mp_context=context) for name in sides}
    for name, (make, *arguments) in sides.items():
        pools[name].submit(make, *arguments).result()
    for pool in pools.values():
        pool.submit(see, *size).result()
    seen = [
        {name: pools[name].submit(see, *size).result() for name in sides} for _ in range(rounds)
    ]
    for pool in pools.values():
        pool.shutdown()
    first, *others = sides
    turns = {name: [turn[name] for turn in seen] for name in sides}
    result = {first: measured(turns[first], None, size)}
    return result | {name: measured(turns[name], turns[first], size) for name in others}


def measured(own: list[Any], first: list[Any] | None, size: tuple[int, int]) -> dict[str, Any]:
    """Of one side's rounds, and beside those of the first side."""
    result: dict[str, Any] = {
        "seconds": round(statistics.median(turn[0] for turn in own), 3),
        "rounds": [round(turn[0], 2) for turn in own],
        "peak_mb": round(max(turn[1] for turn in own) / 1e6),
    }
    if first:
        result["times_as_fast"] = ratio((b[0], a[0]) for a, b in zip(own, first, strict=True))
        peaks = [max(turn[1] for turn in side) for side in (own, first)]
        result["peak_share"] = round(peaks[0] / peaks[1], 3)
        logits, expected = own[-1][2], first[-1][2]
        result["logits_differ_by"] = float(np.abs(logits - expected).max())
        result["largest_logit"] = float(np.abs(expected).max())
        differ = labels_of(logits, size) != labels_of(expected, size)
        result["pixels_that_differ"] = float(differ.mean())
    return result


def ratio(pairs: Iterable[tuple[float, float]]) -> float:
    return round(statistics.median(theirs / ours for theirs, ours in pairs), 2)


def labels_of(logits: Any, size: tuple[int, int]) -> Any:
    import torch

    from robustbench_seg.segmenter.labelling.labels import label
    from robustbench_seg.segmenter.labelling.window_logits import WindowLogits

    return label(WindowLogits(torch.from_numpy(logits), ((0, 0),), size, size)).numpy()


def compare_labels(size: tuple[int, int], crop: int, rounds: int = 7) -> dict[str, Any]:
    """Logits of windows to a confusion matrix; crop: height and width of the windows at most."""
    set_up()
    import torch
    from torch.nn import functional as F

    from robustbench_seg.measures import confusion_matrix
    from robustbench_seg.segmenter.inference.windows import window_spans
    from robustbench_seg.segmenter.labelling.labels import label
    from robustbench_seg.segmenter.labelling.window_logits import WindowLogits

    rows, columns = (list(window_spans(side, crop, STRIDE)) for side in size)
    window = min(crop, size[0]), min(crop, size[1])
    corners = tuple((top, left) for top, _ in rows for left, _ in columns)
    small = window[0] // 4, window[1] // 4
    torch.manual_seed(0)
    areas = 4 * torch.randn(1, CLASSES, size[0] // 128, size[1] // 128)
    scene = F.interpolate(areas, (size[0] // 4, size[1] // 4), mode="bicubic")
    logits = torch.cat(
        [scene[:, :, t // 4 : t // 4 + small[0], x // 4 : x // 4 + small[1]] for t, x in corners]
    )
    logits = logits + 0.01 * torch.randn(logits.shape)
    view = WindowLogits(logits, corners, window, size)
    truth = torch.randint(0, CLASSES, size, dtype=torch.uint8)
    truth[: size[0] // 20] = 255

    def usual() -> Any:
        whole = len(corners) == 1
        scores = F.interpolate(logits, size, mode="bilinear") if whole else view.upsampled()
        labels, scored = scores.argmax(1)[0], truth != 255
        pairs = truth[scored].long() * CLASSES + labels[scored]
        return labels, torch.bincount(pairs, minlength=CLASSES**2).reshape(CLASSES, CLASSES)

    def ours() -> Any:
        labels = label(view)
        return labels, confusion_matrix(truth.numpy(), labels.numpy(), CLASSES)

    (expected, matrix), (labels, own) = usual(), ours()
    turns = [(seconds(usual), seconds(ours)) for _ in range(rounds)]
    return {
        "usual_ms": round(1000 * statistics.median(t for t, _ in turns), 1),
        "ours_ms": round(1000 * statistics.median(t for _, t in turns), 1),
        "times_as_fast": ratio(turns),
        "pixels_that_differ": int((labels.long() != expected).sum()),
        "matrices_equal": bool((matrix.numpy() == own).all()),
    }


def seconds(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    if sys.platform != "linux":
        sys.exit(
            "benchmarks/inference.py reads the memory of processes from /proc: run it on Linux"
        )
    size = (int(sys.argv[2]), int(sys.argv[3])) if len(sys.argv) > 3 else (1024, 2048)
    started = time.perf_counter()
    result: dict[str, Any] = {
        "unit": f"one image of {size[0]}x{size[1]}, float32, {THREADS} threads, {CLASSES} classes",
        "settings": "mallopt: freed memory kept; GOMP_SPINCOUNT as in robustseg evaluate",
        "segformer": {},
        "deeplabv3plus": {},
        "labels": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, backends, rounds in (
            ("b0", ("torch", "onnxruntime", "openvino"), 5),
            ("b2", ("torch", "openvino"), 3),
            ("b5", ("torch", "openvino"), 2),
        ):
            file = Path(folder) / f"{name}.safetensors"
            sides: dict[str, tuple[Any, ...]] = {"transformers": (make_transformers, name, file)}
            for backend in backends:
                sides[backend] = (make_ours, "segformer", {"size": name}, file, backend)
            result["segformer"][name] = alternate(sides, size, rounds)
            print(json.dumps(result["segformer"][name], indent=2), file=sys.stderr)
    for variant in DEEPLABS:
        sides = {
            "as trained": (make_ours, "deeplabv3plus", variant, None, None),
            "torch": (make_ours, "deeplabv3plus", variant, None, "torch"),
            "openvino": (make_ours, "deeplabv3plus", variant, None, "openvino"),
        }
        result["deeplabv3plus"][variant["backbone"]] = alternate(sides, size, 3)
    for name, crop in (("whole", max(size)), ("sliding", CROP)):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            result["labels"][name] = pool.submit(compare_labels, size, crop).result()
    result["minutes"] = round((time.perf_counter() - started) / 60, 1)
    print(json.dumps(result, indent=2))
    Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
