"""A leaderboard of many models under 16 corruptions: the time of a first build and of further ones.

    python benchmarks/leaderboard.py benchmarks/results/leaderboard.json [models] [images]

Runs are written by the store with random matrices and packed; the site is built as `robustseg
leaderboard` does, in processes of its own: with an empty cache, with all packs known, and with one
pack more than is known. CPU time is that of all threads, user and system; wall time holds for a
machine that does nothing else.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from synthetic_runs import open_run, row

from robustbench_seg.datasets import class_names
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.store import Timing, pack

CLASSES = class_names("cityscapes")
MEASURES = ("confusion", "image_miou")
"""What each row has. The other measures make the first build longer, and no later one."""


def write_pack(root: Path, name: str, seed: int, images: int) -> None:
    """Write a model's run, and pack it."""
    rng, protocol = np.random.default_rng(seed), load_protocol()
    folder = open_run(root / "runs", name, images, CLASSES, seed % 90 + 1)
    classes, rows, times = len(CLASSES), [], []
    for index in range(images):
        for condition in (CLEAN, *protocol.conditions()):
            matrix = rng.integers(0, 200, (classes, classes))
            matrix[np.diag_indices(classes)] += 3000 + 3 * seed - 500 * condition.severity
            whole = row(f"town/{index:03d}.png", condition, matrix)
            values = {measure: whole.values[measure] for measure in MEASURES}
            rows.append(type(whole)(whole.image, condition, values))
            times.append(Timing(whole.image, condition, 0.1, 0.01 * (seed % 50 + 1)))
    folder.add(0, rows, times)
    pack(folder.path, root / "packs" / f"{name}.pack.zip")


def build(packs: Path, out: Path) -> dict[str, float]:
    """CPU and wall seconds of a process that builds the site."""
    start = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "robustbench_seg", "leaderboard", str(packs)]
    done = [*command, "--out", str(out)]
    subprocess.run(done, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": round(cpu, 1), "wall": round(time.perf_counter() - start, 1)}


def main() -> None:
    """Build it and write what was measured."""
    models = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    images = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        os.environ["ROBUSTSEG_CACHE"] = str(root / "cache")
        for seed in range(models):
            write_pack(root, f"model-{seed:03d}", seed, images)
        out = root / "site"
        seconds = {"first build": build(root / "packs", out)}
        seconds["all packs known"] = build(root / "packs", out)
        write_pack(root, "one-more", models, images)
        seconds["one pack more"] = build(root / "packs", out)
        pages = {path: path.stat().st_size for path in out.rglob("*.html")}
        board = max(pages.values())
        site = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    result = {
        "study": f"{models} models, 16 corruptions, 81 conditions, {images} images, 19 classes",
        "measures": list(MEASURES),
        "seconds": seconds,
        "largest_page_mb": round(board / 1e6, 2),
        "pages": len(pages),
        "site_mb": round(site / 1e6, 1),
        # In kilobytes, on macOS in bytes.
        "peak_mb": round(peak / (1e6 if sys.platform == "darwin" else 1e3)),
    }
    print(json.dumps(result, indent=2))
    Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
