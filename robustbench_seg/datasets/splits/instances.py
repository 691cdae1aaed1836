"""The instances of an image, such as single cars, if a dataset has them.

In the instanceIds of Cityscapes, an id of 1000 and more is 1000 times the label id, plus the number
of the instance. A lower id is a label id: the pixel belongs to no instance.
"""

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets.image_files.decoding import read_label_ids
from robustbench_seg.datasets.splits.dataset import Dataset
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.errors import DatasetError

FIRST_ID = 1000
"""The lowest id of an instance."""


def read_instances(
    dataset: Dataset, index: int, shape: tuple[int, ...]
) -> NDArray[np.int32] | None:
    """Read the instances of an image.

    Args:
        dataset: The dataset.
        index: Position of the image's id in `dataset.ids`.
        shape: Height and width of its labels.

    Returns:
        int32 HxW: an id for each instance, 0 for pixels without one. None if the dataset has no
        instances.

    Raises:
        DatasetError: The file cannot be read, or its size differs from that of the labels.
    """
    if not isinstance(dataset, FileDataset) or (name := dataset.items[index].instances) is None:
        return None
    path = dataset.root / name
    ids = read_label_ids(path)
    if ids.shape != shape:
        raise DatasetError(
            f"{path}: the instances are {ids.shape[1]}x{ids.shape[0]}, the labels "
            f"{shape[1]}x{shape[0]}; both must have the same size: replace one of them"
        )
    return np.where((ids >= FIRST_ID) & (ids < 65536), ids, 0).astype(np.int32)
