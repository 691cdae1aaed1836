"""The cost of verifying files, as a share of an evaluation.

    python benchmarks/verifying.py benchmarks/results/verifying.json

* `tree`: the pixel digest of a corrupted image over decoding it, one thread; and the wall time of
  evaluate --corrupted with the digests over that without, in turn.
* `dataset`: the digests of a dataset of the size and bytes of Cityscapes val, read for the first
  time and remembered; over decoding its images once.
* `parts`: reading a run of that size with its digests over reading it without.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning

keep_freed_memory()
limit_spinning()

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402
from synthetic_runs import open_run, row  # noqa: E402

from robustbench_seg.corruption.image_arrays import digest_pixels  # noqa: E402
from robustbench_seg.datasets import class_names, open_dataset, read_image  # noqa: E402
from robustbench_seg.datasets.minicity import draw_scene, write_minicity  # noqa: E402
from robustbench_seg.evaluation import evaluate  # noqa: E402
from robustbench_seg.records.cards.protocol import load_protocol  # noqa: E402
from robustbench_seg.store import Run  # noqa: E402
from robustbench_seg.trees import generate_cityscapes_c  # noqa: E402

IMAGES = 500
ROUNDS = 5
MODEL = "segformer-b0-minicity"
CONDITIONS = {"corruptions": ("gaussian_noise", "motion_blur", "fog"), "severities": (3,)}


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(one: Callable[[], object], other: Callable[[], object]) -> dict[str, object]:
    """Medians of both, and of the ratios of the pairs; the first pair is not counted."""
    pairs = []
    for n in range(ROUNDS + 1):
        order = [one, other] if n % 2 else [other, one]
        took = {work: seconds(work) for work in order}
        pairs.append((took[one], took[other]))
    return {
        "seconds": round(statistics.median(a for a, _ in pairs[1:]), 4),
        "seconds_other": round(statistics.median(b for _, b in pairs[1:]), 4),
        "ratio": round(statistics.median(a / b for a, b in pairs[1:]), 4),
        "ratios": [round(a / b, 3) for a, b in pairs[1:]],
    }


def tree(folder: Path) -> dict[str, object]:
    write_minicity(folder / "data", size=(1024, 2048), count=1)
    data = open_dataset("cityscapes", folder / "data")
    generate_cityscapes_c(out=folder / "tree", dataset=data, workers=1, **CONDITIONS)
    files = sorted((folder / "tree").glob("*/3/**/*.png"))
    shares = {}
    for file in files:
        image = read_image(file)
        shares[file.relative_to(folder / "tree").parts[0]] = in_turn(
            lambda image=image: digest_pixels(image), lambda file=file: read_image(file)
        )

    def score(out: Path) -> None:
        shutil.rmtree(out, ignore_errors=True)
        evaluate(
            model=MODEL, dataset=data, corrupted=folder / "tree", out=out, workers=1, **CONDITIONS
        )

    wanted = {digest_pixels(read_image(file)): file for file in files}
    known = {read_image(file).tobytes()[:4096]: digest for digest, file in wanted.items()}

    def unverified() -> None:
        fake = "robustbench_seg.trees.tree.digest_pixels"
        with mock.patch(fake, lambda image: known[image.tobytes()[:4096]]):
            score(folder / "unverified")

    whole = in_turn(lambda: score(folder / "verified"), unverified)
    return {"digest over decoding": shares, "evaluate with over without": whole}


def dataset(folder: Path) -> dict[str, object]:
    """Frames with noise: PNGs of some 2.3 MB, as Cityscapes' are; labels of some 50 KB."""
    sample = draw_scene("val", 0, (1024, 2048))
    rng = np.random.default_rng(0)
    root = folder / "city"
    images, labels = root / "leftImg8bit/val/a", root / "gtFine/val/a"
    images.mkdir(parents=True)
    labels.mkdir(parents=True)
    noise = rng.normal(0, 1.2, sample.image.shape).round().astype(np.int16)
    noisy = np.clip(sample.image + noise, 0, 255).astype(np.uint8)
    Image.fromarray(noisy).save(folder / "image.png", compress_level=6)
    Image.fromarray(np.where(sample.labels < 19, 7, 0).astype(np.uint8)).save(folder / "label.png")
    for n in range(IMAGES):
        name = f"a_{n:06d}_000019"
        shutil.copy(folder / "image.png", images / f"{name}_leftImg8bit.png")
        shutil.copy(folder / "label.png", labels / f"{name}_gtFine_labelIds.png")
    time.sleep(3)  # digests of just written files are not cached
    os.sync()
    cold = True
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3\n")
    except OSError:
        cold = False
    bytes_read = sum(file.stat().st_size for file in root.rglob("*.png"))
    first = seconds(lambda: open_dataset("cityscapes", root).fingerprint)
    again = [seconds(lambda: open_dataset("cityscapes", root).fingerprint) for _ in range(ROUNDS)]
    opening = [seconds(lambda: open_dataset("cityscapes", root)) for _ in range(ROUNDS)]
    opened = open_dataset("cityscapes", root)
    decoding = seconds(lambda: [opened.image(n) for n in range(40)]) / 40 * IMAGES
    return {
        "images": IMAGES,
        "gigabytes": round(bytes_read / 1e9, 3),
        "page cache dropped": cold,
        "seconds first": round(first, 2),
        "seconds remembered, with opening": round(statistics.median(again), 3),
        "seconds opening": round(statistics.median(opening), 3),
        "seconds of decoding each image once, one thread": round(decoding, 1),
        "first over decoding once": round(first / decoding, 3),
        "first over decoding under 81 conditions": round(first / decoding / 81, 5),
    }


def parts(folder: Path) -> dict[str, object]:
    rng, classes = np.random.default_rng(0), class_names("cityscapes")
    run = open_run(folder, "net", IMAGES, classes, 3)
    conditions = load_protocol().conditions((), ())
    for start in range(0, IMAGES, 25):
        rows = [
            row(f"image-{n}", condition, rng.integers(0, 90_000, (19, 19)))
            for n in range(start, start + 25)
            for condition in conditions
        ]
        run.add(start // 25, rows)

    def read() -> None:
        Run(run.path).conditions()

    def unverified() -> None:
        with (
            mock.patch("robustbench_seg.store.parts.PartHeader.check"),
            mock.patch("robustbench_seg.store.parts.digest_bytes"),
            mock.patch("robustbench_seg.store.parts._digest_rows"),
        ):
            read()

    return in_turn(read, unverified)


def main(out: str) -> None:
    """Measure, print and write."""
    results = {}
    with tempfile.TemporaryDirectory() as name:
        os.environ["ROBUSTSEG_CACHE"] = str(Path(name) / "cache")
        for part in (tree, dataset, parts):
            folder = Path(name) / part.__name__
            folder.mkdir()
            results[part.__name__] = part(folder)
            print(part.__name__, json.dumps(results[part.__name__], indent=1), flush=True)
    Path(out).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
