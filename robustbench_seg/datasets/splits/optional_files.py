"""The files of any dataset, with defaults for a dataset without files.

Only a dataset whose images are files has the attribute `files`. An object that a user gives as a
dataset needs none.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets.classes.label_table import Labels
from robustbench_seg.datasets.splits.dataset import Samples
from robustbench_seg.datasets.splits.split_files import SplitFiles


def files_of(dataset: Samples) -> SplitFiles | None:
    """Return the files of a dataset; None if it has none."""
    files = getattr(dataset, "files", None)
    return files if isinstance(files, SplitFiles) else None


def is_labelled(dataset: Samples) -> bool:
    """Return whether any image has labels; a server may withhold those of a test split.

    Args:
        dataset: The dataset. A dataset without files has labels.
    """
    files = files_of(dataset)
    return files is None or files.is_labelled


def read_labels(dataset: Samples, index: int) -> Labels:
    """Read the labels of an image, if possible without decoding the image, which takes longer.

    Args:
        dataset: The dataset.
        index: Position of the image's id in `dataset.ids`.

    Returns:
        uint8 HxW class indices; empty (0x0) if a dataset with files has no labels for the image.

    Raises:
        DatasetError: The file cannot be read, or has an unknown id. The message names it.
    """
    files = files_of(dataset)
    return dataset[index].labels if files is None else files.labels(index)


def instances_of(dataset: Samples, index: int, shape: tuple[int, ...]) -> NDArray[np.int32] | None:
    """Read the instances of an image, such as single cars.

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
    files = files_of(dataset)
    return None if files is None else files.instances(index, shape)


def image_sizes(dataset: Samples) -> Mapping[str, int]:
    """Look up the size of each image's file.

    Args:
        dataset: The dataset.

    Returns:
        Maps ids to sizes in bytes. Empty for a dataset without files. Inaccessible files are left
        out; reading them raises the error.
    """
    files = files_of(dataset)
    return {} if files is None else files.sizes()
