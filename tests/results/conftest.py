import numpy as np
import pandas as pd
import pytest

from robustbench_seg.records.protocol import CLEAN, load_protocol
from robustbench_seg.records.run_record import CorruptionRecord, DatasetRecord, RunKey, RunRecord
from robustbench_seg.records.segmenter_record import SegmenterRecord


@pytest.fixture(scope="session")
def protocol():
    return load_protocol()


@pytest.fixture
def run_record():
    """Build the record of a run; each part of its key by a name of its own, the rest as it is."""

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
            CorruptionRecord(stream, 2, seed, severities, laws or {"fog": 1}),
        )
        return RunRecord(model, key, protocol, "1", **beside)

    return make


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
