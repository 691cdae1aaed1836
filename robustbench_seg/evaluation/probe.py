"""Checks at each start, on the built-in image, that a run continues with the same results.

A run's key has no versions of libraries. Instead, each start corrupts and labels the built-in
image, compares the result with that of earlier starts, and writes a probe into the run folder if
something is new (see store.run_probes).
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption import library_differences, probe, probe_image
from robustbench_seg.errors import ResultsError, RobustsegError
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.evaluation.run_records import versions
from robustbench_seg.machine.hardware import hardware
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.segmenter import ConfidentSegmenter, EvaluatedModel, StoredPredictions
from robustbench_seg.store import Probe, decode_labels, encode_labels, read_probes, write_probe
from robustbench_seg.trees.tree import Tree

log = logging.getLogger(__name__)

TOLERANCE = 1e-4
"""Maximum share of labels that may differ on another processor or GPU."""

SCALE = 2
"""Factor by which the built-in image is enlarged before a network sees it."""


def check_probe(
    folder: Path,
    evaluation: Evaluation,
    segmenter: EvaluatedModel,
    conditions: Sequence[Condition],
    tree: Tree | None,
) -> None:
    """Compare this start of a run with earlier ones, and record new facts.

    Args:
        folder: The run folder.
        evaluation: The evaluation.
        segmenter: The segmenter of this run.
        conditions: The conditions that lack images, without clean.
        tree: The tree with the images; None: they are created in memory.

    Raises:
        ResultsError: A condition gives other pixels than in an earlier start, or the network gives
            other labels. The message names the libraries that differ.
    """
    earlier = read_probes(folder)
    here, device = versions(segmenter), hardware(segmenter.about.device)
    known = dict[str, str]()
    for one in earlier:
        known = {**one.images, **known}
    images = _image_digests(conditions, evaluation, tree)
    for condition in conditions:
        before, now = known.get(condition.folder), images.get(condition.folder)
        if before and now and before != now:
            changes = _changes_text(earlier[0], here)
            raise ResultsError(
                f"{folder}: {condition.name} at severity {condition.severity} gives different "
                f"pixels than when this run began ({changes}); use the same versions as then, or "
                "another folder of runs"
            )
    same_machine = any((one.libraries, one.hardware) == (here, device) for one in earlier)
    if same_machine and images.keys() <= known.keys():
        return
    labels = None if same_machine else _labels(segmenter, evaluation)
    differing = _differing_share(folder, earlier, labels, here, device)
    if earlier and not any(one.libraries == here for one in earlier):
        log.warning(
            "%s continues under other versions (%s): %s",
            folder,
            library_differences(earlier[-1].libraries, here),
            "the pixels and labels of the built-in image have not changed",
        )
    text = None if labels is None else encode_labels(labels)
    write_probe(folder, Probe(here, device, images, text, differing))


def _image_digests(
    conditions: Sequence[Condition], evaluation: Evaluation, tree: Tree | None
) -> Mapping[str, str]:
    """Map the folder of each condition to the digest of the built-in image under it, if known."""
    if tree is not None:
        requested = {condition.folder for condition in conditions}
        known = tree.record.probe if tree.record else {}
        return {name: digest for name, digest in known.items() if name in requested}
    spec = evaluation.spec
    return probe(conditions, evaluation.protocol, spec.stream, evaluation.seed)


def _labels(segmenter: EvaluatedModel, evaluation: Evaluation) -> NDArray[np.uint8] | None:
    """Label the built-in image as in the evaluation, with confidence if it is measured.

    Both ways give the same labels, but compile different loops.
    """
    if isinstance(segmenter, StoredPredictions) or not segmenter.record.probed:
        return None
    image = probe_image().repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    confident = any(measure.needs_confidence for measure in evaluation.measures_of(segmenter))
    try:
        if confident and isinstance(segmenter, ConfidentSegmenter):
            return segmenter.with_confidence(image, np.zeros(image.shape[:2], np.uint8), [1.0])[0]
        return segmenter(image)
    except RobustsegError:  # the network does not take an image of this size
        return None


def _differing_share(
    folder: Path,
    earlier: list[Probe],
    labels: NDArray[np.uint8] | None,
    here: Mapping[str, str],
    device: str,
) -> float | None:
    """Compute the share of labels that differ from those of the first start with labels."""
    first = next((one for one in earlier if one.labels), None)
    if first is None or first.labels is None or labels is None:
        return None
    before = decode_labels(folder, first.labels, labels.size)
    if before.size != labels.size:
        return None
    share = float((before != labels.ravel()).mean())
    if share > TOLERANCE:
        changes = _changes_text(first, here, device)
        raise ResultsError(
            f"{folder}: the network labels {100 * share:.2f} % of the built-in image differently "
            f"than when this run began ({changes}); use the same versions and device as then, or "
            "another folder of runs"
        )
    return share


def _changes_text(then: Probe, here: Mapping[str, str], device: str | None = None) -> str:
    """Describe how a start differs from an earlier one: versions and, if given, the device."""
    changes = [library_differences(then.libraries, here)]
    if device and device != then.hardware:
        changes.append(f"on {then.hardware} then, {device} now")
    return (
        "; ".join(filter(None, changes)) or "the versions are the same, so the program was changed"
    )
