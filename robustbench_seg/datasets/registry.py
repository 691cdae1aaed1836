"""The datasets that the program knows: a name, the facts of a TOML file, and how a split is opened.

To add a dataset, write its classes into a TOML file in the content folder `datasets`, its layout
into a file like camvid.py, and add its line to DATASETS. A user's own dataset needs no code: a
TOML file describes it (custom.py).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from robustbench_seg.datasets import acdc, muses
from robustbench_seg.datasets.ade20k import open_ade20k
from robustbench_seg.datasets.base import Dataset
from robustbench_seg.datasets.bdd100k import open_bdd100k
from robustbench_seg.datasets.bravo import open_bravo
from robustbench_seg.datasets.camvid import open_camvid
from robustbench_seg.datasets.cityscapes import open_cityscapes
from robustbench_seg.datasets.coco_stuff import open_coco_stuff
from robustbench_seg.datasets.custom import open_custom, read_description
from robustbench_seg.datasets.dark_zurich import open_dark_zurich
from robustbench_seg.datasets.facts import DatasetFacts, dataset_facts
from robustbench_seg.datasets.idd import open_idd
from robustbench_seg.datasets.kitti import open_kitti
from robustbench_seg.datasets.mapillary import open_mapillary
from robustbench_seg.errors import CardError, DatasetError, unknown


def _open_minicity(root: Path | None, split: str) -> Dataset:
    # Imported on demand: drawing needs more than opening files does.
    from robustbench_seg.datasets.minicity import open_minicity

    return open_minicity(root, split)


@dataclass(frozen=True)
class DatasetEntry:
    """A dataset that the program knows.

    Attributes:
        facts: Name of its file in the content folder `datasets`.
        open: Opens a split: (root folder or None, name of the split) -> dataset.
        subsets: Image id -> names of the subsets that the image is of. The subset S of the dataset
            D is the dataset D:S. None: it has none.
        reference: Name of the dataset that has the same places under normal conditions.
        place: Image id -> what an image and its reference have in common. None: there are no
            references.
    """

    facts: str
    open: Callable[[Path | None, str], Dataset]
    subsets: Callable[[str], tuple[str, ...]] | None = None
    reference: str | None = None
    place: Callable[[str], str] | None = None


def _acdc() -> Mapping[str, DatasetEntry]:
    entries = {}
    for name, reference in (("acdc", "acdc-ref"), ("acdc-ref", None)):
        opened = partial(acdc.open_acdc, reference=reference is None)
        entries[name] = DatasetEntry("acdc", opened, acdc.subset_of, reference, acdc.place_of)
        for subset in acdc.SUBSETS:
            entries[f"{name}:{subset}"] = DatasetEntry(
                "acdc",
                partial(opened, subset=subset),
                reference=reference and f"{reference}:{subset}",
                place=acdc.place_of,
            )
    return entries


def _muses() -> Mapping[str, DatasetEntry]:
    return {
        "muses": DatasetEntry("muses", muses.open_muses, muses.subsets_of),
        **{
            f"muses:{name}": DatasetEntry("muses", partial(muses.open_muses, subset=name))
            for name in muses.SUBSETS
        },
    }


DATASETS: Mapping[str, DatasetEntry] = {
    "cityscapes": DatasetEntry("cityscapes", open_cityscapes),
    "camvid": DatasetEntry("camvid", open_camvid),
    "ade20k": DatasetEntry("ade20k", open_ade20k),
    "coco-stuff": DatasetEntry("coco-stuff", open_coco_stuff),
    **_acdc(),
    **_muses(),
    "dark-zurich": DatasetEntry("dark-zurich", open_dark_zurich),
    "bdd100k": DatasetEntry("bdd100k", open_bdd100k),
    "kitti": DatasetEntry("kitti", open_kitti),
    **{
        f"mapillary-{release}": DatasetEntry(
            f"mapillary-{release}", partial(open_mapillary, release=release)
        )
        for release in ("v1.2", "v2.0")
    },
    "idd": DatasetEntry("idd", open_idd),
    "idd-cityscapes": DatasetEntry("idd-cityscapes", partial(open_idd, classes="idd-cityscapes")),
    "bravo": DatasetEntry("bravo", open_bravo),
    "minicity": DatasetEntry("minicity", _open_minicity),
}
"""The datasets that `open_dataset` knows by name."""

_NAMES = (*DATASETS, "or the path of a .toml file")
"""What an error offers."""


def list_datasets() -> tuple[str, ...]:
    """Names of the datasets that `open_dataset` knows, besides TOML files."""
    return tuple(DATASETS)


def check_name(name: str) -> None:
    """Check that `open_dataset` knows a dataset, without opening it.

    Args:
        name: One of DATASETS, or the path of a TOML file, which is not looked for.

    Raises:
        DatasetError: The name is unknown.
    """
    if not name.endswith(".toml"):
        _entry(name, _NAMES)


def described_facts(name: str | Path) -> DatasetFacts:
    """Look up the classes of a dataset and the meaning of its label ids, without its files.

    Args:
        name: One of DATASETS, or the path of a TOML file.

    Returns:
        The facts.

    Raises:
        DatasetError: The name is unknown.
        CardError: The TOML file cannot be read or is wrong.
    """
    if str(name).endswith(".toml"):
        return read_description(Path(name))
    return _facts(_entry(str(name), _NAMES))


def class_names(name: str) -> tuple[str, ...]:
    """Look up the class names of a dataset. The dataset's files are not needed.

    Args:
        name: One of DATASETS.

    Returns:
        Class names, in the order of the class indices.

    Raises:
        DatasetError: The name is unknown.

    >>> class_names("camvid")[:3]
    ('sky', 'building', 'pole')
    """
    return _facts(_entry(name, DATASETS)).classes


def label_ids(name: str) -> tuple[int, ...]:
    """Look up the id of each class in the label files of a dataset.

    Args:
        name: One of DATASETS.

    Returns:
        Ids, in the order of the class indices; of several ids of a class the lowest.

    Raises:
        DatasetError: The name is unknown.

    >>> label_ids("cityscapes")[:3]
    (7, 8, 11)
    """
    facts = _facts(_entry(name, DATASETS))
    table = facts.table.tolist()
    return tuple(table.index(index) for index in range(len(facts.classes)))


def class_groups(name: str) -> Mapping[str, tuple[str, ...]]:
    """Look up the groups of a dataset's classes.

    Args:
        name: One of DATASETS.

    Returns:
        Name of the group -> class names. Empty where the dataset has no groups.

    Raises:
        DatasetError: The name is unknown.

    >>> class_groups("cityscapes")["human"]
    ('person', 'rider')
    """
    return _facts(_entry(name, DATASETS)).groups


def person_classes(name: str) -> tuple[str, ...]:
    """Look up the classes of a dataset whose missed objects are counted, such as person and rider.

    Args:
        name: One of DATASETS.

    Returns:
        Class names. Empty where the dataset names none.

    Raises:
        DatasetError: The name is unknown.
    """
    return _facts(_entry(name, DATASETS)).persons


def image_size(name: str) -> tuple[int, int] | None:
    """Look up the image size at which the literature counts the operations of a dataset's networks.

    Args:
        name: One of DATASETS, or the path of a TOML file.

    Returns:
        Height and width in pixels. None where the dataset is unknown, its file does not exist, or
        the file has no image size.

    Raises:
        CardError: The TOML file cannot be read or is wrong.
    """
    if name.endswith(".toml"):
        return read_description(Path(name)).image_size if Path(name).is_file() else None
    return _facts(DATASETS[name]).image_size if name in DATASETS else None


def citation(name: str) -> str:
    """Look up how to cite a dataset.

    Args:
        name: One of DATASETS, or of a dataset that the program does not know.

    Returns:
        A BibTeX entry. Empty where the dataset is unknown or has none.
    """
    return _facts(DATASETS[name]).citation.strip() if name in DATASETS else ""


def published_images(name: str) -> int | None:
    """Look up how many images of a dataset's split val published scores are of.

    Args:
        name: Name of a dataset, of any origin.

    Returns:
        Number of images. None where the program knows no such dataset or number.
    """
    return _facts(DATASETS[name]).val_images if name in DATASETS else None


def image_subsets(name: str, image: str) -> tuple[str, ...]:
    """Look up the subsets of a dataset that an image is of.

    Args:
        name: Name of a dataset, of any origin.
        image: Id of the image.

    Returns:
        Names of datasets. Empty where the program knows no such dataset or subset.

    >>> image_subsets("acdc", "rgb_anon/fog/val/GOPR0476/GOPR0476_frame_000854_rgb_anon.png")
    ('acdc:fog',)
    """
    subsets = DATASETS[name].subsets if name in DATASETS else None
    return tuple(f"{name}:{subset}" for subset in subsets(image)) if subsets else ()


def has_conditions(name: str) -> bool:
    """Whether a dataset has subsets by condition, or references, or is one of references."""
    return name in DATASETS and bool(DATASETS[name].subsets or DATASETS[name].place)


def reference_dataset(name: str) -> str | None:
    """Look up the dataset that has the same places under normal conditions.

    Args:
        name: Name of a dataset, of any origin.

    Returns:
        Its name. None where there is none.

    >>> reference_dataset("acdc:fog")
    'acdc-ref:fog'
    """
    return DATASETS[name].reference if name in DATASETS else None


def image_place(name: str, image: str) -> str:
    """Look up what an image and its reference have in common.

    Args:
        name: Name of a dataset.
        image: Id of the image.
    """
    place = DATASETS[name].place if name in DATASETS else None
    return place(image) if place else image


def open_dataset(name: str | Path, root: Path | str | None = None, split: str = "val") -> Dataset:
    """Open a split of a dataset.

    Args:
        name: One of DATASETS, or the path of a TOML file that describes a user's own dataset
            (custom.py).
        root: The dataset's root folder. None for minicity. The default is $CITYSCAPES_DATASET for
            cityscapes, and the file's own folder for a TOML file.
        split: "train", "val" or another split of the dataset.

    Returns:
        The split.

    Raises:
        DatasetError: The dataset or its files are missing. One line says what is missing, where,
            and how to obtain it.
        CardError: The TOML file cannot be read or is wrong.
    """
    name, folder = str(name), None if root is None else Path(root)
    if name.endswith(".toml"):
        dataset = open_custom(Path(name), folder, split)
        if dataset.name in DATASETS:
            raise CardError(f"{name}: name '{dataset.name}' is a built-in dataset's; use another")
        return dataset
    return _entry(name, _NAMES).open(folder, split)


def _entry(name: str, possible: Iterable[str]) -> DatasetEntry:
    if name not in DATASETS:
        raise DatasetError(unknown("dataset", name, possible))
    return DATASETS[name]


def _facts(entry: DatasetEntry) -> DatasetFacts:
    return dataset_facts(entry.facts)
