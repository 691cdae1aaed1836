"""The classes of a dataset, their colours, and the meaning of the ids in its label files.

A TOML file contains them: one in the content folder `datasets` for a built-in dataset; for a user's
dataset, the file that also gives the places of its images (custom/).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.codec import parse_toml
from robustbench_seg.content import content_folder, toml_names
from robustbench_seg.datasets.classes.label_colours import is_colour
from robustbench_seg.datasets.classes.label_table import IGNORE, UNKNOWN, id_ranges, label_table
from robustbench_seg.datasets.classes.palette import voc_palette
from robustbench_seg.errors import CardError, unknown
from robustbench_seg.records.values.ranges import Level, Positive, Side

FOLDER = content_folder("datasets")
"""The files of the datasets that the program knows."""

_OF_CLASSES = ("classes", "palette", "label_map", "ignore", "label_colours", "groups", "persons")
"""The keys that `classes_of` takes from another dataset."""

_OF_IDS = ("label_map", "ignore", "label_colours")
"""The subset of these keys that a file with its own label_map may set."""

_ABSENT: tuple[object, ...] = (None, (), {}, (IGNORE,))
"""Default values of keys."""

Palette = tuple[tuple[Level, Level, Level], ...]


@dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """The content of a dataset's TOML file, except for the places of its files.

    Attributes:
        name: Its name in every table.
        about: What it shows, in one sentence. Reports quote it for built-in datasets.
        classes: Class names, in the order of the class indices.
        classes_of: Name of a file in the content folder whose classes, colours, label ids and
            groups this dataset has. A file has exactly one of classes and classes_of. If
            the file has a label_map, that gives the label ids instead.
        palette: An RGB colour (0..255) for each class. None: the colours of PASCAL VOC.
        label_map: Maps ids in label files to class names or class indices. None: ids are indices.
        ignore: Ids in a label file that are not scored.
        label_colours: Maps a colour in an RGB label file, such as "#804080", to its id. None: label
            files contain ids.
        clip: Number of consecutive images that are drawn together for an interval.
        groups: Maps names of groups to names of their classes. A class may be in several groups.
            Each group has an IoU.
        persons: Classes whose missed objects are counted together, such as person and rider.
        image_size: Height and width, in pixels, at which the literature counts a network's
            operations.
        val_images: Number of images of the split val, on which published scores are computed. Only
            built-in datasets need it. None: unknown.
        citation: BibTeX of the dataset. Reports quote it for built-in datasets.

    Raises:
        CardError: A value is wrong.
    """

    name: str
    about: str = ""
    classes: tuple[str, ...] = ()
    classes_of: str | None = None
    palette: Palette | None = None
    label_map: Mapping[str, str | int] | None = None
    ignore: tuple[int, ...] = (IGNORE,)
    label_colours: Mapping[str, int] | None = None
    clip: Positive = 1
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    persons: tuple[str, ...] = ()
    image_size: tuple[Side, Side] | None = None
    val_images: Positive | None = None
    citation: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.name):
            raise CardError(
                f"name '{self.name}' is part of file names; use letters, digits, '.', '_' and '-'"
            )
        if self.classes_of is not None:
            self._take_classes(self.classes_of)
        classes, palette = self.classes, self.palette
        if not 1 <= len(classes) <= UNKNOWN:
            raise CardError(f"{len(classes)} classes; expected 1 to {UNKNOWN}")
        twice = [name for name in classes if classes.count(name) > 1]
        if twice:
            raise CardError(f"the class '{twice[0]}' is listed twice; list each once")
        if palette is not None and len(palette) != len(classes):
            raise CardError(
                f"palette: expected {len(classes)} colours, one for each class, got {len(palette)}"
            )
        _check_ids(self)
        _check_colours(self)
        _check_groups(self.groups, classes)
        _check_members("persons", self.persons, classes)

    def _take_classes(self, name: str) -> None:
        """Take the classes of another file, and everything that belongs to them."""
        if name not in toml_names(FOLDER):
            raise CardError(f"classes_of: {unknown('dataset', name, toml_names(FOLDER))}")
        own_ids = () if self.label_map is None else _OF_IDS
        for key in (key for key in _OF_CLASSES if key not in own_ids):
            if getattr(self, key) not in _ABSENT:
                raise CardError(
                    f"{key} is taken from '{name}' by classes_of; leave out one of the two"
                )
            object.__setattr__(self, key, getattr(dataset_facts(name), key))

    @cached_property
    def colours(self) -> Palette:
        """An RGB colour, 0..255, for each class."""
        return self.palette or voc_palette(len(self.classes))

    @cached_property
    def table(self) -> NDArray[np.uint8]:
        """The table of the ids in a label file, see label_table.label_table."""
        meaning = {index: index for index in range(len(self.classes))}
        if self.label_map is not None:
            meaning = {int(key): self._index(value) for key, value in self.label_map.items()}
        return label_table(meaning | dict.fromkeys(self.ignore, IGNORE))

    @cached_property
    def label_ids(self) -> tuple[int, ...]:
        """The id of each class in the label files; the lowest if a class has several."""
        ids = self.table.tolist()
        return tuple(map(ids.index, range(len(self.classes))))

    @cached_property
    def index_table(self) -> NDArray[np.uint8]:
        """The table of a label file that contains class indices ("train ids") and IGNORE."""
        return label_table({index: index for index in range(len(self.classes))} | {IGNORE: IGNORE})

    def _index(self, value: str | int) -> int:
        return self.classes.index(value) if isinstance(value, str) else value


@cache
def dataset_facts(name: str) -> DatasetFacts:
    """Read the facts of a dataset of the content folder.

    Args:
        name: Name of its file without suffix.

    Returns:
        The facts.
    """
    file = FOLDER / f"{name}.toml"
    return parse_toml(DatasetFacts, file.read_text(encoding="utf-8"), str(file))


def _check_ids(facts: DatasetFacts) -> None:
    classes = facts.classes
    if facts.label_map == {}:
        raise CardError("label_map is empty; leave it out, or name the class of each id")
    ids = set(range(len(classes))) if facts.label_map is None else set[int]()
    for key, value in (facts.label_map or {}).items():
        if not (key.isdecimal() and int(key) < 65536):
            raise CardError(f"label_map: '{key}' is not an id; expected 0..65535")
        if isinstance(value, str) and value not in classes:
            raise CardError(f"label_map.{key}: {unknown('class', value, classes)}")
        if isinstance(value, int) and not 0 <= value < len(classes):
            raise CardError(
                f"label_map.{key}: expected a class name or an index 0..{len(classes) - 1}, got "
                f"{value!r}"
            )
        ids.add(int(key))
    for label_id in facts.ignore:
        if not 0 <= label_id < 65536:
            raise CardError(f"ignore: {label_id} is not an id; expected 0..65535")
        if label_id in ids:
            unless = ", since 255 is ignored unless the file says ignore = []"
            raise CardError(
                f"the id {label_id} is both ignored and a "
                f"class{unless if tuple(facts.ignore) == (IGNORE,) else ''}; remove it from one "
                "of them"
            )


def _check_colours(facts: DatasetFacts) -> None:
    if facts.label_colours == {}:
        raise CardError("label_colours is empty; leave it out, or name the id of each colour")
    known = np.flatnonzero(facts.table != UNKNOWN)
    for colour, label_id in (facts.label_colours or {}).items():
        if not is_colour(colour):
            raise CardError(
                f"label_colours: '{colour}' is not a colour; write one such as '#804080'"
            )
        if label_id not in known:
            raise CardError(
                f"label_colours.{colour}: {label_id} is not an id of this dataset; its ids are "
                f"{id_ranges(known)}"
            )


def _check_groups(groups: Mapping[str, tuple[str, ...]], classes: tuple[str, ...]) -> None:
    for group, members in groups.items():
        if not members:
            raise CardError(f"groups.{group}: it has no classes; name its classes, or leave it out")
        _check_members(f"groups.{group}", members, classes)


def _check_members(where: str, members: tuple[str, ...], classes: tuple[str, ...]) -> None:
    for name in members:
        if name not in classes:
            raise CardError(f"{where}: {unknown('class', name, classes)}")
        if members.count(name) > 1:
            raise CardError(f"{where}: the class '{name}' is listed twice; list each once")
