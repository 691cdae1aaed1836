"""bf16 against float32 on a CPU: time, differing labels and mIoU of the two included networks.

    python benchmarks/precision.py benchmarks/results/precision.json [folder of images]

It takes at most five minutes on two idle cores. The scores are of minicity, clean and under every
corruption at severity 3. Times are medians of pairs of one image in turn, from image to labels.
Of the images in a folder, such as photographs, only the labels that differ are counted.
"""

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning

keep_freed_memory()
limit_spinning()

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

from robustbench_seg.corruption import corrupt  # noqa: E402
from robustbench_seg.datasets import open_dataset  # noqa: E402
from robustbench_seg.demo import MODELS  # noqa: E402
from robustbench_seg.machine.hardware import hardware, processor_features  # noqa: E402
from robustbench_seg.measures import confusion_matrix, mean_iou  # noqa: E402
from robustbench_seg.records.cards.protocol import load_protocol  # noqa: E402
from robustbench_seg.segmenter import Segmenter, load_segmenter  # noqa: E402

CLASSES, SEVERITY = 19, 3
SIZES = {(192, 384): 15, (512, 1024): 7, (1024, 2048): 3}
"""Height and width of the images that are timed, and the number of pairs."""

Sides = dict[str, Segmenter]


def timed(sides: Sides, size: tuple[int, int], pairs: int) -> dict[str, Any]:
    """Seconds of both sides in turn on one image, after one that warms up."""
    scene = open_dataset("minicity")[0].image
    image = cv2.resize(scene, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    turns: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(pairs + 1):
        for name, segmenter in sides.items():
            start = time.perf_counter()
            segmenter(image)
            turns[name].append(time.perf_counter() - start)
    rounds = list(zip(turns["float32"][1:], turns["bf16"][1:], strict=True))
    return {
        "float32_ms": round(1000 * statistics.median(one for one, _ in rounds), 1),
        "bf16_ms": round(1000 * statistics.median(other for _, other in rounds), 1),
        "times_as_fast": round(statistics.median(one / other for one, other in rounds), 2),
    }


def scored(sides: Sides, count: int) -> dict[str, Any]:
    """Labels that differ, and both scores, under each condition."""
    data, result = open_dataset("minicity").first(count), {}
    protocol = load_protocol()
    for name in ("clean", *dict.fromkeys(one.name for one in protocol.conditions())):
        matrices = {side: np.zeros((CLASSES, CLASSES), np.int64) for side in sides}
        differing = pixels = 0
        for index in range(count):
            scene = data[index]
            image = scene.image
            if name != "clean":
                image = corrupt(image, name, SEVERITY, seed=index)
            labels = {side: segmenter(image) for side, segmenter in sides.items()}
            differing += int((labels["float32"] != labels["bf16"]).sum())
            pixels += image[..., 0].size
            for side, found in labels.items():
                matrices[side] += confusion_matrix(scene.labels, found, CLASSES)
        scores = {side: mean_iou(matrix) for side, matrix in matrices.items()}
        result[name] = {
            "labels_that_differ": differing / pixels,
            "miou_float32": round(scores["float32"], 2),
            "miou_bf16": round(scores["bf16"], 2),
            "difference": round(scores["bf16"] - scores["float32"], 3),
        }
    return result


def differing(sides: Sides, folder: Path, count: int) -> dict[str, Any]:
    """Labels of a folder's images that differ."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".png", ".jpg"))
    files = files[:: max(1, len(files) // count)][:count]
    shares = []
    for path in files:
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        shares.append(float((sides["float32"](image) != sides["bf16"](image)).mean()))
    return {"images": len(shares), "labels_that_differ": statistics.fmean(shares)}


def measure(
    folder: Path | None, sizes: dict[tuple[int, int], int] = SIZES, images: int = 12
) -> dict[str, Any]:
    """Measure both networks."""
    result: dict[str, Any] = {
        "hardware": hardware("cpu"),
        "features": sorted(one for one in processor_features() if "bf16" in one),
        "torch": torch.__version__,
        "images": images,
        "severity": SEVERITY,
    }
    for model in MODELS:
        sides: Sides = {
            precision: load_segmenter(model, precision=precision)
            for precision in ("float32", "bf16")
        }
        conditions = scored(sides, images)
        corrupted = [values for name, values in conditions.items() if name != "clean"]
        found: dict[str, Any] = {
            "speed": {f"{h}x{w}": timed(sides, (h, w), pairs) for (h, w), pairs in sizes.items()},
            "clean": conditions["clean"],
            "corrupted, mean": {
                key: statistics.fmean(values[key] for values in corrupted) for key in corrupted[0]
            },
            "corrupted": conditions,
        }
        if folder:
            found["images of a folder"] = differing(sides, folder, images)
        result[model] = found
    return result


def main() -> None:
    started = time.perf_counter()
    result = measure(Path(sys.argv[2]) if len(sys.argv) > 2 else None)
    result["minutes"] = round((time.perf_counter() - started) / 60, 1)
    print(json.dumps(result, indent=2))
    Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
