"""One's own dataset, described by a TOML file.

Its folder is the dataset's root, unless --data names another. A whole description:

    name = "quarry"
    images = "photos/{split}/*.jpg"
    labels = "masks/{split}/*_mask.png"
    classes = ["ground", "rock", "machine", "person"]
    palette = [[128, 64, 0], [128, 128, 128], [255, 170, 0], [220, 20, 60]]   # optional
    clip = 10                  # frames of a video: so many in a row are drawn together for an
                               # interval; 1 if left out: every image stands alone
    ignore = [0, 255]          # ids in the label files that are not scored; [255] if left out

    [label_map]                # id in the label files = class, by name or index
    1 = "ground"
    2 = "ground"
    7 = "rock"
    8 = "machine"
    9 = "person"

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
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from robustbench_seg.cards import parse
from robustbench_seg.datasets.base import IGNORE
from robustbench_seg.datasets.file_dataset import UNKNOWN, FileDataset, label_table
from robustbench_seg.datasets.pairs import DatasetSource, LabelForm, checked_root, find_images, pair
from robustbench_seg.datasets.palette import voc_palette
from robustbench_seg.errors import CardError, DatasetError, unknown


@dataclass(frozen=True)
class Description:
    """What a dataset's TOML file says; the module's text explains each key.

    images, labels: a glob, or a glob for each split
    label_map:      id in a label file -> class name or class index; None: ids are indices
    """

    name: str
    images: Any
    labels: Any
    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...] | None = None
    label_map: dict[str, Any] | None = None
    ignore: tuple[int, ...] = (IGNORE,)
    clip: int = 1


def open_custom(path: Path, root: Path | None, split: str) -> FileDataset:
    """Open the split of the dataset that the TOML file `path` describes.

    root: what its globs are relative to; None: the folder of `path`. Raises CardError where the
    description is wrong and DatasetError where the files are.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DatasetError(f"{path}: the description cannot be read ({reason})") from None
    where = str(path)
    description = parse(Description, text, where)
    _check(description, where)
    source = DatasetSource(
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

    table = label_table(_class_of_id(description, where))
    items, table = pair(
        root, find_images(root, [images], source), [LabelForm(path_of, table)], source
    )
    palette = description.palette or voc_palette(len(description.classes))
    return FileDataset(
        description.name,
        split,
        description.classes,
        palette,
        root,
        items,
        table,
        description.clip,
    )


def _check(description: Description, where: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", description.name):
        raise CardError(
            f"{where}: name '{description.name}' goes into file names; use letters, digits, "
            "'.', '_' and '-'"
        )
    classes = description.classes
    if not 1 <= len(classes) <= UNKNOWN:
        raise CardError(f"{where}: {len(classes)} classes given; 1 to {UNKNOWN} are possible")
    twice = [name for name in classes if classes.count(name) > 1]
    if twice:
        raise CardError(f"{where}: the class '{twice[0]}' is given more than once")
    if description.clip < 1:
        raise CardError(f"{where}: clip is {description.clip}; 1 or more images are wanted")
    palette = description.palette
    if palette is not None and len(palette) != len(classes):
        raise CardError(f"{where}: {len(palette)} colours in palette for {len(classes)} classes")
    if palette is not None and not all(0 <= v <= 255 for colour in palette for v in colour):
        raise CardError(f"{where}: palette holds a value outside 0..255")


def _glob(value: Any, split: str, where: str) -> str:
    """The glob of `split`, with {split} filled in."""
    if isinstance(value, str):
        value = {split: value} if "{split}" in value else {"val": value}
    if not isinstance(value, dict) or not all(isinstance(glob, str) for glob in value.values()):
        raise CardError(f"{where}: a glob is wanted, or a table with a glob for each split")
    if split not in value:
        raise DatasetError(f"{where}: {unknown('split', split, value)}")
    glob: str = value[split].replace("{split}", split)
    for wrong in ("**", "?", "["):
        if wrong in glob:
            raise CardError(f"{where}: '{wrong}' in '{glob}' is not possible; only * is")
    if "*" not in glob:
        raise CardError(f"{where}: '{glob}' has no *, which finds the files")
    if glob.startswith("/") or ".." in glob.split("/"):
        raise CardError(f"{where}: '{glob}' leaves the dataset's root; use a path below it")
    return PurePosixPath(glob).as_posix()


def _class_of_id(description: Description, where: str) -> dict[int, int]:
    classes = description.classes
    if description.label_map == {}:
        raise CardError(f"{where}: label_map is empty; leave it out, or name the class of each id")
    meaning = {}
    if description.label_map is None:
        meaning = {index: index for index in range(len(classes))}
    for key, value in (description.label_map or {}).items():
        if not (key.isdecimal() and int(key) < 65536):
            raise CardError(f"{where}: label_map: '{key}' is not an id; 0..65535 is possible")
        if isinstance(value, str) and value not in classes:
            raise CardError(f"{where}: label_map.{key}: {unknown('class', value, classes)}")
        index = classes.index(value) if isinstance(value, str) else value
        if type(index) is not int or not 0 <= index < len(classes):
            raise CardError(
                f"{where}: label_map.{key}: a class name or an index 0..{len(classes) - 1} is "
                f"wanted, {value!r} given"
            )
        meaning[int(key)] = index
    for label_id in description.ignore:
        if not 0 <= label_id < 65536:
            raise CardError(f"{where}: ignore: {label_id} is not an id; 0..65535 is possible")
        if label_id in meaning:
            raise CardError(f"{where}: the id {label_id} is both ignored and a class")
    return meaning | dict.fromkeys(description.ignore, IGNORE)
