"""The files of class maps, which score a model on a dataset with other classes.

A class map is a TOML file. Included maps are in the folder `class_maps` of the content folder
`models`. A complete example:

    about = "Cityscapes' classes on our quarry"     # optional
    model = "cityscapes"        # the classes that the model predicts: those of a dataset, or a list
    dataset = ["ground", "rock", "machine", "person"]           # those of the dataset, likewise

    [map]                       # every class of the model = a class of the dataset, or "ignore"
    road = "ground"
    terrain = "ground"
    truck = "machine"
    person = "person"
    sky = "ignore"              # a wrong label wherever it is predicted
    # ...

    [impossible]                # every class of the dataset that no class of the model maps to
    rock = "leave-out"          # its pixels are not scored, and it is in no mean; or
                                # "miss": all its pixels are wrong, and its IoU is 0

    [reasons]                   # optional: why a class of the model or dataset is treated so
    terrain = "..."
    ignore = "..."              # of all ignored classes without a reason of their own
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from robustbench_seg.codec import read_toml
from robustbench_seg.content import content_folder, toml_names
from robustbench_seg.datasets.class_map import ClassMap
from robustbench_seg.datasets.facts_by_name import class_names
from robustbench_seg.datasets.registry import DATASETS
from robustbench_seg.errors import CardError, unknown
from robustbench_seg.records.runs.class_map_record import IGNORED, ClassMapFacts, ClassMapRecord
from robustbench_seg.records.values.ranges import MAX_CLASSES

_FOLDER = "class_maps"


@dataclass(frozen=True)
class ClassMapFile:
    """The content of a class map's TOML file.

    Attributes:
        model: The classes that the model predicts: the name of a dataset, or a list in the order of
            the model's label indices.
        dataset: The classes of the dataset, likewise.
        map: Maps every class of the model to a class of the dataset, or to "ignore": no class.
        impossible: For every class of the dataset that no class of the model maps to: "leave-out",
            its pixels are not scored; or "miss", all of them are wrong.
        reasons: Why a class of the model or of the dataset is mapped, ignored or missed. The reason
            of "ignore" applies to all ignored classes without their own reason.
        about: The purpose of the map.
    """

    model: str | tuple[str, ...]
    dataset: str | tuple[str, ...]
    map: Mapping[str, str]
    impossible: Mapping[str, Literal["leave-out", "miss"]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    about: str = ""


def list_class_maps() -> tuple[str, ...]:
    """List the names of the included class maps.

    Returns:
        The names, sorted.

    >>> rs.list_class_maps()[:2]
    ('ade20k-to-camvid', 'ade20k-to-cityscapes')
    """
    return toml_names(content_folder("models") / _FOLDER)


def class_map_table() -> list[tuple[str, str]]:
    """Tabulate the included class maps with their descriptions; the first row is the header."""
    rows = [(name, load_class_map(name).facts.about) for name in list_class_maps()]
    return [("class map", "about"), *rows]


def load_class_map(name: str | Path) -> ClassMap:
    """Load a class map.

    Args:
        name: The name of an included one, or the path of a TOML file: a Path, or a string that ends
            in `.toml`.

    Returns:
        The map.

    Raises:
        CardError: The class map is unknown, or its file is invalid.

    >>> class_map = rs.load_class_map("cityscapes-to-idd")
    >>> class_map.facts.reasons["terrain"]
    "IDD's authors map the non-drivable fallback (earth, grass) to terrain."
    """
    if isinstance(name, Path) or name.endswith(".toml"):
        path = Path(name)
    elif name in list_class_maps():
        path = content_folder("models") / _FOLDER / f"{name}.toml"
    else:
        known = unknown("class map", name, list_class_maps())
        raise CardError(f"{known}; or give the path of a .toml file")
    return _checked(read_toml(ClassMapFile, path, "class map"), path.stem, str(path))


def fitting_maps(model: Sequence[str], dataset: Sequence[str]) -> tuple[str, ...]:
    """List the included class maps from the classes of a model to those of a dataset.

    Args:
        model: The model's classes, in the order of its label indices.
        dataset: The dataset's classes, likewise.
    """
    wanted = tuple(model), tuple(dataset)
    maps = map(load_class_map, list_class_maps())
    return tuple(each.name for each in maps if (each.model_classes, each.dataset_classes) == wanted)


def _checked(file: ClassMapFile, name: str, where: str) -> ClassMap:
    model = _classes(file.model, f"{where}: model")
    dataset = _classes(file.dataset, f"{where}: dataset")
    if IGNORED in dataset:
        raise CardError(
            f'{where}: dataset: the name "{IGNORED}" is reserved for ignored classes; rename the '
            "class"
        )
    for one, target in file.map.items():
        if one not in model:
            raise CardError(f"{where}: map: {unknown('class of the model', one, model)}")
        if target != IGNORED and target not in dataset:
            known = (*dataset, IGNORED)
            raise CardError(
                f"{where}: map: {one}: {unknown('class of the dataset', target, known)}"
            )
    if missing := [one for one in model if one not in file.map]:
        raise CardError(
            f"{where}: map: {', '.join(missing)}: no target; map each class of the model to a "
            f'class of the dataset, or to "{IGNORED}"'
        )
    _check_impossible(file, dataset, where)
    explained = (*model, *dataset, IGNORED)
    for one in file.reasons:
        if one not in explained:
            raise CardError(f"{where}: reasons: {unknown('class', one, explained)}")
    chosen = {
        kind: tuple(each for each in dataset if file.impossible.get(each) == kind)
        for kind in ("leave-out", "miss")
    }
    record = ClassMapRecord(
        model,
        tuple(file.map[one] for one in model),
        left_out=chosen["leave-out"],
        missed=chosen["miss"],
    )
    return ClassMap(ClassMapFacts(name, file.about, file.reasons), record, dataset)


def _check_impossible(file: ClassMapFile, dataset: Sequence[str], where: str) -> None:
    """Check that exactly the classes without a class of the model are listed as impossible."""
    of_target = {target: one for one, target in file.map.items()}
    for name in file.impossible:
        if name not in dataset:
            raise CardError(
                f"{where}: impossible: {unknown('class of the dataset', name, dataset)}"
            )
        if name in of_target:
            raise CardError(
                f"{where}: impossible: {name} is possible, because {of_target[name]} maps to it; "
                "remove one of the two lines"
            )
    if missing := [each for each in dataset if each not in {*of_target, *file.impossible}]:
        raise CardError(
            f"{where}: impossible: no class of the model maps to {', '.join(missing)}; map one to "
            'it, or list it here as "miss" or "leave-out"'
        )
    if not any(target != IGNORED for target in of_target):
        raise CardError(
            f"{where}: map: every class is ignored; map at least one to a class of the dataset"
        )


def _classes(named: str | tuple[str, ...], where: str) -> tuple[str, ...]:
    """Return the classes of a dataset, given its name or a list of its classes."""
    if isinstance(named, str):
        if named not in DATASETS:
            known = unknown("dataset", named, DATASETS)
            raise CardError(f"{where}: {known}; or give a list of class names")
        return class_names(named)
    if not 1 <= len(named) <= MAX_CLASSES:
        raise CardError(f"{where}: {len(named)} classes; expected 1 to {MAX_CLASSES}")
    if twice := [name for name in dict.fromkeys(named) if named.count(name) > 1]:
        raise CardError(f"{where}: the class {twice[0]} is listed twice; list each once")
    return named
