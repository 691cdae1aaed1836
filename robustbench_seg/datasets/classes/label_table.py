"""A table that maps the ids in label files to class indices."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.errors import DatasetError
from robustbench_seg.records.values.ranges import MAX_CLASSES
from robustbench_seg.text import first_items

Labels = NDArray[np.uint8]

IGNORE = 255
"""The label of a pixel that is not scored."""

UNKNOWN = MAX_CLASSES
"""Marks an id in a label table that this dataset does not have."""


def label_table(class_of_id: Mapping[int, int]) -> NDArray[np.uint8]:
    """Build the table of a mapping from ids in label files to class indices.

    Args:
        class_of_id: Maps ids in label files, 0..65535, to class indices or IGNORE.

    Returns:
        uint8, 256 or 65536 entries: maps ids to class indices, IGNORE or UNKNOWN.

    >>> label_table({0: 255, 7: 0})[[0, 7, 8]].tolist()  # 8 is unknown
    [255, 0, 254]
    """
    table = np.full(256 if max(class_of_id) < 256 else 65536, UNKNOWN, np.uint8)
    for label_id, index in class_of_id.items():
        table[label_id] = index
    return table


def apply_table(
    table: NDArray[np.uint8],
    ids: NDArray[np.integer[Any]],
    where: Path,
    described_in: Path | None = None,
) -> Labels:
    """Map the ids of a label file to class indices.

    Args:
        table: Maps ids to class indices, IGNORE or UNKNOWN (see label_table).
        ids: HxW, uint8 or wider.
        where: The label file, for errors.
        described_in: The TOML file of a user's dataset, for errors.

    Returns:
        uint8 HxW class indices.

    Raises:
        DatasetError: The table does not have some ids. The message names them and the file.
    """
    beyond = ids >= len(table)  # never true for uint8
    if ids.dtype.kind == "i":
        beyond |= ids < 0  # NumPy would index from the end of the table
    labels: Labels = np.take(table, np.where(beyond, 0, ids) if beyond.any() else ids)
    unknown = (labels == UNKNOWN) | beyond
    if unknown.any():
        bad_ids, counts = np.unique(ids[unknown], return_counts=True)
        shown = [f"{i} ({n} pixels)" for i, n in zip(bad_ids, counts, strict=True)]
        known = id_ranges(np.flatnonzero(table != UNKNOWN).tolist())
        advice = "check that the file belongs to this dataset and contains ids, not colours"
        if described_in is not None:
            which = f"id {bad_ids[0]}" if len(bad_ids) == 1 else "these ids"
            advice = f"add {which} to label_map or ignore in {described_in.name}, or {advice}"
        raise DatasetError(
            f"{where}: label id {first_items(shown)} does not exist in this dataset, whose ids are "
            f"{known}",
            advice=advice,
        )
    return labels


def id_ranges(ids: Iterable[int]) -> str:
    """Write sorted ids as ranges.

    Args:
        ids: The ids, ascending.

    Returns:
        The ranges, such as "0..2, 255".

    >>> id_ranges([0, 1, 2, 255])
    '0..2, 255'
    """
    runs: list[list[int]] = []
    for number in ids:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(low) if low == high else f"{low}..{high}" for low, high in runs)
