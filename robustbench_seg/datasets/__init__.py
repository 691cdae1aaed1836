"""The datasets: `open_dataset` opens one by name.

To add a dataset to the program, write its classes into a TOML file in the content folder
`datasets`, its layout into a file like camvid.py, and add its line to DATASETS. A user's own
dataset needs no code: a TOML file describes it (custom.py).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from robustbench_seg.datasets.acdc import CITATION as ACDC_CITATION
from robustbench_seg.datasets.acdc import SUBSETS, open_acdc
from robustbench_seg.datasets.ade20k import open_ade20k
from robustbench_seg.datasets.base import IGNORE, Dataset, Image, Labels, Sample
from robustbench_seg.datasets.camvid import open_camvid
from robustbench_seg.datasets.cityscapes import open_cityscapes
from robustbench_seg.datasets.coco_stuff import open_coco_stuff
from robustbench_seg.datasets.custom import open_custom, read_description
from robustbench_seg.datasets.decoding import read_image
from robustbench_seg.datasets.digests import file_digests
from robustbench_seg.datasets.facts import dataset_facts
from robustbench_seg.datasets.file_dataset import FileDataset, corrupted_image, image_sizes
from robustbench_seg.datasets.plausibility import label_warning
from robustbench_seg.errors import CardError, DatasetError, unknown

__all__ = [
    "DATASETS",
    "IGNORE",
    "Dataset",
    "FileDataset",
    "Image",
    "Labels",
    "Sample",
    "check_name",
    "citation",
    "class_groups",
    "class_names",
    "corrupted_image",
    "file_digests",
    "image_size",
    "image_sizes",
    "label_warning",
    "list_datasets",
    "open_dataset",
    "published_images",
    "read_image",
]


def _open_minicity(root: Path | None, split: str) -> Dataset:
    # Imported on demand: drawing needs more than opening files does.
    from robustbench_seg.datasets.minicity import Minicity

    if root is not None:
        raise DatasetError(
            "minicity is drawn by the program and takes no root folder; a minicity that was "
            "written to disk is opened as cityscapes, whose layout it has"
        )
    return Minicity(split)


@dataclass(frozen=True)
class DatasetEntry:
    """A dataset that the program knows.

    Attributes:
        facts: Name of the file in the content folder `datasets` that has its classes.
        open: Opens a split: (root folder or None, name of the split) -> dataset.
        citation: BibTeX of the dataset, empty if there is none. None: that of the facts' file.
    """

    facts: str
    open: Callable[[Path | None, str], Dataset]
    citation: str | None = None


DATASETS: Mapping[str, DatasetEntry] = {
    "cityscapes": DatasetEntry("cityscapes", open_cityscapes),
    "camvid": DatasetEntry("camvid", open_camvid),
    "ade20k": DatasetEntry("ade20k", open_ade20k),
    "coco-stuff": DatasetEntry("coco-stuff", open_coco_stuff),
    "acdc": DatasetEntry("cityscapes", open_acdc, ACDC_CITATION),
    **{
        f"acdc:{name}": DatasetEntry("cityscapes", partial(open_acdc, subset=name), ACDC_CITATION)
        for name in SUBSETS
    },
    "minicity": DatasetEntry("cityscapes", _open_minicity, ""),
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
    return dataset_facts(_entry(name, DATASETS).facts).classes


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
    return dataset_facts(_entry(name, DATASETS).facts).groups


def image_size(name: str) -> tuple[int, int] | None:
    """Look up the image size at which the literature counts the operations of a dataset's networks.

    For minicity it is the size at which scenes are drawn.

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
    if name == "minicity":  # it has the classes of Cityscapes, and no TOML file of its own
        from robustbench_seg.datasets.minicity import SIZE

        return SIZE
    return dataset_facts(DATASETS[name].facts).image_size if name in DATASETS else None


def citation(name: str) -> str:
    """Look up how to cite a dataset.

    Args:
        name: One of DATASETS, or of a dataset that the program does not know.

    Returns:
        A BibTeX entry. Empty where the dataset is unknown or has none.
    """
    if name not in DATASETS:
        return ""
    entry = DATASETS[name]
    return (
        dataset_facts(entry.facts).citation if entry.citation is None else entry.citation
    ).strip()


def published_images(name: str) -> int | None:
    """Look up how many images of a dataset's split val published scores are of.

    Args:
        name: Name of a dataset, of any origin.

    Returns:
        Number of images. None where the program knows no such dataset or number.
    """
    if name not in DATASETS:
        return None
    facts = dataset_facts(DATASETS[name].facts)
    return facts.val_images if facts.name == name else None  # ACDC shares Cityscapes' classes only


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
