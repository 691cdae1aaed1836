"""The instances of an image, such as single cars.

In the instanceIds of Cityscapes, an id of 1000 and more is 1000 times the label id, plus the number
of the instance. A lower id is a label id: the pixel belongs to no instance.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets.image_files.decoding import read_label_ids
from robustbench_seg.errors import DatasetError

FIRST_ID = 1000
"""The lowest id of an instance."""


def read_instances(path: Path, shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Read a file of instances.

    Args:
        path: The file.
        shape: Height and width of the labels of its image.

    Returns:
        int32 HxW: an id for each instance, 0 for pixels without one.

    Raises:
        DatasetError: The file cannot be read, or its size differs from that of the labels.
    """
    ids = read_label_ids(path)
    if ids.shape != shape:
        raise DatasetError(
            f"{path}: the instances are {ids.shape[1]}x{ids.shape[0]}, the labels "
            f"{shape[1]}x{shape[0]}; both must have the same size: replace one of them"
        )
    return np.where((ids >= FIRST_ID) & (ids < 65536), ids, 0).astype(np.int32)
