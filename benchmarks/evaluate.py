"""The overhead of an evaluation over its forward passes.

    python benchmarks/evaluate.py benchmarks/results/evaluate.json

The wall time of evaluate (reading, corrupting, segmenting, scoring, writing) over that of the same
number of bare forward passes of the same network on one ready tensor, in turn, in one process.
Only the confusion matrix is counted; measures.py compares it with all measures. The images are
minicity's, as files, once small and once of the size of Cityscapes.
"""

import io
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning

keep_freed_memory()
limit_spinning()

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from PIL import Image  # noqa: E402

from robustbench_seg.corruption import corrupt  # noqa: E402
from robustbench_seg.datasets import Dataset, Sample, open_dataset  # noqa: E402
from robustbench_seg.datasets.minicity import Minicity, write_minicity  # noqa: E402
from robustbench_seg.evaluation import evaluate  # noqa: E402
from robustbench_seg.measures import confusion_matrix  # noqa: E402
from robustbench_seg.records.cards.protocol import load_protocol  # noqa: E402
from robustbench_seg.segmenter import load_model, load_segmenter  # noqa: E402
from robustbench_seg.segmenter.inference.folding import fold  # noqa: E402
from robustbench_seg.segmenter.labelling.labels import label  # noqa: E402
from robustbench_seg.segmenter.labelling.window_logits import WindowLogits  # noqa: E402


@dataclass(frozen=True)
class Case:
    """Images of one size, and under which conditions; no corruptions named: all."""

    size: tuple[int, int]
    images: int
    corruptions: tuple[str, ...]
    severities: tuple[int, ...]


ROUNDS = 3
RUNS = (
    ("segformer-b0-minicity", 1),
    ("segformer-b0-minicity", 2),
    ("deeplabv3plus-mobilenetv2-minicity", 1),
)
"""Models, and threads that make images."""

OF_EACH_CATEGORY = ("motion_blur", "gaussian_noise", "jpeg_compression", "fog")
CASES = {
    "192x384": Case((192, 384), 3, (), (2, 4)),
    "1024x2048": Case((1024, 2048), 1, OF_EACH_CATEGORY, (2, 4)),
}


def bare(model: str, size: tuple[int, int], count: int) -> float:
    network = fold(load_model(model))
    x = torch.rand(1, 3, *size).to(memory_format=torch.channels_last)
    network = network.to(memory_format=torch.channels_last)
    with torch.inference_mode():
        network(x)
        start = time.perf_counter()
        for _ in range(count):
            network(x)
        return time.perf_counter() - start


def whole(model: str, data: Dataset, case: Case, workers: int) -> float:
    segmenter = load_segmenter(model)
    segmenter(np.zeros((*case.size, 3), np.uint8))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        evaluate(
            model=segmenter,
            dataset=data,
            corruptions=case.corruptions,
            severities=case.severities,
            measures="confusion",
            out=folder,
            workers=workers,
        )
        return time.perf_counter() - start


def measure(model: str, case: Case, workers: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as root:
        write_minicity(Path(root), "val", case.size, case.images)
        data = open_dataset("cityscapes", root)
        count = case.images * (1 + (len(case.corruptions) or 16) * len(case.severities))
        whole(model, data, case, workers)  # warm up: compiled loops, textures of the weather
        rounds = [
            (bare(model, case.size, count), whole(model, data, case, workers))
            for _ in range(ROUNDS)
        ]
    return {
        "images": count,
        "bare_ms": round(statistics.median(1000 * one / count for one, _ in rounds), 1),
        "evaluate_ms": round(statistics.median(1000 * other / count for _, other in rounds), 1),
        "evaluate_over_bare": round(statistics.median(other / one for one, other in rounds), 3),
    }


def stages() -> dict[str, float]:
    """Ms for one image of 1024x2048 outside the network, one thread: decoding, corrupting (mean of
    the 80 conditions), logits to labels, labels to a matrix.
    """
    data, conditions = Minicity("val", (1024, 2048), count=1), load_protocol().conditions()
    image, labels = data[0].image, data[0].labels
    encoded = io.BytesIO()
    Image.fromarray(image).save(encoded, "PNG")
    torch.manual_seed(0)
    logits = F.interpolate(4 * torch.randn(1, 19, 12, 24), (256, 512), mode="bicubic")
    view = WindowLogits(logits, ((0, 0),), (1024, 2048), (1024, 2048))
    work = {
        "decode": lambda: np.asarray(Image.open(encoded)),
        "corrupt": lambda: [corrupt(image, c.name, c.severity) for c in conditions],
        "label": lambda: label(view),
        "score": lambda: confusion_matrix(labels, np.minimum(labels, 18), 19),
    }
    threads, found = torch.get_num_threads(), {}
    torch.set_num_threads(1)
    for name, call in work.items():
        call()
        times = []
        for _ in range(3):
            start = time.perf_counter()
            call()
            times.append(1000 * (time.perf_counter() - start))
        found[name] = round(statistics.median(times) / (80 if name == "corrupt" else 1), 1)
    torch.set_num_threads(threads)
    return found


class Many(Dataset):
    """10,000 small images, drawn when asked for."""

    name, split, classes, palette, clip = "many", "val", ("dark", "bright"), ((0, 0, 0),) * 2, 1
    fingerprint: Mapping[str, int] = {}
    ids = tuple(f"val/{i:05d}.png" for i in range(10_000))

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> Sample:
        image = self.image(index)
        return Sample(self.ids[index], image, image[..., 0] >> 7)

    def image(self, index: int) -> np.ndarray:
        """uint8 64 x 64 x 3, random."""
        return np.random.default_rng(index).integers(0, 256, (64, 64, 3), np.uint8)


class Reds:
    """A segmenter that takes no time; notes the memory now and then."""

    name, classes = "reds", ("dark", "bright")
    version = "1"

    def __init__(self) -> None:
        self.calls = 0
        self.megabytes: dict[int, int] = {}

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """uint8 HxWx3 -> uint8 HxW."""
        self.calls += 1
        if self.calls in (2_000, 10_000, 20_000):
            status = Path("/proc/self/status").read_text()
            self.megabytes[self.calls] = int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) // 1024
        return image[..., 0] >> 7


def memory() -> dict[int, int]:
    """Resident megabytes after so many of 10,000 images under two conditions."""
    segmenter = Reds()
    with tempfile.TemporaryDirectory() as folder:
        evaluate(
            model=segmenter,
            dataset=Many(),
            corruptions="contrast",
            severities=3,
            measures="confusion",
            out=folder,
        )
    return segmenter.megabytes


def main() -> None:
    if sys.platform != "linux":
        sys.exit("benchmarks/evaluate.py reads the memory of processes from /proc: run it on Linux")
    result: dict[str, object] = {
        "unit": "ms an image, medians of rounds in turn; float32, CPU",
        "rounds": ROUNDS,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "allocator": "glibc, freed memory kept",
        "resident_mb_after_images": memory(),
        "stages_ms": stages(),
    }
    for name, case in CASES.items():
        for model, workers in RUNS:
            result[f"{model} {name} workers={workers}"] = measure(model, case, workers)
            Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
