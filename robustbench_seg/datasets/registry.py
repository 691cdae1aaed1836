"""The built-in datasets: a name, the facts of a TOML file, and a function that opens a split.

To add a dataset, write its classes to a TOML file in the content folder `datasets` and its layout
to a file in layouts/, and add an entry to _ENTRIES. A user's dataset needs no code: a TOML file
describes it (custom/).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from pathlib import Path

from robustbench_seg.datasets.classes.facts import DatasetFacts, dataset_facts
from robustbench_seg.datasets.custom import open_custom
from robustbench_seg.datasets.layouts import acdc, muses
from robustbench_seg.datasets.layouts.ade20k import open_ade20k
from robustbench_seg.datasets.layouts.bdd100k import open_bdd100k
from robustbench_seg.datasets.layouts.bravo import open_bravo
from robustbench_seg.datasets.layouts.camvid import open_camvid
from robustbench_seg.datasets.layouts.cityscapes import open_cityscapes
from robustbench_seg.datasets.layouts.coco_stuff import open_coco_stuff
from robustbench_seg.datasets.layouts.dark_zurich import open_dark_zurich
from robustbench_seg.datasets.layouts.idd import open_idd
from robustbench_seg.datasets.layouts.kitti import open_kitti
from robustbench_seg.datasets.layouts.mapillary import open_mapillary
from robustbench_seg.datasets.splits.dataset import Dataset
from robustbench_seg.errors import CardError, DatasetError, unknown
from robustbench_seg.records.values.defaults import SPLIT


def _open_minicity(root: Path | None, split: str) -> Dataset:
    # Imported on demand, because drawing needs more libraries than opening files.
    from robustbench_seg.datasets.minicity import open_minicity

    return open_minicity(root, split)


@dataclass(frozen=True)
class DatasetEntry:
    """A built-in dataset.

    Attributes:
        name: Its name. The subset S of the dataset D is the dataset D:S.
        open: Maps (root folder or None, name of the split) to the dataset.
        facts_of: Name of the dataset whose file in the content folder `datasets` it shares. None:
            the file has its own name.
        subsets_of: Returns, for an image id, the names of the image's subsets (S in D:S). None: the
            dataset has no subsets.
        reference: Name of the dataset of the same places under normal conditions. None: there is
            none.
        place_of: Returns, for an image id, a key that the image and its reference share. None:
            there are no references.
    """

    name: str
    open: Callable[[Path | None, str], Dataset]
    _: KW_ONLY
    facts_of: str | None = None
    subsets_of: Callable[[str], tuple[str, ...]] | None = None
    reference: str | None = None
    place_of: Callable[[str], str] | None = None

    @property
    def facts(self) -> DatasetFacts:
        """Return the content of its TOML file."""
        return dataset_facts(self.facts_of or self.name)

    @property
    def has_conditions(self) -> bool:
        """Whether it has subsets by condition or references, or consists of references."""
        return bool(self.subsets_of or self.place_of)

    def subsets(self, image: str) -> tuple[str, ...]:
        """Return the names of the datasets that are subsets with this image.

        >>> image = "rgb_anon/fog/val/GOPR0476/GOPR0476_frame_000854_rgb_anon.png"
        >>> DATASETS["acdc"].subsets(image)
        ('acdc:fog',)
        """
        subsets = self.subsets_of(image) if self.subsets_of else ()
        return tuple(f"{self.name}:{subset}" for subset in subsets)

    def place(self, image: str) -> str:
        """Return the key that an image and its reference share, or the image id without one."""
        return self.place_of(image) if self.place_of else image


def _acdc() -> Iterator[DatasetEntry]:
    for name, reference in (("acdc", "acdc-ref"), ("acdc-ref", None)):
        opened = partial(acdc.open_acdc, reference=reference is None)
        yield DatasetEntry(
            name,
            opened,
            facts_of="acdc",
            subsets_of=acdc.subsets_of,
            reference=reference,
            place_of=acdc.place_of,
        )
        for subset in acdc.SUBSETS:
            yield DatasetEntry(
                f"{name}:{subset}",
                partial(opened, subset=subset),
                facts_of="acdc",
                reference=reference and f"{reference}:{subset}",
                place_of=acdc.place_of,
            )


def _muses() -> Iterator[DatasetEntry]:
    yield DatasetEntry("muses", muses.open_muses, subsets_of=muses.subsets_of)
    for name in muses.SUBSETS:
        opened = partial(muses.open_muses, subset=name)
        yield DatasetEntry(f"muses:{name}", opened, facts_of="muses")


def _mapillary() -> Iterator[DatasetEntry]:
    for release in ("v1.2", "v2.0"):
        yield DatasetEntry(f"mapillary-{release}", partial(open_mapillary, release=release))


_ENTRIES = (
    DatasetEntry("cityscapes", open_cityscapes),
    DatasetEntry("camvid", open_camvid),
    DatasetEntry("ade20k", open_ade20k),
    DatasetEntry("coco-stuff", open_coco_stuff),
    *_acdc(),
    *_muses(),
    DatasetEntry("dark-zurich", open_dark_zurich),
    DatasetEntry("bdd100k", open_bdd100k),
    DatasetEntry("kitti", open_kitti),
    *_mapillary(),
    DatasetEntry("idd", open_idd),
    DatasetEntry("idd-cityscapes", partial(open_idd, classes="idd-cityscapes")),
    DatasetEntry("bravo", open_bravo),
    DatasetEntry("minicity", _open_minicity),
)

DATASETS: Mapping[str, DatasetEntry] = {entry.name: entry for entry in _ENTRIES}
"""The datasets that `open_dataset` knows by name."""

NAMES = (*DATASETS, "or the path of a .toml file")
"""The hint in errors about options that also take a description."""


def list_datasets() -> tuple[str, ...]:
    """List the datasets that `open_dataset` opens by name.

    Returns:
        The names. Subsets are listed, too.

    >>> rs.list_datasets()[:3]
    ('cityscapes', 'camvid', 'ade20k')
    """
    return tuple(DATASETS)


def dataset_entry(name: str, offered: Iterable[str] = DATASETS) -> DatasetEntry:
    """Look up a built-in dataset.

    Args:
        name: One of DATASETS.
        offered: The known names, as an error lists them.

    Raises:
        DatasetError: The name is unknown.
    """
    if name not in DATASETS:
        raise DatasetError(unknown("dataset", name, offered))
    return DATASETS[name]


def check_dataset_name(name: str) -> None:
    """Check that `open_dataset` knows a dataset, without opening it.

    Args:
        name: One of DATASETS, or the path of a TOML file, whose existence is not checked.

    Raises:
        DatasetError: The name is unknown.
    """
    if not name.endswith(".toml"):
        dataset_entry(name, NAMES)


def open_dataset(name: str | Path, root: Path | str | None = None, split: str = SPLIT) -> Dataset:
    """Open a split of a dataset.

    Args:
        name: One of `list_datasets()`, or the path of a TOML file that describes a dataset.
        root: The dataset's root folder. None for minicity. The default is $CITYSCAPES_DATASET for
            cityscapes, and the file's own folder for a TOML file.
        split: "train", "val" or another split of the dataset.

    Returns:
        The split. Each sample has an image (uint8 HxWx3 RGB) and labels (uint8 HxW class indices,
        255 for pixels that are not scored).

    Raises:
        DatasetError: The dataset or its files are missing. One line says what is missing, where,
            and how to obtain it.
        CardError: The TOML file cannot be read or is wrong.

    >>> city = rs.open_dataset("cityscapes", "city", split="val")
    >>> city
    <dataset cityscapes val: 2 images in city>
    >>> city[0].image.shape, city[0].labels.dtype
    ((192, 384, 3), dtype('uint8'))
    """
    name, folder = str(name), None if root is None else Path(root)
    if name.endswith(".toml"):
        dataset = open_custom(Path(name), folder, split)
        if dataset.name in DATASETS:
            raise CardError(
                f"{name}: name '{dataset.name}' belongs to a built-in dataset; choose another name"
            )
        return dataset
    return dataset_entry(name, NAMES).open(folder, split)
