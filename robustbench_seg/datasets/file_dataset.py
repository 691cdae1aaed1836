"""A dataset that lies on disk: pairs of an image file and a label file, read when asked for.

One class serves every layout; what differs between datasets is only which files form a pair
(`pairs.py` and one file per dataset) and which class an id in the label files stands for.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets.base import Dataset, Image, Labels, Sample
from robustbench_seg.datasets.decoding import read_image, read_label_ids, unreadable
from robustbench_seg.datasets.digests import file_digests
from robustbench_seg.errors import DatasetError
from robustbench_seg.files import canonical_json, digest_bytes
from robustbench_seg.records.choices import MAX_CLASSES
from robustbench_seg.records.protocol import as_png

UNKNOWN = MAX_CLASSES
"""In a label table: an id that this dataset does not have."""


@dataclass(frozen=True)
class Item:
    """One pair of files, as paths relative to the dataset's root with forward slashes.

    Attributes:
        id: Path of the image.
        labels: Path of the label file.
        companions: All label files that other tools look for beside the image, with `labels`.
    """

    id: str
    labels: str
    companions: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class FileDataset:
    """A split of a dataset on disk. It satisfies `Dataset`.

    Attributes:
        name: The dataset's name in every table.
        split: Name of the split.
        classes: Class names, in the order of the class indices, at most 254.
        palette: One RGB colour for each class.
        root: The folder that ids and labels are relative to.
        items: The pairs, in the order of the ids.
        table: uint8, 256 or 65536 entries: id in a label file -> class index, IGNORE or UNKNOWN.
        clip: Number of consecutive images that are drawn together (see Dataset).
        apply_orientation: Whether images, never labels, are turned as their EXIF orientation says.
        left_out: Relative paths of files beside the images and labels that belong to no image.
    """

    name: str
    split: str
    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    root: Path
    items: tuple[Item, ...]
    table: NDArray[np.uint8]
    clip: int = 1
    apply_orientation: bool = False
    left_out: tuple[str, ...] = ()

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Image paths relative to the root, with forward slashes, sorted."""
        return tuple(item.id for item in self.items)

    @cached_property
    def fingerprint(self) -> Mapping[str, object]:
        """Count of images; sha256 over names and contents; sha256 of class names and label ids.

        The first call reads every image and label file. Digests are remembered (digests.py).

        Raises:
            DatasetError: A file cannot be read. The message names it.
        """
        names = [name for item in self.items for name in (item.id, item.labels)]
        try:
            contents = list(zip(names, file_digests(self.root, names), strict=True))
        except OSError as error:
            raise unreadable("file", Path(error.filename or self.root), error) from error
        meaning = canonical_json(list(self.classes)).encode() + self.table.tobytes()
        return {
            "count": len(self.items),
            "contents": digest_bytes(canonical_json(contents).encode()),
            "classes": digest_bytes(meaning),
            **({"orientation": "applied"} if self.apply_orientation else {}),
        }

    def __repr__(self) -> str:
        return f"<dataset {self.name} {self.split}: {len(self)} images in {self.root}>"

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Sample:
        item = self.items[index]
        image, path = self.image(index), self.root / item.labels
        labels = apply_table(self.table, read_label_ids(path), path)
        if labels.shape != image.shape[:2]:
            raise DatasetError(
                f"{path}: the labels are {_extent(labels)}, their image {item.id} is "
                f"{_extent(image)}; both must have one size, so one of the two is to be replaced"
            )
        return Sample(item.id, image, labels)

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    def image(self, index: int) -> Image:
        """Read an image without its labels.

        Args:
            index: Position of its id in `ids`.

        Returns:
            uint8 HxWx3 RGB.

        Raises:
            DatasetError: The file cannot be read. The message names it.
        """
        return read_image(self.root / self.items[index].id, self.apply_orientation)

    def first(self, count: int) -> "FileDataset":
        """Cut the dataset to its first samples.

        Args:
            count: Number of samples. A larger number than the dataset has means all.

        Returns:
            A dataset of these samples.

        Raises:
            DatasetError: The number is less than 1.
        """
        if count < 1:
            raise DatasetError(
                f"{self.name}: the first {count} images were asked for; ask for 1 or more"
            )
        return replace(self, items=self.items[:count])

    def companions(self, index: int) -> Mapping[str, Path]:
        """List the label files that other tools look for beside an image.

        Args:
            index: Position of the image's id in `ids`.

        Returns:
            Path relative to the root -> file.
        """
        item = self.items[index]
        return {relative: self.root / relative for relative in item.companions or (item.labels,)}

    def on_disk(self, folder: Path) -> "FileDataset":
        """Return the dataset itself. `folder` is not used."""
        return self


def label_table(class_of_id: Mapping[int, int]) -> NDArray[np.uint8]:
    """Build the table of a mapping from ids in label files to class indices.

    Args:
        class_of_id: Id in a label file, 0..65535 -> class index or IGNORE.

    Returns:
        uint8, 256 or 65536 entries: id -> class index, IGNORE or UNKNOWN.

    >>> label_table({0: 255, 7: 0})[[0, 7, 8]].tolist()  # 8 is unknown
    [255, 0, 254]
    """
    table = np.full(256 if max(class_of_id) < 256 else 65536, UNKNOWN, np.uint8)
    for label_id, index in class_of_id.items():
        table[label_id] = index
    return table


def apply_table(table: NDArray[np.uint8], ids: NDArray[np.integer[Any]], where: Path) -> Labels:
    """Map the ids of a label file to class indices.

    Args:
        table: Id -> class index, IGNORE or UNKNOWN (see label_table).
        ids: HxW, uint8 or wider.
        where: The label file, for errors.

    Returns:
        uint8 HxW class indices.

    Raises:
        DatasetError: The table does not have some ids. The message names them and the file.
    """
    beyond = ids >= len(table)  # never so for uint8
    if ids.dtype.kind == "i":
        beyond |= ids < 0  # NumPy would count from the table's end
    labels: Labels = np.take(table, np.where(beyond, 0, ids) if beyond.any() else ids)
    unknown = (labels == UNKNOWN) | beyond
    if unknown.any():
        bad_ids, counts = np.unique(ids[unknown], return_counts=True)
        shown = ", ".join(f"{i} ({n} pixels)" for i, n in zip(bad_ids[:5], counts[:5], strict=True))
        more = f" and {len(bad_ids) - 5} more ids" if len(bad_ids) > 5 else ""
        known = id_ranges(np.flatnonzero(table != UNKNOWN).tolist())
        raise DatasetError(
            f"{where}: label id {shown}{more} means nothing in this dataset, whose ids are "
            f"{known}; check that these are the labels of this dataset and not colours"
        )
    return labels


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


def _extent(array: NDArray[np.uint8]) -> str:
    return f"{array.shape[1]}x{array.shape[0]}"


def id_ranges(ids: Iterable[int]) -> str:
    """Write sorted ids as ranges.

    Args:
        ids: The ids, ascending.

    Returns:
        Such as "0..2, 255".

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
