"""A user's own dataset, described by a TOML file.

Its folder is the dataset's root, unless --data names another. A whole description:

    name = "quarry"
    images = "photos/{split}/*.jpg"
    labels = "masks/{split}/*_mask.png"
    classes = ["ground", "rock", "machine", "person"]
    palette = [[128, 64, 0], [128, 128, 128], [255, 170, 0], [220, 20, 60]]   # optional
    persons = ["person"]       # classes whose missed objects are counted; optional
    clip = 10                  # frames of a video: this many in a row are drawn together for an
                               # interval; 1 if left out: every image stands alone
    image_size = [720, 1280]   # height and width at which `robustseg cost` counts; optional
    citation = "..."           # BibTeX of the dataset; optional
    ignore = [0, 255]          # ids in the label files that are not scored; [255] if left out, so
                               # a dataset whose class has the id 255 says ignore = []
    apply_orientation = false  # true: labels are drawn on the images as viewers show them, turned
                               # by their EXIF orientation; false: such an image is refused

    [label_map]                # id in the label files = class, by name or index
    1 = "ground"
    2 = "ground"
    7 = "rock"
    8 = "machine"
    9 = "person"

    [groups]                   # optional: several classes together, each group with an IoU
    natural = ["ground", "rock"]

Without label_map the ids are the class indices themselves. A dataset with the classes, colours,
label ids and groups of a known one, such as "cityscapes", says so in one line in place of them:

    classes_of = "cityscapes"

If only the label ids differ from those of the known dataset, give them in `label_map` and `ignore`.

Files. `images` and `labels` are globs relative to the root. `*` stands for any characters within
one name, `**/` for any number of folders, `{jpg,png}` for one of these; `{split}` stands for the
split that is asked for. Case counts: `*.jpg` does not find 7.JPG. Where splits do not follow one
pattern, give a glob for each:

    [images]
    train = "day1/*.jpg"
    val = "day2/*.jpg"

A single glob without {split} describes the split val, the only one. `images` may also be a list of
globs. `labels` is then one glob for all of them, or a list of the same length:

    images = ["front/*.jpg", "rear/**/*.png"]
    labels = ["front-ids/*.png", "rear-ids/**/*.png"]

Lists. Where a text file names the images of a split, as in Pascal VOC, `list` is its path relative
to the root, with {split} or as a table. Each of its lines holds what the stars stand for, separated
by /, or the path of an image. Images that it does not name are left aside, with or without labels:

    images = "JPEGImages/*.jpg"
    labels = "SegmentationClass/*.png"
    list = "ImageSets/Segmentation/{split}.txt"

Pairs. An image and a label file belong together when the stars stand for the same text in both
globs: above, photos/val/7.jpg and masks/val/7_mask.png. Both globs therefore need the same stars in
the same order. Every image needs a label file of its own. A label file that also matches the globs
of images is not read as an image. A warning counts label files without an image (unless there is a
list) and images that the globs miss because of their suffix.

Labels are PNG files with one id per pixel: greyscale of 1 to 16 bits, or palette images. Labels
stored as colours (RGB images of 8 bits per channel) are read if the id of each colour is given:

    [label_colours]
    "#804000" = 0
    "#808080" = 1
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from robustbench_seg.codec import read
from robustbench_seg.datasets.facts import DatasetFacts, file_dataset
from robustbench_seg.datasets.file_dataset import FileDataset
from robustbench_seg.datasets.file_list import listed
from robustbench_seg.datasets.glob_pairs import GlobPair, GlobPairs, glob_pair
from robustbench_seg.datasets.pairs import (
    LabelForm,
    Provenance,
    checked_root,
    find_images,
    pair_files,
)
from robustbench_seg.datasets.png_layout import png_layout
from robustbench_seg.errors import CardError, DatasetError, unknown

log = logging.getLogger(__name__)

Globs = str | tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DatasetDescription(DatasetFacts):
    """The content of a dataset's TOML file: the keys of DatasetFacts, and where its files lie.

    Attributes:
        images: One or more globs of the images, the same for all splits or given for each split.
        labels: One or more globs of the label files, given in the same way.
        list: Path of a text file that names the images of a split, or a path for each split. None:
            all images that the globs find.
        apply_orientation: Whether images, never labels, are turned as their EXIF orientation says.
    """

    images: Globs | Mapping[str, Globs]
    labels: Globs | Mapping[str, Globs]
    list: str | Mapping[str, str] | None = None
    apply_orientation: bool = False


def read_description(path: Path) -> DatasetDescription:
    """Read the TOML file of a user's own dataset.

    Args:
        path: The TOML file.

    Returns:
        The description.

    Raises:
        CardError: The description cannot be read or is wrong.
    """
    return read(DatasetDescription, path, "description")


def open_custom(path: Path, root: Path | None, split: str) -> FileDataset:
    """Open a split of a dataset that a TOML file describes.

    A logged warning counts files that look like its images or labels but are not used.

    Args:
        path: The TOML file.
        root: The folder that the globs are relative to. None: the folder of `path`.
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
        [list_path] = _of_split(description.list, split, f"{where}: list")
        chosen = listed(root / list_path, globs, found)
    labels = globs.labels(chosen)
    pairs = pair_files(root, chosen, [LabelForm(labels.__getitem__, description.table)], provenance)
    for note in globs.notes(found, has_list=list_path is not None):
        log.warning("%s %s: %s", description.name, split, note)
    if list_path is not None:  # other tools need the list next to the images
        items = (replace(item, companions=(*item.companions, list_path)) for item in pairs.items)
        pairs = replace(pairs, items=tuple(items))
    dataset = file_dataset(
        description, split, pairs, apply_orientation=description.apply_orientation
    )
    layout = png_layout(description, split, globs.pairs, list_path, dataset.ids)
    return replace(dataset, png_layout=layout)


def _glob_pairs(description: DatasetDescription, split: str, where: str) -> tuple[GlobPair, ...]:
    """Return the globs of `split` after checking them."""
    every = description.list is not None
    images, labels = (
        _of_split(getattr(description, key), split, f"{where}: {key}", every)
        for key in ("images", "labels")
    )
    if len(labels) == 1:
        labels *= len(images)
    if len(images) != len(labels):
        raise CardError(
            f"{where}: {len(images)} globs of images and {len(labels)} of labels; give one glob of "
            "labels for each, or one for all"
        )
    return tuple(glob_pair(*pair, where) for pair in zip(images, labels, strict=True))


def _of_split(
    value: Globs | Mapping[str, Globs], split: str, where: str, every: bool = False
) -> tuple[str, ...]:
    """Return the paths of `split`, {split} filled in; `every`: paths without {split} fit any."""
    if not isinstance(value, Mapping):
        texts = (value,) if isinstance(value, str) else value
        every = every or any("{split}" in text for text in texts)
        value = {split if every else "val": value}
    if split not in value:
        raise DatasetError(f"{where}: {unknown('split', split, value)}")
    of_split = value[split]
    paths = (of_split,) if isinstance(of_split, str) else of_split
    if not paths:
        raise CardError(f"{where}: an empty list; give a glob")
    filled = []
    for path in (text.replace("{split}", split) for text in paths):
        if path.startswith("/") or ".." in path.split("/"):
            raise CardError(f"{where}: '{path}' leaves the dataset's root; use a path below it")
        filled.append(PurePosixPath(path).as_posix())
    return tuple(filled)
