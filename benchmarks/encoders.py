"""PNG encoders for corrupted images: time and size.

    python benchmarks/encoders.py benchmarks/results/encoders.json

Every corruption at severity 3 of a photograph of 2048 x 1024 (skimage.data.astronaut, mirrored to
fill it) is encoded by each in turn, in memory, on one thread.
"""

import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from corruptions import photograph
from robustbench_seg.corruption import corrupt
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.trees.writing.png import encode_png

ROUNDS = 3


def pillow(level: int) -> Callable[[np.ndarray], bytes]:
    def encode(image: np.ndarray) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "PNG", compress_level=level)
        return buffer.getvalue()

    return encode


def opencv(*parameters: int) -> Callable[[np.ndarray], bytes]:
    return lambda image: bytes(cv2.imencode(".png", image[..., ::-1], parameters)[1])


ENCODERS = {
    "ours": encode_png,
    "pillow, default": pillow(6),
    "pillow, level 1": pillow(1),
    "opencv, default": opencv(),
    "opencv, runs only": opencv(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
}


def main() -> None:
    cv2.setNumThreads(1)
    photo = photograph()
    milliseconds = {name: [] for name in ENCODERS}
    sizes = dict.fromkeys(ENCODERS, 0)
    for corruption in load_protocol().names:
        image = corrupt(photo, corruption, 3)
        rounds = {name: [] for name in ENCODERS}
        for _ in range(ROUNDS):
            for name, encode in ENCODERS.items():
                start = time.perf_counter()
                encode(image)
                rounds[name].append(1000 * (time.perf_counter() - start))
        for name, encode in ENCODERS.items():
            milliseconds[name].append(statistics.median(rounds[name]))
            sizes[name] += len(encode(image))
    default = "pillow, default"
    result = {
        "unit": "mean ms an image of 2048x1024; size in Pillow's default",
        "rounds": ROUNDS,
        "encoders": {
            name: {
                "ms": round(statistics.mean(milliseconds[name]), 1),
                "times_faster": round(sum(milliseconds[default]) / sum(milliseconds[name]), 1),
                "size": round(sizes[name] / sizes[default], 3),
            }
            for name in ENCODERS
        },
    }
    print(json.dumps(result, indent=2))
    Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
