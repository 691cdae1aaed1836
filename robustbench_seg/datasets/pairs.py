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
    """What error messages call a dataset, and how a user obtains its files."""

    title: str
    how_to_obtain: str


@dataclass(frozen=True, eq=False)
class LabelForm:
    """One way in which a dataset spells its labels.

    path_of: relative path of an image -> relative path of its labels
    table: id in such a file -> class index (see FileDataset)
    companions: relative path of an image -> further label files; those that exist are kept
    """

    path_of: Callable[[str], str]
    table: NDArray[np.uint8]
    companions: Callable[[str], Sequence[str]] = field(default=lambda image: ())


def checked_root(root: Path | None, source: Provenance, variable: str | None = None) -> Path:
    """`root` if it is a folder; else DatasetError. `variable` is where a default may be set."""
    if root is None:
        hint = f" or set ${variable}" if variable else ""
        raise DatasetError(
            f"{source.title} needs its root folder: give one{hint}; {source.how_to_obtain}"
        )
    if not root.is_dir():
        raise DatasetError(f"{source.title}: there is no folder {root}; {source.how_to_obtain}")
    return root


def find_images(root: Path, patterns: Sequence[str], source: Provenance) -> list[str]:
    """Relative paths of all files that match one of the globs, sorted; DatasetError if none,
    and of one whose name is not UTF-8.

    Hidden files are left out: partly written ones, and what macOS puts beside each file.
    """
    found = {
        path.relative_to(root).as_posix()
        for pattern in patterns
        for path in root.glob(pattern)
        if not path.name.startswith(".")
    }
    if not found:
        raise DatasetError(
            f"{source.title}: no image {' or '.join(patterns)} in {root}; {source.how_to_obtain}"
        )
    for name in found:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise DatasetError(
                f"{source.title}: the file name {name!a} in {root} is not UTF-8; rename the file"
            ) from None
    return sorted(found)


def pair_files(
    root: Path, images: Sequence[str], forms: Sequence[LabelForm], source: Provenance
) -> tuple[tuple[Item, ...], NDArray[np.uint8]]:
    """Pair each image with its labels, all in that of `forms` which most images have.

    Of forms that equally many have, the first is taken. Returns the items and the label table of
    that form. DatasetError names the first image without labels and says how many there are.
    """
    folders: dict[str, set[str]] = {}

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
