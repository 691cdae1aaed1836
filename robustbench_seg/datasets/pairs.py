"""Which files of a folder form pairs of image and labels; one line of error where they do not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets.file_dataset import Item
from robustbench_seg.errors import DatasetError


@dataclass(frozen=True)
class Provenance:
    """Facts about a dataset for error messages.

    Attributes:
        title: The dataset's name in messages.
        how_to_obtain: How a user obtains its files.
    """

    title: str
    how_to_obtain: str


@dataclass(frozen=True, eq=False)
class LabelForm:
    """One form of a dataset's label files.

    Attributes:
        path_of: Relative path of an image -> relative path of its labels.
        table: Id in such a file -> class index (see FileDataset).
        companions: Relative path of an image -> further label files. Those that exist are kept.
    """

    path_of: Callable[[str], str]
    table: NDArray[np.uint8]
    companions: Callable[[str], Sequence[str]] = field(default=lambda image: ())


def checked_root(root: Path | None, source: Provenance, variable: str | None = None) -> Path:
    """Check a dataset's root folder.

    Args:
        root: The root folder, or None where the user gave none.
        source: The dataset, for errors.
        variable: Environment variable that may hold a default, for errors.

    Returns:
        The root folder.

    Raises:
        DatasetError: There is no root folder, or it does not exist.
    """
    if root is None:
        hint = f" or set ${variable}" if variable else ""
        raise DatasetError(
            f"{source.title} needs its root folder: give one{hint}; {source.how_to_obtain}"
        )
    if not root.is_dir():
        raise DatasetError(f"{source.title}: there is no folder {root}; {source.how_to_obtain}")
    return root


def find_images(root: Path, patterns: Sequence[str], source: Provenance) -> list[str]:
    """Find the images of a split.

    Hidden files are left out: partly written ones, and those that macOS puts beside each file.

    Args:
        root: The dataset's root folder.
        patterns: Globs relative to the root.
        source: The dataset, for errors.

    Returns:
        Paths relative to the root of all files that match a glob, sorted.

    Raises:
        DatasetError: No file matches, or a file's name is not UTF-8.
    """
    names = {
        path.relative_to(root).as_posix()
        for pattern in patterns
        for path in root.glob(pattern)
        if not path.name.startswith(".")
    }
    if not names:
        raise DatasetError(
            f"{source.title}: no image {' or '.join(patterns)} in {root}; {source.how_to_obtain}"
        )
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise DatasetError(
                f"{source.title}: the file name {name!a} in {root} is not UTF-8; rename the file"
            ) from None
    return sorted(names)


def pair_files(
    root: Path, images: Sequence[str], forms: Sequence[LabelForm], source: Provenance
) -> tuple[tuple[Item, ...], NDArray[np.uint8]]:
    """Pair each image with its labels, all in the form that most images have.

    Where several forms have equally many images, the first one is used.

    Args:
        root: The dataset's root folder.
        images: Relative paths of the images.
        forms: The forms of labels that the dataset may have.
        source: The dataset, for errors.

    Returns:
        The items, and the label table of the form.

    Raises:
        DatasetError: An image has no labels. The message names the first one and their number.
    """
    folders = dict[str, set[str]]()

    def exists(relative: str) -> bool:
        path = PurePosixPath(relative)
        parent = str(path.parent)
        if parent not in folders:
            folder = root / parent
            folders[parent] = {f.name for f in folder.iterdir()} if folder.is_dir() else set()
        return path.name in folders[parent]

    form = max(forms, key=lambda form: sum(exists(form.path_of(image)) for image in images))
    missing = [image for image in images if not exists(form.path_of(image))]
    if missing:
        count = "none has" if len(missing) == len(images) else f"{len(missing)} have no"
        raise DatasetError(
            f"{source.title}: of {len(images)} images in {root} {count} labels; the first "
            f"without: {form.path_of(missing[0])} (of {missing[0]}); {source.how_to_obtain}"
        )
    items = []
    for image in images:
        existing = (path for path in form.companions(image) if exists(path))
        companions = tuple(dict.fromkeys([form.path_of(image), *existing]))
        items.append(Item(image, form.path_of(image), companions))
    return tuple(items), form.table
