"""Notices of an evaluation: files found, scaled images, implausible labels, absent classes."""

import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from robustbench_seg.datasets import (
    ClassMap,
    EvaluationDataset,
    SplitFiles,
    files_of,
    is_labelled,
    label_warning,
)
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.evaluation.inputs.image_sizes import sample_sizes, scaling_text
from robustbench_seg.evaluation.predictions.prediction_checks import stray_files
from robustbench_seg.results import absent_class_warnings
from robustbench_seg.text import counted, first_items

log = logging.getLogger(__name__)


def announce(evaluation: Evaluation, *, shown: bool = False) -> bool:
    """Report which files were found, and warn (logging) of scaled images and implausible labels.

    Only the first of several shards does so.

    Args:
        evaluation: The evaluation.
        shown: Whether to print the files to stderr instead of logging them.

    Returns:
        Whether there was a warning about the labels.
    """
    if evaluation.spec.shard.index > 1:
        return False
    texts = []
    if files := files_of(evaluation.dataset):
        texts.append(files_found(evaluation.dataset, files))
    if evaluation.class_map:
        texts.append(class_map_text(evaluation.class_map))
    for text in texts:
        if shown:
            print(text, file=sys.stderr)
        else:
            log.info("%s", text)
    for scaling in _scalings(evaluation):
        log.warning("%s", scaling)
    if evaluation.spec.limit is None:
        for stored in evaluation.stored_predictions:
            if stray := stray_files(evaluation, stored):
                log.warning("%s", stray)
    warning = _no_labels(evaluation) or label_warning(
        evaluation.dataset, whole=evaluation.spec.limit is None
    )
    if warning:
        log.warning("%s", warning)
    return warning is not None


def _scalings(evaluation: Evaluation) -> Iterator[str]:
    """Explain which models get scaled images, although the user chose no input size."""
    fixed = [each for each in evaluation.segmenters if each.record.input_size]
    if fixed and evaluation.spec.input_size is None:
        sizes = sample_sizes(evaluation.dataset)
        texts = (scaling_text(each.name, each.record, sizes) for each in fixed)
        yield from filter(None, texts)


def _no_labels(evaluation: Evaluation) -> str | None:
    """Explain that nothing is scored if the labels are withheld."""
    data = evaluation.dataset
    if is_labelled(data):
        return None
    kept = "" if evaluation.spec.save_predictions else "; save predictions to keep any result"
    return f"{data.name} {data.split} has no labels: its images are predicted, but not scored{kept}"


def announce_seed(of_seed: Evaluation, evaluation: Evaluation, *, shown: bool) -> None:
    """Announce the next of several seeds, and its number of corruptions or attacks.

    Args:
        of_seed: One of `evaluation.by_seed()`.
        evaluation: The evaluation.
        shown: Whether to print it to stderr.
    """
    if shown and len(evaluation.spec.seeds) > 1:
        names = dict.fromkeys(condition.name for condition in of_seed.conditions)
        print(
            f"seed {of_seed.seed}: {counted(len(names), of_seed.protocol.words.noun)}",
            file=sys.stderr,
        )


def warn_of_absent_classes(runs: Sequence[Path]) -> None:
    """Warn (logging) about classes without a true pixel in the whole split.

    Args:
        runs: Run folders of a finished evaluation.
    """
    for warning in absent_class_warnings(runs):
        log.warning("%s", warning)


def class_map_text(class_map: ClassMap) -> str:
    """Describe a class map in one line: the classes that it ignores, leaves out and misses."""
    record = class_map.record
    kinds = {
        "ignored predictions": record.ignored,
        "left out": record.left_out,
        "missed, because no class of the model maps to them": record.missed,
    }
    lists = [f"{kind}: {first_items(names, 8)}" for kind, names in kinds.items() if names]
    classes = f"{len(record.classes)} classes to {len(class_map.dataset_classes)}"
    return "; ".join([f"class map {class_map.name}: {classes}", *lists])


def files_found(dataset: EvaluationDataset, files: SplitFiles) -> str:
    """Count the files of a dataset, in a sentence that names some ignored files."""
    count, others = len(files.images), files.left_out
    labels = counted(count, "label") if files.is_labelled else "no labels"
    text = f"{dataset.name} {dataset.split}: {counted(count, 'image')}, {labels}"
    if not others:
        return text
    return f"{text}, {counted(len(others), 'other file')} ignored: {first_items(others, 3)}"
