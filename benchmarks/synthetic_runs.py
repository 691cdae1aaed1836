"""Run folders of the size of Cityscapes val, for the benchmarks that read runs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.measures import class_counts, mean_iou
from robustbench_seg.records.protocol import Condition, load_protocol
from robustbench_seg.records.run_key import CorruptionRecord, DatasetRecord, RunKey
from robustbench_seg.records.run_record import RunRecord
from robustbench_seg.records.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.results import Row, RunFolder


def open_run(root: Path, model: str, images: int, classes: Sequence[str], size: int) -> RunFolder:
    """An empty run folder of a model with `size` million parameters."""
    protocol = load_protocol()
    key = RunKey(
        SegmenterRecord("synthetic", weights=model),
        DatasetRecord("cityscapes", "val", images, tuple(classes), {}),
        CorruptionRecord("fast", 2, 0, protocol.severities_digest, {}),
    )
    about = ModelFacts(params=10**6 * size, macs=10**9 * size)
    return RunFolder.open(root, RunRecord(model, key, protocol.name, protocol.version, about=about))


def row(image: str, condition: Condition, matrix: NDArray[np.int64]) -> Row:
    """What all measures observe of an image with this confusion matrix.

    A quarter of the pixels is in each zone of distance from a boundary; every class has ten objects
    of each size.
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
    }
    return Row(image, condition, observed)
