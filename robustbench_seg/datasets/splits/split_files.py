"""The files of a split: each image with its labels; an error for missing labels is one line."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets.classes.facts import DatasetFacts
from robustbench_seg.datasets.image_files.root_folder import Provenance
from robustbench_seg.datasets.splits.file_dataset import FileDataset, Item
from robustbench_seg.datasets.splits.label_forms import LabelForm
from robustbench_seg.errors import DatasetError


@dataclass(frozen=True, eq=False)
class SplitFiles:
    """The files of a split.

    Attributes:
        root: The base folder of the paths.
        items: The pairs of image and labels, in the order of the images.
        table: Maps ids in label files to class indices (see FileDataset).
        left_out: Relative paths of files next to images or labels that belong to no image, sorted.
            Hidden files are excluded.
    """

    root: Path
    items: tuple[Item, ...]
    table: NDArray[np.uint8]
    left_out: tuple[str, ...]

    def dataset(
        self,
        facts: DatasetFacts,
        split: str,
        name: str | None = None,
        *,
        apply_orientation: bool = False,
    ) -> FileDataset:
        """Build the split of a dataset that has these files.

        Args:
            facts: Classes, colours and clip.
            split: Name of the split.
            name: The dataset's name. None: that of the facts.
            apply_orientation: Whether images are rotated according to their EXIF orientation.

        Returns:
            The split.
        """
        return FileDataset(
            name=name or facts.name,
            split=split,
            classes=facts.classes,
            palette=facts.colours,
            root=self.root,
            items=self.items,
            table=self.table,
            clip=facts.clip,
            apply_orientation=apply_orientation,
            left_out=self.left_out,
            groups=facts.groups,
            persons=facts.persons,
            label_colours=facts.label_colours,
        )


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
        The pairs, with the label table of the form.

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
    items, known = [], set[str]()
    for image in images:
        labels = form.path_of(image)
        existing = (path for path in form.companions(image) if folders.hold(path))
        instances = form.instances(image)
        if instances is not None and not folders.hold(instances):
            instances = None
        items.append(Item(image, labels, tuple(dict.fromkeys([labels, *existing])), instances))
        known |= {image, *items[-1].companions}
        for path in (image, labels, *([] if instances is None else [instances])):
            folders.check(path, provenance)
    return SplitFiles(root, tuple(items), form.table, folders.others(known))


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
        return unlabelled(root, images, forms[0].table)
    return pair_files(root, images, forms, provenance)


def unlabelled(root: Path, images: Sequence[str], table: NDArray[np.uint8]) -> SplitFiles:
    """Return items without labels, for a test split whose labels a server withholds.

    Args:
        root: The dataset's root folder.
        images: Relative paths of the images.
        table: Lookup table of the dataset's label ids (see FileDataset.table).

    Returns:
        Items without labels. All their pixels are ignored.
    """
    return SplitFiles(root, tuple(Item(image, None) for image in images), table, ())


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
