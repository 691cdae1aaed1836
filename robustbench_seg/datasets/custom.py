"""One's own dataset, described by a TOML file.

Its folder is the dataset's root, unless --data names another. A whole description:

    name = "quarry"
    images = "photos/{split}/*.jpg"
    labels = "masks/{split}/*_mask.png"
    classes = ["ground", "rock", "machine", "person"]
    palette = [[128, 64, 0], [128, 128, 128], [255, 170, 0], [220, 20, 60]]   # optional
    clip = 10                  # frames of a video: this many in a row are drawn together for an
                               # interval; 1 if left out: every image stands alone
    image_size = [720, 1280]   # height and width at which `robustseg cost` counts; optional
    ignore = [0, 255]          # ids in the label files that are not scored; [255] if left out

    [label_map]                # id in the label files = class, by name or index
    1 = "ground"
    2 = "ground"
    7 = "rock"
    8 = "machine"
    9 = "person"

    [groups]                   # optional: names for several classes; each in one group at most
    natural = ["ground", "rock"]

Without label_map the ids are the class indices themselves.

Files. `images` and `labels` are globs relative to the root. `*` stands for any characters within
one name and may occur more than once; `{split}` stands for the split that is asked for. Where
splits do not follow one pattern, give a glob for each:

    [images]
    train = "day1/*.jpg"
    val = "day2/*.jpg"

A single glob without {split} is the split val, and there is no other.

Pairs. An image and its labels belong together when what `*` matched is the same in both globs:
above, photos/val/7.jpg and masks/val/7_mask.png. So both globs have the same number of `*`. Every
image needs labels; labels without an image are left aside.

Labels are PNG files with one id a pixel: grey of 1 to 16 bits, or palette images.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from robustbench_seg.cards import parse
from robustbench_seg.datasets.facts import DatasetFacts, check_facts, file_dataset
from robustbench_seg.datasets.file_dataset import FileDataset
from robustbench_seg.datasets.pairs import (
    LabelForm,
    Provenance,
    checked_root,
    find_images,
    pair_files,
)
from robustbench_seg.errors import CardError, DatasetError, unknown


@dataclass(frozen=True, kw_only=True)
class DatasetDescription(DatasetFacts):
    """The content of a dataset's TOML file: the keys of DatasetFacts, and where its files lie.

    Attributes:
        images: Glob of the images, or a glob for each split.
        labels: Glob of the label files, or a glob for each split.
    """

    images: str | Mapping[str, str]
    labels: str | Mapping[str, str]


def read_description(path: Path) -> DatasetDescription:
    """Read the TOML file of a user's own dataset.

    Args:
        path: The TOML file.

    Returns:
        The description.

    Raises:
        CardError: The description is wrong.
        DatasetError: The file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DatasetError(f"{path}: the description cannot be read ({reason})") from None
    description = parse(DatasetDescription, text, str(path))
    check_facts(description, str(path))
    return description


def open_custom(path: Path, root: Path | None, split: str) -> FileDataset:
    """Open a split of a dataset that a TOML file describes.

    Args:
        path: The TOML file.
        root: The folder that the globs are relative to. None: the folder of `path`.
        split: Name of the split.

    Returns:
        The split.

    Raises:
        CardError: The description is wrong.
        DatasetError: The description cannot be read, has no such split, or the files are missing.
    """
    description, where = read_description(path), str(path)
    source = Provenance(
        f"dataset {description.name}", f"its globs are in {path}, relative to its root"
    )
    root = checked_root(path.parent if root is None else root, source)
    images, labels = (
        _glob(getattr(description, key), split, f"{where}: {key}") for key in ("images", "labels")
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
        parts = labels.split("*")
        filled = [part + piece for part, piece in zip(parts, match.groups(), strict=False)]
        return "".join([*filled, parts[-1]])

    form = LabelForm(path_of, description.table)
    items, table = pair_files(root, find_images(root, [images], source), [form], source)
    return file_dataset(description, split, root, items, table)


def _glob(value: str | Mapping[str, str], split: str, where: str) -> str:
    """The glob of `split`, with {split} filled in."""
    if isinstance(value, str):
        value = {split: value} if "{split}" in value else {"val": value}
    if split not in value:
        raise DatasetError(f"{where}: {unknown('split', split, value)}")
    glob = value[split].replace("{split}", split)
    for wrong in ("**", "?", "["):
        if wrong in glob:
            raise CardError(f"{where}: '{wrong}' in '{glob}' is not possible; only * is")
    if "*" not in glob:
        raise CardError(f"{where}: '{glob}' has no *, which finds the files")
    if glob.startswith("/") or ".." in glob.split("/"):
        raise CardError(f"{where}: '{glob}' leaves the dataset's root; use a path below it")
    return PurePosixPath(glob).as_posix()
