"""Run folders of the size of Cityscapes val, for the benchmarks that read runs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.measures import class_counts, mean_iou
from robustbench_seg.measures.confidence_histogram import BINS, LEVELS, UNIT
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.runs.run_key import DatasetRecord, PerturbationRecord, RunKey
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.store import Row, RunFolder


def open_run(root: Path, model: str, images: int, classes: Sequence[str], size: int) -> RunFolder:
    """An empty run folder of a model with `size` million parameters."""
    protocol = load_protocol()
    key = RunKey(
        SegmenterRecord("synthetic", weights=model),
        DatasetRecord("cityscapes", "val", images, tuple(classes), {}),
        PerturbationRecord("fast", 2, 0, protocol.severities_digest, {}),
    )
    about = ModelFacts(params=10**6 * size, macs=10**9 * size)
    return RunFolder.open(root, RunRecord(model, key, protocol.name, protocol.version, about=about))


def row(image: str, condition: Condition, matrix: NDArray[np.int64]) -> Row:
    """What all measures observe of an image with this confusion matrix.

    A quarter of the pixels is in each zone of distance from a boundary; every class has ten objects
    of each size. Right pixels are more confident than wrong ones.
    """
    counts = class_counts(matrix)
    recalls = 10 * counts[0] / np.maximum(counts[1], 1)
    objects = np.stack([np.full(len(matrix), 10.0), recalls, np.floor(recalls / 2)])
    observed = {
        "confusion": matrix,
        "image_miou": np.array([mean_iou(matrix), 1.0]),
        "boundary": np.stack([counts // 4] * 4),
        "boundary_iou": np.stack([counts // 2, counts // 8]),
        "objects": np.stack([objects] * 3),
        "confidence": _confidence(matrix),
    }
    return Row(image, condition, observed)


_EVEN = np.full(LEVELS, 1 / LEVELS)
_RISING = np.arange(1, LEVELS + 1) * 2 / LEVELS / (LEVELS + 1)


def _confidence(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    """Histograms of the right and the wrong pixels, and plausible sums."""
    pixels, right = int(matrix.sum()), int(matrix.trace())
    levels = [right * _RISING, (pixels - right) * _EVEN]
    sums = np.full(BINS + 2, 0.5 * pixels / UNIT / BINS)
    return np.rint(np.concatenate([*levels, sums, [pixels]])).astype(np.int64)
