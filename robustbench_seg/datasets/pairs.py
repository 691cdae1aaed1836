"""Which files of a folder form pairs of image and labels; one line of error where they do not."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets.file_dataset import Item
from robustbench_seg.datasets.globs import matches
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
        instances: Relative path of an image -> that of the file that tells instances apart, if it
            exists.
    """

    path_of: Callable[[str], str]
    table: NDArray[np.uint8]
    companions: Callable[[str], Sequence[str]] = field(default=lambda image: ())
    instances: Callable[[str], str | None] = field(default=lambda image: None)


def forms_by_ending(
    path_of: Callable[[str, str], str],
    tables: Mapping[str, NDArray[np.uint8]],
    further: Sequence[str],
    instances: str | None = None,
) -> list[LabelForm]:
    """Return the forms of labels of a dataset whose label files of an image differ by their ending.

    Args:
        path_of: (relative path of an image, ending) -> relative path of the label file.
        tables: Ending of a form -> its table.
        further: Endings of further label files, the companions of either form.
        instances: Ending of the file that tells instances apart.
    """

    def companions(image: str) -> Sequence[str]:
        return [path_of(image, ending) for ending in (*tables, *further)]

    def instances_of(image: str) -> str | None:
        return None if instances is None else path_of(image, instances)

    def form(ending: str, table: NDArray[np.uint8]) -> LabelForm:
        return LabelForm(lambda image: path_of(image, ending), table, companions, instances_of)

    return [form(ending, table) for ending, table in tables.items()]


@dataclass(frozen=True, eq=False)
class Pairs:
    """The files of a split.

    Attributes:
        root: The folder that paths are relative to.
        items: The pairs of image and labels, in the order of the images.
        table: Id in a label file -> class index (see FileDataset).
        left_out: Relative paths of files that lie beside images or labels and belong to no image,
            sorted. Hidden files are not among them.
    """

    root: Path
    items: tuple[Item, ...]
    table: NDArray[np.uint8]
    left_out: tuple[str, ...]


def checked_root(root: Path | None, provenance: Provenance, variable: str | None = None) -> Path:
    """Check a dataset's root folder.

    Args:
        root: The root folder, or None where the user gave none.
        provenance: The dataset, for errors.
        variable: Environment variable that may hold a default, for errors.

    Returns:
        The root folder.

    Raises:
        DatasetError: There is no root folder, or it does not exist.
    """
    if root is None:
        hint = f" or set ${variable}" if variable else ""
        raise DatasetError(
            f"{provenance.title} needs its root folder: give one{hint}; {provenance.how_to_obtain}"
        )
    if not root.is_dir():
        raise DatasetError(
            f"{provenance.title}: there is no folder {root}; {provenance.how_to_obtain}"
        )
    return root


def find_images(root: Path, patterns: Sequence[str], provenance: Provenance) -> list[str]:
    """Find the images of a split.

    Hidden files are left out (see globs.matches), such as partly written files, checkpoints of
    notebooks, and the files that macOS adds, also in __MACOSX.

    Args:
        root: The dataset's root folder.
        patterns: Globs relative to the root.
        provenance: The dataset, for errors.

    Returns:
        Paths relative to the root of all files that match a glob, sorted.

    Raises:
        DatasetError: No file matches, or a file's name is not UTF-8.
    """
    names = {path for pattern in patterns for path in matches(root, pattern)}
    if not names:
        raise DatasetError(
            f"{provenance.title}: no image {' or '.join(patterns)} in {root}; "
            f"{provenance.how_to_obtain}"
        )
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise DatasetError(
                f"{provenance.title}: the file name {name!a} in {root} is not UTF-8; "
                "rename the file"
            ) from None
    return sorted(names)


def pair_files(
    root: Path, images: Sequence[str], forms: Sequence[LabelForm], provenance: Provenance
) -> Pairs:
    """Pair each image with its labels, all in the form that most images have.

    Where several forms have equally many images, the first one is used.

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
    return Pairs(root, tuple(items), form.table, folders.others(known))


def labelled_or_withheld(
    root: Path,
    images: Sequence[str],
    forms: Sequence[LabelForm],
    provenance: Provenance,
    *,
    withheld: bool,
) -> Pairs:
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


def unlabelled(root: Path, images: Sequence[str], table: NDArray[np.uint8]) -> Pairs:
    """Make items without labels, for a test split whose labels a server withholds.

    Args:
        root: The dataset's root folder.
        images: Relative paths of the images.
        table: Lookup table of the dataset's label ids (see FileDataset.table).

    Returns:
        Items without labels. Every pixel of them is ignored.
    """
    return Pairs(root, tuple(Item(image, None) for image in images), table, ())


class _Folders:
    """The folders of a dataset in which files were looked for, each listed once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names = dict[str, set[str]]()

    def hold(self, relative: str) -> bool:
        """Whether something of this path is there."""
        path = PurePosixPath(relative)
        return path.name in self._listed(str(path.parent))

    def check(self, relative: str, provenance: Provenance) -> None:
        """DatasetError for a folder, pipe or device of this path: to read it might take forever."""
        path = self._root / relative
        if not path.is_file() and path.exists():
            raise DatasetError(
                f"{provenance.title}: {path} is not a file but a {_kind(path)}; remove or rename it"
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
