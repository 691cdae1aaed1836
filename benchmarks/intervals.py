"""Two models compared: time from run folders to intervals and verdicts.

    python benchmarks/intervals.py benchmarks/results/intervals.json

Two runs of 500 images x 81 conditions with matrices of 19 x 19, as those of Cityscapes val, are
written to a temporary folder. Then each step is timed once: reading all of both runs, 1,000
draws scored for both, the table of the comparison; and the command as a whole, which reads the
confusion matrices alone.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from synthetic_runs import open_run, row

from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.results import Reference, compare_models, read_model
from robustbench_seg.results.models.bootstrap import bootstrap
from robustbench_seg.store import read_counts

IMAGES, CLASSES, BLOCK, DRAWS, PIXELS = 500, 19, 4, 1000, 2048 * 1024


def write_run(root: Path, model: str, right: float) -> Path:
    protocol = load_protocol()
    folder = open_run(root, model, IMAGES, [str(i) for i in range(CLASSES)], 1)
    generator = np.random.default_rng(len(model))
    conditions = (CLEAN, *protocol.conditions())
    for start in range(0, IMAGES, BLOCK):
        rows = []
        for image in range(start, start + BLOCK):
            for condition in conditions:
                share = np.full((CLASSES, CLASSES), (1 - right) / CLASSES**2)
                share += np.eye(CLASSES) * right / CLASSES
                matrix = generator.poisson(PIXELS * share * generator.gamma(2, 0.5, share.shape))
                rows.append(row(f"{image:05d}.png", condition, matrix))
        folder.add(start // BLOCK, rows)
    return folder.path


def main() -> None:
    protocol = load_protocol()
    seconds = {}

    def timed(name, function):
        start = time.perf_counter()
        result = function()
        seconds[name] = round(time.perf_counter() - start, 2)
        return result

    with tempfile.TemporaryDirectory() as root:
        runs = [write_run(Path(root), name, right) for name, right in (("a", 0.8), ("bb", 0.78))]
        counts = timed("read both runs", lambda: [read_counts(run) for run in runs])
        timed("score 1,000 draws of both", lambda: [bootstrap(c, protocol, DRAWS) for c in counts])
        models = [read_model([run], protocol, DRAWS) for run in runs]
        reference = Reference.of_model(models[1])
        timed("table of the comparison", lambda: compare_models(*models, protocol, reference))
        command = [sys.executable, "-m", "robustbench_seg", "compare", *map(str, runs)]
        timed("robustseg compare, the whole", lambda: subprocess.run(command, check=True))
    result = {
        "unit": "seconds; matrix products on one thread each, parts and draws on all cores",
        "images": IMAGES,
        "conditions": 81,
        "models": 2,
        "draws": DRAWS,
        "seconds": seconds,
    }
    print(json.dumps(result, indent=2))
    Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
