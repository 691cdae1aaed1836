"""The tree from which an evaluation reads its corrupted images."""

import logging
from dataclasses import replace
from pathlib import Path

from robustbench_seg.datasets import image_sizes
from robustbench_seg.errors import TreeError
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.trees.manifests.other_tree import other_source
from robustbench_seg.trees.manifests.tree_record import CorruptionChoice, TreeRecord, tree_record
from robustbench_seg.trees.tree import Tree, open_tree

log = logging.getLogger(__name__)


def corrupted_tree(evaluation: Evaluation) -> Tree | None:
    """Open the tree with the corrupted images; None: they are created in memory.

    Raises:
        TreeError: There is no such tree; its settings or clean images differ from those of the
            evaluation; or it lacks a condition.
    """
    folder = evaluation.spec.corrupted
    if folder is None:
        return None
    tree = open_tree(folder, evaluation.protocol.conditions(), evaluation.dataset.ids)
    if tree.record is None:
        log.warning(
            "%s has no record from this program, so its images are of unknown origin; their scores "
            "form a separate run, and the report says so",
            folder,
        )
    else:
        _check_record(evaluation, folder, tree.record)
    for condition in evaluation.conditions:
        if not (folder / condition.folder).is_dir():
            raise TreeError(
                f"{folder} has no {condition.name} at severity {condition.severity}; generate it, "
                "or choose other corruptions"
            )
    return tree


def _check_record(evaluation: Evaluation, folder: Path, record: TreeRecord) -> None:
    """Check that a tree was written from the clean images, with the settings, of the evaluation."""
    if differing := tree_differences(evaluation, record):
        raise TreeError(
            f"{folder} does not contain the requested images: {'; '.join(differing)}. Request the "
            "images that it contains, or leave out corrupted to compute them in memory"
        )
    sizes = image_sizes(evaluation.dataset)
    if replaced := record.other_sources(sizes):
        raise TreeError(other_source(folder, replaced, then=record.source_sizes, now=sizes))


def tree_differences(evaluation: Evaluation, tree: TreeRecord) -> tuple[str, ...]:
    """Compare the images of a tree with those that an evaluation requests.

    Args:
        evaluation: The evaluation.
        tree: The record of the tree.

    Returns:
        Differences, such as "its seed is 0, not 1".
    """
    spec, data = evaluation.spec, evaluation.dataset
    choice = CorruptionChoice(evaluation.protocol, spec.stream, evaluation.seed)
    wanted = tree_record(choice, data.name, data.split, evaluation.conditions, {})
    # A tree states the law versions of its corruptions, and they are part of the key of its run.
    return tree.differences(replace(wanted, laws=tree.laws, stream_version=tree.stream_version))
