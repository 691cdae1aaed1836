"""Generating Cityscapes-C, compared with a straightforward script.

    python benchmarks/generate.py benchmarks/results/generate.json [images]

Both make all 80 variants of the same images of 2048 x 1024 (photographs of skimage.data, mirrored
to fill it) in one process of one thread, encoding and disk included, and take turns. The obvious
script calls the maintained fork of imagecorruptions and Pillow's save. Loops are compiled before.
CPU seconds are those of the whole process, its start included; the memory is its peak.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from subprocess import Popen

import numpy as np
from PIL import Image
from skimage import data

from robustbench_seg.corruption import corrupt
from robustbench_seg.records.cards.protocol import load_protocol

OBVIOUS = """
import sys
from pathlib import Path
import cv2, imagecorruptions, numpy as np
from PIL import Image
cv2.setNumThreads(1)
source, out, names = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3].split(",")
for path in sorted(source.rglob("*_leftImg8bit.png")):
    image = np.asarray(Image.open(path))
    for name in names:
        for severity in range(1, 6):
            target = out / name / str(severity) / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(imagecorruptions.corrupt(image, severity, name)).save(target)
"""
ROUNDS = 2


def write_dataset(root: Path, count: int) -> None:
    """A Cityscapes of `count` images, whose labels nobody looks at."""
    for index in range(count):
        tile = np.roll((data.astronaut(), data.cat(), data.coffee())[index % 3], 37 * index, 1)
        tile = np.asarray(Image.fromarray(tile).resize((512, 512)))
        row = np.hstack([tile, tile[:, ::-1], tile, tile[:, ::-1]])
        name = f"val/ulm/ulm_{index:06}_000000"
        image = root / "leftImg8bit" / f"{name}_leftImg8bit.png"
        labels = root / "gtFine" / f"{name}_gtFine_labelIds.png"
        for path, pixels in ((image, np.vstack([row, row[::-1]])), (labels, row[..., 0])):
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)


def run(command: list[str]) -> dict[str, float]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    start = time.perf_counter()
    process = Popen(command, env=environment, stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command[0]} failed")
    return {
        "wall_s": round(time.perf_counter() - start, 1),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
        # In kilobytes, on macOS in bytes.
        "peak_mb": round(usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)),
    }


def folder_size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.png") if not path.is_symlink())


def main() -> None:
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    for condition in load_protocol().conditions():
        corrupt(data.astronaut(), condition.name, condition.severity)
    names = ",".join(load_protocol().names)
    rounds, sizes = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            write_dataset(folder / "city", count)
            ours = ["generate-cityscapes-c", "--data", str(folder / "city"), "--workers", "1"]
            ours = [str(Path(sys.executable).parent / "robustseg"), *ours]
            theirs = [sys.executable, "-c", OBVIOUS, str(folder / "city")]
            rounds.append(
                {
                    "ours": run([*ours, "--out", str(folder / "ours")]),
                    "obvious": run([*theirs, str(folder / "theirs"), names]),
                }
            )
            sizes.append(folder_size(folder / "ours") / folder_size(folder / "theirs"))
            print(rounds[-1], file=sys.stderr)

    def median(who: str, key: str) -> float:
        return statistics.median(r[who][key] for r in rounds)

    result = {
        "unit": f"{count} images of 2048x1024 x 80 conditions, one process, one thread",
        "rounds": rounds,
        "obvious_over_ours_wall": round(
            statistics.median(r["obvious"]["wall_s"] / r["ours"]["wall_s"] for r in rounds), 2
        ),
        "obvious_over_ours_cpu": round(
            statistics.median(r["obvious"]["cpu_s"] / r["ours"]["cpu_s"] for r in rounds), 2
        ),
        "images_per_second": round(80 * count / median("ours", "wall_s"), 1),
        "peak_mb": median("ours", "peak_mb"),
        "size_over_pillow": round(statistics.median(sizes), 3),
    }
    print(json.dumps(result, indent=2))
    Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
