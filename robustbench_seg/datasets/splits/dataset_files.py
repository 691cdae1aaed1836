"""Reads data from the files of a dataset, with defaults for a dataset without files."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from robustbench_seg.datasets.classes.label_table import Labels
from robustbench_seg.datasets.image_files.decoding import Image, read_image
from robustbench_seg.datasets.splits.dataset import Dataset
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.records.values.condition import as_png


def is_labelled(dataset: Dataset) -> bool:
    """Return whether any image has labels; a server may withhold those of a test split.

    Args:
        dataset: The dataset. A dataset without files has labels.
    """
    return not isinstance(dataset, FileDataset) or dataset.is_labelled


def read_labels(dataset: Dataset, index: int) -> Labels:
    """Read the labels of an image, if possible without decoding the image, which takes longer.

    Args:
        dataset: The dataset.
        index: Position of the image's id in `dataset.ids`.

    Returns:
        uint8 HxW class indices; empty (0x0) if a dataset with files has no labels for the image.

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
        DatasetError: The file is missing or damaged. The message names it.
    """
    return read_image(folder / as_png(dataset.ids[index]))


def image_sizes(dataset: Dataset) -> Mapping[str, int]:
    """Look up the size of each image's file.

    Args:
        dataset: The dataset.

    Returns:
        Maps ids to sizes in bytes. Empty for a dataset without files. Inaccessible files are left
        out; reading them raises the error.
    """
    if not isinstance(dataset, FileDataset):
        return {}
    sizes = {}
    for name in dataset.ids:
        with suppress(OSError):
            sizes[name] = (dataset.root / name).stat().st_size
    return sizes
