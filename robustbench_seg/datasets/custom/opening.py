"""Opens a split of a user's dataset: the files that the globs of its description pair."""

import logging
from dataclasses import replace
from pathlib import Path

from robustbench_seg.datasets.custom.description import (
    DatasetDescription,
    paths_of_split,
    read_description,
)
from robustbench_seg.datasets.custom.file_list import listed
from robustbench_seg.datasets.custom.glob_pairs import GlobPair, GlobPairs, glob_pair
from robustbench_seg.datasets.custom.png_layout import png_layout
from robustbench_seg.datasets.image_files.root_folder import Provenance, checked_root, find_images
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.label_forms import LabelForm
from robustbench_seg.datasets.splits.pairing import pair_files
from robustbench_seg.errors import CardError

log = logging.getLogger(__name__)


def open_custom(path: Path, root: Path | None, split: str) -> FileDataset:
    """Open a split of a dataset that a TOML file describes.

    A logged warning counts files that look like its images or labels but are not used.

    Args:
        path: The TOML file.
        root: The base folder of the globs. None: the folder of `path`.
        split: Name of the split.

    Returns:
        The split.

    Raises:
        CardError: The description cannot be read or is wrong.
        DatasetError: The description has no such split, or the files are missing.
    """
    description, where = read_description(path), str(path)
    hint = "" if description.list else "; the key list can name the images to use"
    provenance = Provenance(
        f"dataset {description.name}", f"its globs are in {path}, relative to its root{hint}"
    )
    root = checked_root(path.parent if root is None else root, provenance)
    globs = GlobPairs(root, _glob_pairs(description, split, where))
    found = globs.images(find_images(root, globs.texts, provenance))
    chosen, list_path = found, None
    if description.list is not None:
        [list_path] = paths_of_split(description.list, split, f"{where}: list")
        chosen = listed(root / list_path, globs, found)
    labels = globs.labels(chosen)
    form = LabelForm(labels.__getitem__, description.table, colours=description.label_colours)
    files = pair_files(root, chosen, [form], provenance)
    for note in globs.notes(found, has_list=list_path is not None):
        log.warning("%s %s: %s", description.name, split, note)
    if list_path is not None:  # other tools need the list next to the images
        images = [replace(one, companions=(*one.companions, list_path)) for one in files.images]
        files = replace(files, images=tuple(images))
    files = replace(
        files,
        apply_orientation=description.apply_orientation,
        described_in=path,
        png_layout=png_layout(description, split, globs.pairs, files.ids),
    )
    return FileDataset(description.name, split, description, files)


def _glob_pairs(description: DatasetDescription, split: str, where: str) -> tuple[GlobPair, ...]:
    """Return the globs of `split` after checking them."""
    every = description.list is not None
    images = paths_of_split(description.images, split, f"{where}: images", every=every)
    labels = paths_of_split(description.labels, split, f"{where}: labels", every=every)
    if len(labels) == 1:
        labels *= len(images)
    if len(images) != len(labels):
        raise CardError(
            f"{where}: {len(images)} globs of images and {len(labels)} of labels; give one glob of "
            "labels for each, or one for all"
        )
    return tuple(glob_pair(*pair, where) for pair in zip(images, labels, strict=True))
