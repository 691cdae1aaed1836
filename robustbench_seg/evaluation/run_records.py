"""Builds the record of a run, which is stored as run.json."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import torch

from robustbench_seg.analysis import image_macs
from robustbench_seg.attacks import attack_laws
from robustbench_seg.corruption import STREAMS, laws, libraries
from robustbench_seg.datasets import Dataset, FileDataset, list_datasets
from robustbench_seg.errors import RobustsegError
from robustbench_seg.evaluation.corrupted_tree import Tree
from robustbench_seg.evaluation.evaluation import Evaluation
from robustbench_seg.evaluation.temperature_fit import temperature_record
from robustbench_seg.machine.hardware import hardware
from robustbench_seg.records.runs.run_key import CorruptionRecord, DatasetRecord, RunKey
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.segmenter import Segmenter, why_no_confidence
from robustbench_seg.trees.foreign import ForeignTree

log = logging.getLogger(__name__)


def run_record(evaluation: Evaluation, segmenter: Segmenter, tree: Tree | None) -> RunRecord:
    """Build the record of a segmenter's run; see RunRecord.

    Its key leaves out everything that does not change results: workers, paths, whether corrupted
    images are read or made, and which conditions are asked for.
    """
    spec, data, protocol = evaluation.spec, evaluation.dataset, evaluation.protocol
    images = DatasetRecord(
        data.name, data.split, len(data), tuple(data.classes), _plain(data.fingerprint)
    )
    key = RunKey(
        segmenter.record,
        images,
        _corruption_record(evaluation, tree),
        temperature_record(evaluation, segmenter, images),
        evaluation.attack_settings.record,
        evaluation.class_map.record if evaluation.class_map else None,
    )
    own = data if isinstance(data, FileDataset) and data.name not in list_datasets() else None
    return RunRecord(
        model=segmenter.name,
        key=key,
        protocol=protocol.name,
        protocol_version=protocol.version,
        clip=data.clip,
        palette=tuple((r, g, b) for r, g, b in data.palette),
        groups=own.groups if own else {},
        persons=own.persons if own else (),
        class_map=evaluation.class_map.facts if evaluation.class_map else None,
        about=replace(
            segmenter.about,
            macs=_macs(segmenter, data),
            no_confidence=why_no_confidence(segmenter),
        ),
        published=evaluation.published(segmenter),
        libraries=versions(segmenter),
        hardware=hardware(segmenter.about.device),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=spec.command,
    )


def _corruption_record(evaluation: Evaluation, tree: Tree | None) -> CorruptionRecord:
    spec, protocol = evaluation.spec, evaluation.protocol
    if isinstance(tree, ForeignTree):
        return CorruptionRecord("unknown", 1, 0, protocol.severities_digest, {}, tree.digest)
    current = {**laws(protocol), **attack_laws(protocol), **(tree.laws if tree else {})}
    stream = tree.stream_version if tree else STREAMS[spec.stream].version
    return CorruptionRecord(
        spec.stream, stream, evaluation.seed, protocol.severities_digest, current
    )


def versions(segmenter: Segmenter) -> Mapping[str, str]:
    """Versions of the libraries that make images and compute a segmenter."""
    return {**libraries(), "torch": str(torch.__version__), **segmenter.about.libraries}


def _plain(fingerprint: Mapping[str, object]) -> Mapping[str, object]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in fingerprint.items()}


def _macs(segmenter: Segmenter, data: Dataset) -> int | None:
    """Multiply-accumulates for an image of the size of the first one, if they can be counted."""
    if segmenter.about.card is None:
        return segmenter.about.macs
    try:
        height, width = data[0].image.shape[:2]
        return image_macs(segmenter.record, len(segmenter.classes), (height, width))
    except RobustsegError as error:
        log.info("%s: operations not counted: %s", segmenter.name, error)
        return None
