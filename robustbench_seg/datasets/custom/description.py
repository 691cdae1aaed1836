"""The content of a TOML file that describes a dataset of a user."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from robustbench_seg.codec import read_toml
from robustbench_seg.datasets.classes.facts import DatasetFacts
from robustbench_seg.errors import CardError, DatasetError, unknown

Globs = str | tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DatasetDescription(DatasetFacts):
    """The content of a dataset's TOML file: the keys of DatasetFacts, and the places of its files.

    Attributes:
        images: One or more globs of the images, the same for all splits or given for each split.
        labels: One or more globs of the label files, given in the same way.
        list: Path of a text file that names the images of a split, or a path for each split. None:
            all images that the globs find.
        apply_orientation: Whether images (never labels) are rotated according to their EXIF
            orientation.
    """

    images: Globs | Mapping[str, Globs]
    labels: Globs | Mapping[str, Globs]
    list: str | Mapping[str, str] | None = None
    apply_orientation: bool = False


def read_description(path: Path) -> DatasetDescription:
    """Read the TOML file of a user's dataset.

    Args:
        path: The TOML file.

    Returns:
        The description.

    Raises:
        CardError: The description cannot be read or is wrong.
    """
    return read_toml(DatasetDescription, path, "description")


def paths_of_split(
    value: Globs | Mapping[str, Globs], split: str, where: str, *, every: bool = False
) -> tuple[str, ...]:
    """Select the paths of a split from a key of a description.

    Args:
        value: The value of the key: one or more paths, the same for all splits or given for each.
        split: Name of the split, which replaces {split} in the paths.
        where: The description and its key, for errors.
        every: Whether paths without {split} are valid for every split, not only for val.

    Returns:
        The paths.

    Raises:
        CardError: There is no path, or one leaves the root.
        DatasetError: The description has no such split.
    """
    if not isinstance(value, Mapping):
        texts = (value,) if isinstance(value, str) else value
        every = every or any("{split}" in text for text in texts)
        value = {split if every else "val": value}
    if split not in value:
        raise DatasetError(f"{where}: {unknown('split', split, value)}")
    of_split = value[split]
    paths = (of_split,) if isinstance(of_split, str) else of_split
    if not paths:
        raise CardError(f"{where}: the list is empty; give a glob")
    filled = []
    for path in (text.replace("{split}", split) for text in paths):
        if path.startswith("/") or ".." in path.split("/"):
            raise CardError(
                f"{where}: '{path}' is outside the root of the dataset; use a path inside it"
            )
        filled.append(PurePosixPath(path).as_posix())
    return tuple(filled)
