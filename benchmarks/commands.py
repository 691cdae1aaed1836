"""Whole commands of two checkouts in turn: start-up, evaluate and report; ratios of the pairs.

    python benchmarks/commands.py OTHER benchmarks/results/commands.json

OTHER is a checkout with an installed .venv, such as an earlier release. In each pair the order
changes; the first pair is not counted. Networks take two threads. The image of the evaluation with
the measure confusion is minicity's, of 1024x2048.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from robustbench_seg.datasets.minicity import write_minicity

HERE = Path(__file__).parents[1]
SCORE = "evaluate --model segformer-b0 --weights none --dataset minicity --limit 2 --threads 2"
COMMANDS = {
    "start-up": ("--help", 15),
    "evaluate": (f"{SCORE} --out OUT", 4),
    "evaluate --measure confusion": (
        "evaluate --model segformer-b0 --weights none --data DATA --corruption fog "
        "--measure confusion --threads 2 --out OUT",
        6,
    ),
    "report": ("report reports/recorded --out OUT", 4),
}


def seconds(checkout: Path, words: str, folder: Path) -> float:
    """Seconds of one command of a checkout, with a new output folder."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    words = words.replace("OUT", str(out)).replace("DATA", str(folder / "data"))
    command = [str(checkout / ".venv/bin/robustseg"), *words.split()]
    start = time.perf_counter()
    subprocess.run(command, cwd=checkout, check=True, capture_output=True)
    return time.perf_counter() - start


def main(other: str, out: str) -> None:
    """Time the pairs, print and write them."""
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        write_minicity(Path(folder) / "data", "val", (1024, 2048), 1)
        for name, (words, pairs) in COMMANDS.items():
            times = []
            for pair in range(pairs + 1):
                order = [Path(other), HERE] if pair % 2 else [HERE, Path(other)]
                took = {checkout: seconds(checkout, words, Path(folder)) for checkout in order}
                times.append((took[HERE], took[Path(other)]))
            ratios = [here / there for here, there in times[1:]]
            results[name] = {
                "seconds": round(statistics.median(here for here, _ in times[1:]), 3),
                "seconds_other": round(statistics.median(there for _, there in times[1:]), 3),
                "ratio": round(statistics.median(ratios), 3),
                "ratios": [round(ratio, 2) for ratio in ratios],
            }
            print(name, results[name], flush=True)
    Path(out).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
