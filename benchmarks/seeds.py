"""Whether intervals hold for other random numbers of the corruptions; what another seed changes.

    python benchmarks/seeds.py benchmarks/results/seeds.json [--real]

Simulated: in each study an image has an accuracy of its own, and each image, corruption and seed
adds a deviation of its own. The truth is the mean over all images and all random numbers. Counted
is how often the 95 % interval holds it, whether it is made of one seed or of several.

Real (--real): the two networks of the demo on minicity scenes, SEEDS times under another seed. The
standard deviation of their means over the seeds stands beside the half width of the interval that
one seed gives. It takes some minutes.
"""

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

import robustbench_seg as rs
from robustbench_seg.records.cards.protocol import Protocol, load_protocol
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results import Trainings, read_model, score_interval
from robustbench_seg.results.models.bootstrap import bootstrap

STUDIES, RESAMPLES = 400, 300
IMAGES = (5, 10, 30, 100)
NOISES = (0.0, 0.15)
IMAGE, ACCURACY, PIXELS = 0.08, 0.6, 1000
"""Standard deviation of the accuracy of an image; its mean; pixels of an image."""

NETWORKS = ("segformer-b0-minicity", "deeplabv3plus-mobilenetv2-minicity")
SEEDS, SCENES = 6, 16

SPECS = load_protocol().perturbations[4:7]
PROTOCOL = Protocol("three", "1", "here", tuple(replace(spec, scored=(3,)) for spec in SPECS))


def interval(rng: np.random.Generator, images: int, noise: float, seeds: int) -> tuple:
    """The mean over the corruptions of one study, and its interval."""
    own = ACCURACY + IMAGE * rng.normal(size=images)
    tables, runs = [], [f"seed {seed}" for seed in range(seeds)]
    for run in runs:
        for condition in (CLEAN, *(Condition(spec.name, 3) for spec in SPECS)):
            luck = 0.0 if condition == CLEAN else noise * rng.normal(size=images)
            right = np.clip(PIXELS * (own + luck), 0, PIXELS).astype(int)
            tables.append(
                pd.DataFrame(
                    {
                        "run": run,
                        "model": "m",
                        "images": images,
                        "clip": 1,
                        "image": [f"{place:04d}.png" for place in range(images)],
                        "corruption": condition.name,
                        "severity": condition.severity,
                        "matrix": [np.array([[n, PIXELS - n], [PIXELS - n, n]]) for n in right],
                    }
                )
            )
    scores = bootstrap(pd.concat(tables), PROTOCOL, RESAMPLES, trainings=Trainings([runs]))
    return float(scores.mean[0]), *score_interval(scores.mean, scores.units)


def simulated() -> list[dict[str, float]]:
    rng = np.random.default_rng(0)
    rows = []
    for noise in NOISES:
        many = ACCURACY + np.hypot(IMAGE, noise) * rng.normal(size=1_000_000)
        accuracy = float(np.clip(many, 0, 1).mean())
        truth = 100 * accuracy / (2 - accuracy)  # two classes with equally many wrong pixels
        for images in IMAGES:
            for seeds in (1, 3):
                found = np.array([interval(rng, images, noise, seeds) for _ in range(STUDIES)])
                held = (found[:, 1] <= truth) & (truth <= found[:, 2])
                rows.append(
                    {
                        "noise": noise,
                        "images": images,
                        "seeds": seeds,
                        "held_percent": 100 * float(held.mean()),
                        "half_width": float((found[:, 2] - found[:, 1]).mean() / 2),
                    }
                )
                print(rows[-1], flush=True)
    return rows


def real() -> list[dict[str, object]]:
    torch.set_num_threads(1)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for network in NETWORKS:
            runs = rs.evaluate(
                model=network,
                dataset="minicity",
                limit=SCENES,
                threads=1,
                seeds=tuple(range(SEEDS)),
                out=folder,
            )
            one, every = (
                read_model([run.path for run in chosen], load_protocol())
                for chosen in (runs[:1], runs)
            )
            low, high = score_interval(one.scores.mean, one.scores.units)
            means = list(every.seed_means.values())
            rows.append(
                {
                    "network": network,
                    "images": SCENES,
                    "seeds": SEEDS,
                    "means": means,
                    "deviation": float(np.std(means, ddof=1)),
                    "half_width_of_one_seed": (high - low) / 2,
                }
            )
            print(rows[-1], flush=True)
    return rows


def main() -> None:
    path = Path(sys.argv[1])
    result = json.loads(path.read_text()) if path.exists() else {}
    if "--real" in sys.argv:
        result["real"] = real()
    else:
        result |= {"studies": STUDIES, "resamples": RESAMPLES, "simulated": simulated()}
    path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
