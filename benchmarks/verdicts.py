"""How often a verdict is right: two models with a known difference, many times.

    python benchmarks/verdicts.py benchmarks/results/verdicts.json

Each study draws images, models and trainings anew: the accuracy of an image is a mean, what the
image adds for both models, what it adds for one of them, and what a training adds. A model with
several trainings is a recipe, and the true difference is that of the recipes; a model with one
training is these weights. With a true difference of 0 every verdict is false. Three corruptions
stand for sixteen. `unequal` has recipes whose trainings vary unequally and do not differ otherwise.
`families` asks all pairs of several equal models, as the ranks of a report do. Each case has random
numbers of its own, so that processes share the cases.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol, load_protocol
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results import ModelScores, ScoreDifference, verdicts
from robustbench_seg.results.models.bootstrap import bootstrap

UNITS = (2, 5, 6, 10, 30, 100, 500)
DIFFERENCES = (0, 1, 2, 3, 5)
TRAININGS = (1, 2, 3)
NULL_STUDIES, STUDIES, FAMILY_STUDIES, RESAMPLES = 400, 50, 300, 300
IMAGE, OWN, CELL, TRAINING = 0.08, 0.05, 0.03, 0.01
"""Standard deviations of the accuracy: of an image for both models, for one, for one under one
corruption; of a training."""

SPREADS = (0.5, 0.2)
"""How much the trainings of one model vary, relative to those of the other."""

SPECS = load_protocol().perturbations[4:7]
PROTOCOL = Protocol("three", "1", "here", tuple(replace(each, scored=(3,)) for each in SPECS))
CONDITIONS = (CLEAN, *(Condition(each.name, 3) for each in PROTOCOL.perturbations))


def model(
    rng: np.random.Generator,
    shared: np.ndarray,
    gain: float,
    trainings: int,
    name: str,
    spread: float = 1,
) -> ModelScores:
    """A model that is `gain` percent points of mIoU above 43 on average."""
    units = len(shared)
    own = shared + OWN * rng.normal(size=units)
    tables = []
    for training in range(trainings):
        luck = spread * TRAINING * rng.normal() if trainings > 1 else 0.0
        for condition in CONDITIONS:
            cell = own + CELL * rng.normal(size=units) + luck
            right = np.clip(1000 * (0.6 + gain / 102 + cell), 0, 1000).astype(int)
            matrices = [np.array([[n, 1000 - n], [1000 - n, n]]) for n in right]
            tables.append(
                pd.DataFrame(
                    {
                        "run": f"{name}/{training}",
                        "model": name,
                        "images": units,
                        "clip": 1,
                        "image": [f"{place:04d}.png" for place in range(units)],
                        "corruption": condition.name,
                        "severity": condition.severity,
                        "matrix": matrices,
                    }
                )
            )
    return bootstrap(pd.concat(tables), PROTOCOL, RESAMPLES)


def study(
    rng: np.random.Generator,
    units: int,
    gains: Mapping[str, float],
    trainings: int,
    spread: float = 1,
) -> list[str]:
    """What is said of each pair of models; `spread` is that of the trainings of the first."""
    shared = IMAGE * rng.normal(size=units)
    models = [
        model(rng, shared, gain, trainings, name, 1 if place else spread)
        for place, (name, gain) in enumerate(gains.items())
    ]
    family = [ScoreDifference.of(a, b, a.mean, b.mean) for a, b in combinations(models, 2)]
    return [verdict.better for verdict in verdicts(family)]


def pair(case: tuple[int, int, int, float]) -> dict[str, float]:
    """How often a verdict about two models is given, and false."""
    trainings, units, gain, spread = case
    rng = np.random.default_rng([trainings, units, gain, round(100 * spread)])
    count = STUDIES if gain else NULL_STUDIES
    gains = {"a": gain, "b": 0}
    better = [study(rng, units, gains, trainings, spread)[0] for _ in range(count)]
    wrong = better.count("B") + (0 if gain else better.count("A"))
    return {
        "trainings": trainings,
        "images": units,
        "difference": gain,
        "spread": spread,
        "studies": count,
        "established_percent": 100 * (count - better.count("open")) / count,
        "false_percent": 100 * wrong / count,
    }


def family(case: tuple[int, int]) -> dict[str, float]:
    """How often a verdict about any pair of equal models is given, which is false."""
    models, units = case
    rng = np.random.default_rng([models, units])
    gains = {f"m{place}": 0 for place in range(models)}
    said = [study(rng, units, gains, 1) for _ in range(FAMILY_STUDIES)]
    false = sum(set(verdicts) != {"open"} for verdicts in said)
    return {
        "models": models,
        "images": units,
        "studies": FAMILY_STUDIES,
        "false_percent": 100 * false / FAMILY_STUDIES,
    }


def main() -> None:
    equal = [(n, units, gain, 1) for n in TRAININGS for units in UNITS for gain in DIFFERENCES]
    unequal = [(n, units, 0, each) for n in (2, 3) for units in (30, 500) for each in SPREADS]
    families = [(models, units) for models in (3, 6) for units in (30, 500)]
    with ProcessPoolExecutor() as pool:
        found: dict[str, Sequence[dict[str, float]]] = {
            "pairs": [*pool.map(pair, equal)],
            "unequal": [*pool.map(pair, unequal)],
            "families": [*pool.map(family, families)],
        }
    result = {"resamples": RESAMPLES, **found}
    Path(sys.argv[1]).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
