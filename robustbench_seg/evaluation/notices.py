"""Notices before the long part of an evaluation: the files found, and implausible labels."""

import logging
import sys

from robustbench_seg.datasets import FileDataset, label_warning
from robustbench_seg.evaluation.evaluation import Evaluation
from robustbench_seg.text import counted

log = logging.getLogger(__name__)

_NAMED = 3


def announce(evaluation: Evaluation, shown: bool = False) -> None:
    """Say which files were found, and warn (logging) where their labels are implausible.

    Of several shards the first one says it.

    Args:
        evaluation: What is evaluated.
        shown: Print what was found to stderr, instead of logging it.
    """
    if evaluation.spec.shard.index > 1:
        return
    if isinstance(evaluation.dataset, FileDataset):
        if shown:
            print(files_found(evaluation.dataset), file=sys.stderr)
        else:
            log.info("%s", files_found(evaluation.dataset))
    if warning := label_warning(evaluation.dataset, whole=evaluation.spec.limit is None):
        log.warning("%s", warning)


def files_found(dataset: FileDataset) -> str:
    """Count the files of a dataset, in a sentence that names some of those left out."""
    count, others = len(dataset), dataset.left_out
    text = (
        f"{dataset.name} {dataset.split}: {counted([count], 'image')}, {counted([count], 'label')}"
    )
    if not others:
        return text
    named = ", ".join([*others[:_NAMED], *(["..."] if len(others) > _NAMED else [])])
    return f"{text}, {counted([len(others)], 'file')} beside them left out: {named}"
