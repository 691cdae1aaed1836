"""Run folders of the size of Cityscapes val, for the benchmarks that read runs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.measures import mean_iou
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
    """What all measures observe of an image with this confusion matrix."""
    observed = {"confusion": matrix, "image_miou": np.array([mean_iou(matrix), 1.0])}
    return Row(image, condition, observed)
