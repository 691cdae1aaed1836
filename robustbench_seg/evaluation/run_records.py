"""Builds the record of a run, which is stored as run.json."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import torch

from robustbench_seg.corruption import STREAMS, laws, libraries
from robustbench_seg.datasets import EvaluationDataset, facts_of
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.machine.hardware import hardware
from robustbench_seg.records.cards.protocol import ProtocolFile, list_protocols
from robustbench_seg.records.runs.run_key import DatasetRecord, PerturbationRecord, RunKey
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.runs.temperature_record import TemperatureRecord
from robustbench_seg.segmenter import EvaluatedModel, why_no_confidence
from robustbench_seg.trees.tree import Tree


def run_record(
    evaluation: Evaluation,
    segmenter: EvaluatedModel,
    tree: Tree | None,
    temperature: TemperatureRecord | None,
    macs: int | None = None,
) -> RunRecord:
    """Build the record of a segmenter's run; see RunRecord.

    Its key leaves out everything that does not change results: workers, paths, whether corrupted
    images are read or created, and the requested conditions.

    Args:
        evaluation: The evaluation.
        segmenter: The segmenter.
        tree: The tree with the images; None: they are created in memory.
        temperature: The temperature of the run. None: no scaled confidence is counted.
        macs: Multiply-accumulates for an image, not part of the key. None: not counted.
    """
    spec, data, protocol = evaluation.spec, evaluation.dataset, evaluation.protocol
    key = RunKey(
        segmenter.record,
        dataset_record(data),
        _perturbation_record(evaluation, tree),
        temperature,
        evaluation.attack_settings.record,
        evaluation.class_map.record if evaluation.class_map else None,
    )
    facts = facts_of(data)
    return RunRecord(
        model=segmenter.name,
        key=key,
        protocol=protocol.name,
        protocol_version=protocol.version,
        own_protocol=None if protocol.name in list_protocols() else ProtocolFile.of(protocol),
        clip=data.clip,
        palette=tuple((r, g, b) for r, g, b in data.palette),
        groups=facts.groups if facts else {},
        persons=facts.persons if facts else (),
        class_map=evaluation.class_map.facts if evaluation.class_map else None,
        about=replace(
            segmenter.about,
            macs=macs,
            no_confidence=why_no_confidence(segmenter),
        ),
        published=evaluation.published(segmenter),
        libraries=versions(segmenter),
        hardware=hardware(segmenter.about.device),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=spec.command,
    )


def dataset_record(data: EvaluationDataset) -> DatasetRecord:
    """Describe the scored images."""
    return DatasetRecord(
        data.name, data.split, len(data), tuple(data.classes), _plain(data.fingerprint)
    )


def _perturbation_record(evaluation: Evaluation, tree: Tree | None) -> PerturbationRecord:
    spec, protocol = evaluation.spec, evaluation.protocol
    record = tree.record if tree else None
    if tree and record is None:
        return PerturbationRecord("unknown", 1, 0, protocol.severities_digest, {}, tree.digest)
    current = {**laws(protocol), **protocol.attack_laws, **(record.laws if record else {})}
    stream = record.stream_version if record else STREAMS[spec.stream].version
    return PerturbationRecord(
        spec.stream, stream, evaluation.seed, protocol.severities_digest, current
    )


def versions(segmenter: EvaluatedModel) -> Mapping[str, str]:
    """Versions of the libraries that create images and compute a segmenter."""
    return {**libraries(), "torch": str(torch.__version__), **segmenter.about.libraries}


def _plain(fingerprint: Mapping[str, object]) -> Mapping[str, object]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in fingerprint.items()}
