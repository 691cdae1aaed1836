"""A dataset that lies on disk: pairs of an image file and a label file, read when asked for.

One class serves every layout; what differs between datasets is only which files form a pair
(`pairs.py` and one file per dataset) and which class an id in the label files stands for.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from robustbench_seg.datasets.base import Dataset, Image, Labels, Sample
from robustbench_seg.datasets.contents import file_digests
from robustbench_seg.errors import DatasetError
from robustbench_seg.files import canonical_json, digest_bytes
from robustbench_seg.records.choices import MAX_CLASSES
from robustbench_seg.records.protocol import as_png

UNKNOWN = MAX_CLASSES
"""In a label table: an id that this dataset does not have."""

# All that Pillow raises on a file that is missing, truncated, not an image, or absurdly large.
_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    Pillow.DecompressionBombError,
)

# Pillow spreads 2 and 4 bit grey over 0..255, which is right for an image and wrong for ids.
_GREY_STEP = {"L;2": 85, "L;4": 17}


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
    """

    name: str
    split: str
    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    root: Path
    items: tuple[Item, ...]
    table: NDArray[np.uint8]
    clip: int = 1

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Image paths relative to the root, with forward slashes, sorted."""
        return tuple(item.id for item in self.items)

    @cached_property
    def fingerprint(self) -> Mapping[str, object]:
        """Count of images; sha256 over names and contents; sha256 of class names and label ids.

        The first call reads every image and label file. Digests are remembered (contents.py).

        Raises:
            DatasetError: A file cannot be read. The message names it.
        """
        names = [name for item in self.items for name in (item.id, item.labels)]
        try:
            contents = list(zip(names, file_digests(self.root, names), strict=True))
        except OSError as error:
            raise _unreadable("file", Path(error.filename or self.root), error) from None
        meaning = canonical_json(list(self.classes)).encode() + self.table.tobytes()
        return {
            "count": len(self.items),
            "contents": digest_bytes(canonical_json(contents).encode()),
            "classes": digest_bytes(meaning),
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
        return read_image(self.root / self.items[index].id)

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
        id_ranges = _ranges(np.flatnonzero(table != UNKNOWN).tolist())
        raise DatasetError(
            f"{where}: label id {shown}{more} means nothing in this dataset, whose ids are "
            f"{id_ranges}; check that these are the labels of this dataset and not colours"
        )
    return labels


def read_image(path: Path) -> Image:
    """Read an image file as uint8 HxWx3 RGB.

    Grey and palette images become RGB. An alpha channel is dropped if it is opaque everywhere. An
    image with a translucent pixel is refused, because such a pixel has no colour of its own. The
    pixels stay as stored: an EXIF orientation is not applied, because labels are drawn on the
    stored pixels.

    Args:
        path: The file.

    Returns:
        uint8 HxWx3 RGB.

    Raises:
        DatasetError: The file is missing or broken, has transparent pixels, or has more than 8
            bits a channel.
    """
    try:
        with Pillow.open(path) as file:
            file.load()
            if file.mode not in ("RGB", "L", "1", "P", "LA", "PA", "RGBA", "CMYK", "YCbCr"):
                raise DatasetError(
                    f"{path}: an image of mode {file.mode} is not supported; save it with 8 bits "
                    "a channel"
                )
            if file.has_transparency_data:
                rgba = np.asarray(file.convert("RGBA"))
                if int(rgba[..., 3].min()) < 255:
                    raise DatasetError(
                        f"{path}: the image has transparent pixels; save it without alpha channel"
                    )
                return np.ascontiguousarray(rgba[..., :3])
            return np.array(file if file.mode == "RGB" else file.convert("RGB"))
    except _UNREADABLE as error:
        raise _unreadable("image file", path, error) from None


def read_label_ids(path: Path) -> NDArray[np.integer[Any]]:
    """Read a label file as ids.

    Args:
        path: The file.

    Returns:
        Ids, HxW: uint8 for grey of 1 to 8 bits and for palette images, wider for 16 bits.

    Raises:
        DatasetError: The file cannot be read or holds colours.
    """
    try:
        with Pillow.open(path) as file:
            coding = file.tile[0][3] if file.tile else None
            step = _GREY_STEP.get(coding if isinstance(coding, str) else "", 1)
            file.load()
            if file.mode not in ("L", "P", "1", "I", "I;16", "I;16B"):
                raise DatasetError(
                    f"{path}: the labels are a colour image (mode {file.mode}); one class id a "
                    "pixel is wanted: a grey or palette PNG of 8 bits, or a grey one of 16"
                )
            ids = np.array(file)
    except _UNREADABLE as error:
        raise _unreadable("label file", path, error) from None
    if ids.dtype == np.bool_:
        ids = ids.astype(np.uint8)
    return ids // step if step > 1 else ids


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


def _unreadable(what: str, path: Path, error: BaseException) -> DatasetError:
    if isinstance(error, FileNotFoundError):
        return DatasetError(f"{path}: no such {what}; restore it, or open the dataset again")
    if isinstance(error, UnidentifiedImageError):
        reason = "not an image file"
    else:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return DatasetError(f"{path}: the {what} cannot be read ({reason}); fetch the file again")


def _extent(array: NDArray[np.uint8]) -> str:
    return f"{array.shape[1]}x{array.shape[0]}"


def _ranges(numbers: list[int]) -> str:
    """Sorted numbers in words: [0, 1, 2, 255] -> "0..2, 255"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(low) if low == high else f"{low}..{high}" for low, high in runs)
