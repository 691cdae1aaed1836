"""What is read from the files of any dataset, with an answer for one without files."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from robustbench_seg.datasets.dataset import Dataset, Image, Labels
from robustbench_seg.datasets.decoding import read_image
from robustbench_seg.datasets.file_dataset import FileDataset
from robustbench_seg.records.values.image_path import as_png


def is_labelled(dataset: Dataset) -> bool:
    """Return whether any image has labels; those of a test split may be withheld.

    Args:
        dataset: The dataset. One that does not lie in files has labels.
    """
    return not isinstance(dataset, FileDataset) or dataset.is_labelled


def read_labels(dataset: Dataset, index: int) -> Labels:
    """Read the labels of an image, if possible without decoding the image, which takes longer.

    Args:
        dataset: The dataset.
        index: Position of the image's id in `dataset.ids`.

    Returns:
        uint8 HxW class indices; empty, 0x0, where a dataset in files has no labels of the image.

    Raises:
        DatasetError: The file cannot be read, or has an unknown id. The message names it.
    """
    if isinstance(dataset, FileDataset):
        return dataset.labels(index)
    return dataset[index].labels


def corrupted_image(dataset: Dataset, index: int, folder: Path) -> Image:
    """Read the corrupted version of an image.

    Args:
        dataset: The dataset.
        index: Position of the image's id in `dataset.ids`.
        folder: A root folder of corrupted images.

    Returns:
        uint8 HxWx3 RGB.

    Raises:
        DatasetError: The file is missing or broken. The message names it.
    """
    return read_image(folder / as_png(dataset.ids[index]))


def image_sizes(dataset: Dataset) -> Mapping[str, int]:
    """Look up the size of each image's file.

    Args:
        dataset: The dataset.

    Returns:
        Id -> size in bytes. Empty for a dataset without files. A file that cannot be looked up is
        left out; reading it raises the error.
    """
    if not isinstance(dataset, FileDataset):
        return {}
    sizes = {}
    for name in dataset.ids:
        with suppress(OSError):
            sizes[name] = (dataset.root / name).stat().st_size
    return sizes
