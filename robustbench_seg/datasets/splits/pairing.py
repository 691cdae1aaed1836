"""Pairs each image of a split with its labels; an error for missing labels is one line."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets.image_files.root_folder import Provenance
from robustbench_seg.datasets.splits.label_forms import LabelForm
from robustbench_seg.datasets.splits.split_files import ImageFiles, SplitFiles
from robustbench_seg.errors import DatasetError


def pair_files(
    root: Path, images: Sequence[str], forms: Sequence[LabelForm], provenance: Provenance
) -> SplitFiles:
    """Pair each image with its labels, all in the most frequent form.

    If several forms have equally many images, the first one is used.

    Args:
        root: The dataset's root folder.
        images: Relative paths of the images.
        forms: The forms of labels that the dataset may have.
        provenance: The dataset, for errors.

    Returns:
        The pairs, with the ids and colours of the form.

    Raises:
        DatasetError: An image has no labels: the message names the first one and their number. Or
            an image or its labels are a folder or a pipe.
    """
    folders = _Folders(root)
    form = max(forms, key=lambda form: sum(folders.hold(form.path_of(image)) for image in images))
    missing = [image for image in images if not folders.hold(form.path_of(image))]
    if missing:
        count = "none has" if len(missing) == len(images) else f"{len(missing)} have no"
        raise DatasetError(
            f"{provenance.title}: of {len(images)} images in {root} {count} labels; the first "
            f"without: {form.path_of(missing[0])} (of {missing[0]}); {provenance.how_to_obtain}"
        )
    paired, known = [], set[str]()
    for image in images:
        labels = form.path_of(image)
        existing = (path for path in form.companions(image) if folders.hold(path))
        instances = form.instances(image)
        if instances is not None and not folders.hold(instances):
            instances = None
        companions = tuple(dict.fromkeys([labels, *existing]))
        paired.append(ImageFiles(image, labels, companions, instances))
        known |= {image, *companions}
        for path in (image, labels, *([] if instances is None else [instances])):
            folders.check(path, provenance)
    others = folders.others(known)
    return SplitFiles(root, tuple(paired), form.table, form.colours, left_out=others)


def labelled_or_withheld(
    root: Path,
    images: Sequence[str],
    forms: Sequence[LabelForm],
    provenance: Provenance,
    *,
    withheld: bool,
) -> SplitFiles:
    """Pair each image with its labels, or with no labels if those of the split are withheld.

    Args:
        root: The dataset's root folder.
        images: Relative paths of the images.
        forms: The forms of labels that the dataset may have.
        provenance: The dataset, for errors.
        withheld: Whether a server may withhold the labels of the split. Then the images may be
            without labels, but if one image has labels, all images need them.

    Returns:
        The pairs.

    Raises:
        DatasetError: See pair_files.
    """
    folders = _Folders(root)
    if withheld and not any(folders.hold(f.path_of(image)) for f in forms for image in images):
        return unlabelled(root, images, forms[0].table, forms[0].colours)
    return pair_files(root, images, forms, provenance)


def unlabelled(
    root: Path,
    images: Sequence[str],
    table: NDArray[np.uint8],
    colours: Mapping[str, int] | None = None,
) -> SplitFiles:
    """Return files without labels, for a split whose labels a server withholds.

    Args:
        root: The dataset's root folder.
        images: Relative paths of the images.
        table: The ids of the withheld labels (see SplitFiles), which are part of the fingerprint.
        colours: The colours of these ids, likewise.

    Returns:
        The files. All pixels are ignored.
    """
    withheld = tuple(ImageFiles(image, None) for image in images)
    return SplitFiles(root, withheld, table, colours)


class _Folders:
    """The searched folders of a dataset, each listed once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names = dict[str, set[str]]()

    def hold(self, relative: str) -> bool:
        """Whether this path exists."""
        path = PurePosixPath(relative)
        return path.name in self._listed(str(path.parent))

    def check(self, relative: str, provenance: Provenance) -> None:
        """Raise DatasetError for a folder, pipe or device here: reading it might take forever."""
        path = self._root / relative
        if not path.is_file() and path.exists():
            raise DatasetError(
                f"{provenance.title}: {path} is a {_kind(path)}, not a file; remove or rename it"
            )

    def others(self, known: Collection[str]) -> tuple[str, ...]:
        """Visible files in the folders of `known` that are not among them, sorted."""
        inside = {str(PurePosixPath(path).parent) for path in known}
        found = (
            PurePosixPath(parent, name).as_posix()
            for parent in inside
            for name in self._listed(parent)
            if not name.startswith(".")
        )
        return tuple(
            sorted(path for path in found if path not in known and (self._root / path).is_file())
        )

    def _listed(self, parent: str) -> set[str]:
        if parent not in self._names:
            folder = self._root / parent
            self._names[parent] = (
                {file.name for file in folder.iterdir()} if folder.is_dir() else set()
            )
        return self._names[parent]


def _kind(path: Path) -> str:
    return "folder" if path.is_dir() else "pipe" if path.is_fifo() else "device or socket"
