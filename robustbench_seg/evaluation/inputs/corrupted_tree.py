"""The tree from which an evaluation reads its corrupted images."""

import logging
from dataclasses import replace
from pathlib import Path

from robustbench_seg.datasets import image_sizes
from robustbench_seg.errors import TreeError
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.trees.foreign import ForeignTree, is_foreign, read_foreign_tree
from robustbench_seg.trees.manifest import Manifest, read_manifest
from robustbench_seg.trees.other_tree import other_source
from robustbench_seg.trees.tree_record import CorruptionChoice, TreeRecord, tree_record

log = logging.getLogger(__name__)

Tree = Manifest | ForeignTree
"""A description of a tree: its manifest, or the digests of its files if it has none."""


def corrupted_tree(evaluation: Evaluation) -> Tree | None:
    """Open the tree with the corrupted images; None: they are created in memory.

    Raises:
        TreeError: There is no such tree; its settings or clean images differ from those of the
            evaluation; or it lacks a condition.
    """
    folder = evaluation.spec.corrupted
    if folder is None:
        return None
    tree = (
        _foreign_tree(evaluation, folder) if is_foreign(folder) else _own_tree(evaluation, folder)
    )
    for condition in evaluation.all_conditions[1:]:
        if not (folder / condition.folder).is_dir():
            raise TreeError(
                f"{folder} has no {condition.name} at severity {condition.severity}; generate it, "
                "or choose other corruptions"
            )
    return tree


def _foreign_tree(evaluation: Evaluation, folder: Path) -> ForeignTree:
    log.warning(
        "%s has no record from this program, so its images are of unknown origin; their scores "
        "form a separate run, and the report says so",
        folder,
    )
    every = evaluation.protocol.conditions()
    return read_foreign_tree(folder, every, evaluation.dataset.ids)


def _own_tree(evaluation: Evaluation, folder: Path) -> Manifest:
    tree, sizes = read_manifest(folder), image_sizes(evaluation.dataset)
    if differing := tree_differences(evaluation, tree.record):
        raise TreeError(
            f"{folder} does not contain the requested images: {'; '.join(differing)}. Request the "
            "images that it contains, or leave out corrupted to compute them in memory"
        )
    if replaced := tree.record.other_sources(sizes):
        raise TreeError(other_source(folder, replaced, then=tree.record.source_sizes, now=sizes))
    return tree


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
