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

Files. `images` and `labels` are globs relative to the root. `*` stands for any characters within
one name and may occur more than once; `{split}` stands for the split that is asked for. Where
splits do not follow one pattern, give a glob for each:

    [images]
    train = "day1/*.jpg"
    val = "day2/*.jpg"

A single glob without {split} is the split val, and there is no other.

Lists. Where a text file names the images of a split, as in Pascal VOC, `list` is its path relative
to the root, with {split} or as a table. Each of its lines holds what `*` stands for; several `*`
are separated by /. Images that it does not name are left aside, with or without labels:

    images = "JPEGImages/*.jpg"
    labels = "SegmentationClass/*.png"
    list = "ImageSets/Segmentation/{split}.txt"

Pairs. An image and its labels belong together when what `*` matched is the same in both globs:
above, photos/val/7.jpg and masks/val/7_mask.png. So both globs have the same number of `*`. Every
image needs labels; labels without an image are left aside.

Labels are PNG files with one id a pixel: grey of 1 to 16 bits, or palette images.
"""

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from robustbench_seg.codec import read
from robustbench_seg.datasets.facts import DatasetFacts, file_dataset
from robustbench_seg.datasets.file_dataset import FileDataset
from robustbench_seg.datasets.pairs import (
    LabelForm,
    Provenance,
    checked_root,
    find_images,
    pair_files,
)
from robustbench_seg.errors import CardError, DatasetError, unknown
from robustbench_seg.files import check_regular


@dataclass(frozen=True, kw_only=True)
class DatasetDescription(DatasetFacts):
    """The content of a dataset's TOML file: the keys of DatasetFacts, and where its files lie.

    Attributes:
        images: Glob of the images, or a glob for each split.
        labels: Glob of the label files, or a glob for each split.
        list: Path of a text file that names the images of a split, or a path for each split. None:
            all images that the glob finds.
        apply_orientation: Whether images, never labels, are turned as their EXIF orientation says.
    """

    images: str | Mapping[str, str]
    labels: str | Mapping[str, str]
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
    provenance = Provenance(
        f"dataset {description.name}", f"its globs are in {path}, relative to its root"
    )
    root = checked_root(path.parent if root is None else root, provenance)
    listed = description.list is not None
    images, labels = (
        _glob(getattr(description, key), split, f"{where}: {key}", listed)
        for key in ("images", "labels")
    )
    if images.count("*") != labels.count("*"):
        raise CardError(
            f"{where}: images = '{images}' and labels = '{labels}' must have the same number of *, "
            "since what * matches pairs them"
        )
    matched = re.compile("([^/]*)".join(re.escape(part) for part in images.split("*")))

    def path_of(image: str) -> str:
        match = matched.fullmatch(image)
        assert match is not None, f"{image} came from the glob {images}"
        return _filled(labels, match.groups())

    found = find_images(root, [images], provenance)
    if description.list is not None:
        file = root / _of_split(description.list, split, f"{where}: list")
        found = _listed(file, images, set(found))
    pairs = pair_files(root, found, [LabelForm(path_of, description.table)], provenance)
    return file_dataset(description, split, pairs, apply_orientation=description.apply_orientation)


def _listed(file: Path, glob: str, found: Collection[str]) -> list[str]:
    """The images that a list names, sorted; each line holds what * of the glob stands for."""
    try:
        check_regular(file)
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise DatasetError(f"{file}: the list of images cannot be read ({reason})") from error
    names = {}
    for number, name in enumerate(map(str.strip, lines), 1):
        pieces = name.split("/")
        if name and len(pieces) != glob.count("*"):
            raise DatasetError(
                f"{file}: line {number}: '{name}' is not what * stands for in '{glob}'"
                f"{', which has more than one: separate by /' if glob.count('*') > 1 else ''}"
            )
        if name:
            names[_filled(glob, pieces)] = number
    for image, number in names.items():
        if image not in found:
            raise DatasetError(
                f"{file}: line {number}: there is no {image}; write what * stands for in '{glob}'"
            )
    if not names:
        raise DatasetError(f"{file}: the list names no image; write one name a line")
    return sorted(names)


def _filled(glob: str, pieces: Sequence[str]) -> str:
    """A glob with a piece in place of each *."""
    parts = glob.split("*")
    return "".join(itertools.chain(*zip(parts, pieces, strict=False), parts[-1:]))


def _glob(value: str | Mapping[str, str], split: str, where: str, every: bool) -> str:
    """The glob of `split`."""
    glob = _of_split(value, split, where, every)
    for wrong in ("**", "?", "["):
        if wrong in glob:
            raise CardError(f"{where}: '{wrong}' in '{glob}' is not possible; only * is")
    if "*" not in glob:
        raise CardError(f"{where}: '{glob}' has no *, which finds the files")
    return glob


def _of_split(value: str | Mapping[str, str], split: str, where: str, every: bool = False) -> str:
    """The path of `split`, with {split} filled in; `every`: one without {split} is of any split."""
    if isinstance(value, str):
        value = {split: value} if "{split}" in value or every else {"val": value}
    if split not in value:
        raise DatasetError(f"{where}: {unknown('split', split, value)}")
    path = value[split].replace("{split}", split)
    if path.startswith("/") or ".." in path.split("/"):
        raise CardError(f"{where}: '{path}' leaves the dataset's root; use a path below it")
    return PurePosixPath(path).as_posix()
