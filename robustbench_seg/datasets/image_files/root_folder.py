"""Checks the root folder of a dataset and finds its images; errors are one line."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from robustbench_seg.datasets.image_files.globs import matches
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


def checked_root(root: Path | None, provenance: Provenance, variable: str | None = None) -> Path:
    """Check a dataset's root folder.

    Args:
        root: The root folder, or None if the user gave none.
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
            f"{provenance.title} needs its root folder: give it as data{hint}; "
            f"{provenance.how_to_obtain}; the dataset minicity needs no download"
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
