"""Checks on a sample whether the label files of a dataset match its description.

Ids of another convention raise no error, because each id exists, but every score is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets.classes.label_table import IGNORE, UNKNOWN, id_ranges
from robustbench_seg.datasets.splits.dataset import EvaluationDataset, evenly_spaced
from robustbench_seg.datasets.splits.optional_files import files_of
from robustbench_seg.datasets.splits.split_files import SplitFiles
from robustbench_seg.errors import DatasetError
from robustbench_seg.text import first_items

SAMPLE = 48
"""Number of label files that are examined, evenly spread over the split."""


def label_warning(dataset: EvaluationDataset, *, whole: bool = True) -> str | None:
    """Examine some label files of a dataset for ids that do not match its description.

    Args:
        dataset: The dataset. A dataset without files is not examined.
        whole: Whether it is a whole split, in which every class should occur.

    Returns:
        A sentence: a label file cannot be read, the ids are class indices but the description says
        otherwise, an id is unknown, no pixel is scored, or classes have no pixel. None if nothing
        is suspicious.
    """
    files = files_of(dataset)
    if files is None:
        return None
    sample = _sample(files)
    if sample.broken:
        return f"{sample.broken}; its image will have no score"
    found = np.flatnonzero(sample.pixels)
    if not sample.files:
        return None
    every = sample.files == len(dataset)
    classes, whole = dataset.classes, every and whole
    problem = _class_indices(files, len(classes), found)
    if problem is None and sample.unknown:
        return _unknown_ids(sample)
    problem = problem or _classes_without_pixels(classes, files.table, sample, whole=whole)
    if problem is None:
        return None
    which = f"all {sample.files}" if every else f"{sample.files} of {len(dataset)}"
    return (
        f"{dataset.name} {dataset.split}: {which} label files were examined; they contain the ids "
        f"{id_ranges(found)}{problem}"
    )


@dataclass(frozen=True, eq=False)
class _Sample:
    """The ids in some label files of a dataset.

    Attributes:
        pixels: int64, an entry for each id of the dataset's table: number of its pixels.
        files: Number of label files that were read.
        broken: The error of the first file that cannot be read. Empty if all can be read.
        unknown: The errors of the files with an unknown id.
    """

    pixels: NDArray[np.int64]
    files: int
    broken: str
    unknown: Sequence[str]


def _sample(files: SplitFiles) -> _Sample:
    """Count the pixels of each id in SAMPLE label files."""
    pixels, count, broken = np.zeros(len(files.table), np.int64), 0, ""
    unknown = []
    for place in evenly_spaced(len(files.images), SAMPLE):
        try:
            ids = files.label_ids(place)
        except DatasetError as error:
            broken = broken or str(error)  # the evaluation leaves out its image for this reason
            continue
        if ids is None:
            continue
        known = ids[(ids >= 0) & (ids < len(pixels))]
        counts = np.bincount(known.ravel(), minlength=len(pixels))
        pixels += counts
        count += 1
        if known.size < ids.size or counts[files.table == UNKNOWN].any():
            try:
                files.labels(place)
            except DatasetError as error:
                unknown.append(str(error))
    return _Sample(pixels, count, broken, unknown)


def _unknown_ids(sample: _Sample) -> str:
    """Quote the error of the first file with an unknown id, and count such files."""
    number = len(sample.unknown)
    such = f"; {number} of {sample.files} examined label files have such ids" if number > 1 else ""
    return (
        f"{sample.unknown[0]}{such}; {'their images' if such else 'its image'} will have no score"
    )


def _class_indices(files: SplitFiles, classes: int, found: NDArray[np.intp]) -> str | None:
    """Return a note if the ids look like class indices, which most ids of the dataset are not."""
    table = files.table
    strange = found[(table[found] == UNKNOWN) & (found >= classes) & (found != IGNORE)]
    scored = np.flatnonzero(table < classes)
    high = scored[scored >= classes]
    if 2 * len(high) <= len(scored) or np.isin(high, found).any() or len(strange):
        return None
    own = files.described_in
    remedy = f", or correct label_map in {own.name}" if own else ""
    return (
        ", as files of class indices (train ids) do, but the ids of this dataset's classes are "
        f"{id_ranges(scored)}: check that these are its original label files{remedy}"
    )


def _classes_without_pixels(
    classes: Sequence[str], table: NDArray[np.uint8], sample: _Sample, *, whole: bool
) -> str | None:
    """Name the classes without a pixel, if the number of files makes this suspicious.

    Args:
        classes: The classes of the dataset.
        table: Maps ids in label files to class indices.
        sample: The ids in some label files.
        whole: Whether these are all label files of a whole split.
    """
    pixels = sample.pixels
    found = np.flatnonzero(pixels)
    present = np.unique(table[found])
    absent = [name for index, name in enumerate(classes) if index not in present]
    if len(absent) == len(classes):
        return ", which are all ignored: no pixel is scored"
    many = sample.files >= 2 * len(classes) and 2 * len(absent) >= len(classes)
    if not absent or not (whole or many):
        return None
    ignored = pixels[table == IGNORE].sum() / pixels.sum()
    share = f", {ignored:.0%} of the pixels are ignored" if ignored else ""
    hint = ""
    # With at most as many ids as classes, this id may be a class.
    if table[IGNORE] == IGNORE and pixels[IGNORE] and len(found) <= len(classes):
        hint = f"; {IGNORE} is ignored unless the dataset's file says ignore = []"
    return f": {_absent(absent, len(classes))}{share}{hint}"


def _absent(absent: Sequence[str], of: int) -> str:
    have = "has" if len(absent) == 1 else "have"
    return f"{len(absent)} of {of} classes {have} no pixel ({first_items(absent)})"
