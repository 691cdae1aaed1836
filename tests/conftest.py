from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure

from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.runs.run_key import DatasetRecord, PerturbationRecord, RunKey
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.records.values.training import Training
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.reporting.literature.catalogue import literature
from robustbench_seg.store import Row, RunFolder

# Two test processes of one thread each are faster than two that spin on the same cores.
torch.set_num_threads(1)


LONGEST = (
    "tests/test_docs_run.py",
    "tests/cli/test_demo.py",
    "tests/evaluation/test_ray_executor.py",
    "tests/training/test_distributed.py",
    "tests/evaluation/test_measures.py",
    "tests/architectures/test_tensorflow_layout.py",
    "tests/test_docs_site.py",
)
"""Files whose tests take longest, in that order. They have few tests, and pytest-xdist would start
them last, so that one process would wait for the other.
"""


def pytest_collection_modifyitems(config, items):
    first = {config.rootpath / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: first.get(Path(item.path), len(first)))


DRAWING = (
    "severity_curves",
    "radius_curves",
    "class_heatmap",
    "confidence_overview",
    "category_reliability",
    "cost_scatter",
)


@pytest.fixture(scope="session")
def blank():
    """A function that makes the figures of reports empty for the duration of a monkeypatch."""

    def patched(patch, names=DRAWING):
        for name in names:
            drawn = f"robustbench_seg.reporting.page.figures.{name}"
            patch.setattr(drawn, lambda *_, **__: Figure(figsize=(1, 1)))

    return patched


@pytest.fixture(scope="session")
def published_on():
    """Patch the number of images of Table 5 (cityscapes_c)."""

    def patched(patch: pytest.MonkeyPatch, images: int) -> None:
        rows = literature()
        rows.loc[rows["source"] == "cityscapes_c", "images"] = images
        patch.setattr(
            "robustbench_seg.reporting.literature.published_results.literature", lambda: rows
        )

    return patched


@pytest.fixture
def blank_figures(monkeypatch, blank):
    """Reports whose figures are empty, for tests of everything else: drawing takes seconds."""
    blank(monkeypatch)


EASY = {"fog", "snow", "gaussian_noise"}


@pytest.fixture(scope="session")
def protocol():
    return load_protocol()


@pytest.fixture
def run_record():
    """Build the record of a run; each part of its key has a separate name."""

    def make(
        model="m",
        *,
        dataset="d",
        split="val",
        images=2,
        classes=("x", "y"),
        fingerprint="f",
        stream="fast",
        seed=0,
        severities=None,
        laws=None,
        weights="abc",
        precision="float32",
        protocol="cityscapes-c",
        **beside,
    ):
        severities = severities or load_protocol().severities_digest
        key = RunKey(
            SegmenterRecord("toy", weights, precision=precision),
            DatasetRecord(dataset, split, images, tuple(classes), {"files": fingerprint}),
            PerturbationRecord(stream, 2, seed, severities, laws or {"fog": 1}),
        )
        return RunRecord(model, key, protocol, "1", **beside)

    return make


@pytest.fixture
def run(tmp_path, protocol, run_record):
    """Write the run of a model whose share of right pixels is `level`, plus chance by image.

    gain: of the corruptions in EASY; trained: the seed of its training; recipe: changes of it;
    lack: (image, condition) left out; scored: how many of the images have rows.
    """

    def write(
        model,
        level=0.6,
        *,
        gain=0.0,
        images=14,
        trained=None,
        recipe=None,
        lack=(),
        scored=None,
        **changes,
    ):
        training = None
        if trained is not None:
            own = TrainingRecipe(**{"iterations": 100, "seed": trained, **(recipe or {})})
            training = Training("train", 5.0 + trained, "", 100, trained, ema=own.ema, recipe=own)
        defaults = {
            "dataset": "cityscapes",
            "images": images,
            "classes": ("x", "y", "z"),
            "weights": f"{model} {trained}",
            "about": ModelFacts(training=training),
        }
        folder = RunFolder.open(tmp_path / "runs", run_record(model, **{**defaults, **changes}))
        rows, count = [], len(changes.get("classes", "xyz"))
        for image in range(images if scored is None else scored):
            luck = np.random.default_rng(image).normal(0, 0.05)
            for condition in (CLEAN, *protocol.conditions()):
                share = level + luck + gain * (condition.name in EASY)
                share -= 0.02 * condition.severity
                hit = min(int(1000 * share), 1000)
                matrix = np.full((3, 3), (1000 - hit) // 2) + np.diag([hit] * 3)
                matrix = matrix[:count, :count]
                name = f"{image}.png"
                if (image, condition) in lack:
                    rows.append(Row(name, condition, reason="truncated"))
                else:
                    values = {"confusion": matrix, "image_miou": np.array([100.0 * share, 1.0])}
                    rows.append(Row(name, condition, values))
        folder.add(0, rows)
        return folder.path

    return write


@pytest.fixture
def table():
    """Rows as read_results gives them, from {condition: [matrix of each image]}."""

    def make(matrices, run="runs/a", images=None, model="a", clip=1):
        count = images or max(map(len, matrices.values()))
        return pd.DataFrame(
            [
                {
                    "run": run,
                    "model": model,
                    "dataset": "toy",
                    "split": "val",
                    "images": count,
                    "classes": tuple("xyz"),
                    "clip": clip,
                    "image": f"{i}.png",
                    "corruption": condition.name,
                    "severity": condition.severity,
                    "matrix": matrix,
                }
                for condition, ones in matrices.items()
                for i, matrix in enumerate(ones)
            ]
        )

    return make


@pytest.fixture
def whole(protocol):
    """Random matrices of every scored condition and clean: {condition: [one for each image]}."""

    def make(images, seed=0, classes=3):
        rng = np.random.default_rng(seed)
        return {
            condition: [rng.integers(0, 100, (classes, classes)) for _ in range(images)]
            for condition in (CLEAN, *protocol.scored_conditions)
        }

    return make
