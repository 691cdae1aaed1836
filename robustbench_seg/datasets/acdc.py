"""ACDC: real street scenes in fog, at night, in rain and in snow, with the classes of Cityscapes.

rgb_anon/<subset>/<split>/<sequence>/<frame>_rgb_anon.png is the image, and
gt/<subset>/<split>/<sequence>/<frame>_gt_labelTrainIds.png (or _gt_labelIds.png) its labels.
Source: Sakaridis, Dai, Van Gool, "ACDC: The Adverse Conditions Dataset with Correspondences for
Semantic Driving Scene Understanding", ICCV 2021.
"""

from collections.abc import Sequence
from pathlib import Path

from robustbench_seg.datasets.facts import dataset_facts, file_dataset
from robustbench_seg.datasets.file_dataset import FileDataset
from robustbench_seg.datasets.pairs import (
    LabelForm,
    Provenance,
    checked_root,
    find_images,
    pair_files,
)

SUBSETS = ("fog", "night", "rain", "snow")
PROVENANCE = Provenance(
    "ACDC",
    "register at https://acdc.vision.ee.ethz.ch, then unpack rgb_anon_trainvaltest.zip and "
    "gt_trainval.zip into the root",
)

_FILES = ("labelTrainIds.png", "labelIds.png", "labelColor.png", "invIds.png", "invGray.png")


def _truth(image: str, ending: str) -> str:
    return f"gt{image.removeprefix('rgb_anon').removesuffix('_rgb_anon.png')}_gt_{ending}"


def _companions(image: str) -> Sequence[str]:
    return [_truth(image, ending) for ending in _FILES]


def open_acdc(root: Path | None, split: str, subset: str | None = None) -> FileDataset:
    """Open a split of ACDC.

    The labels of the test split are withheld, so it cannot be opened.

    Args:
        root: The dataset's root folder. None: a DatasetError says how to obtain the files.
        split: "train" or "val".
        subset: One of SUBSETS. None: all four.

    Returns:
        The split.

    Raises:
        DatasetError: The folder or its files are missing, or an image has no labels.
    """
    root = checked_root(root, PROVENANCE)
    subsets = SUBSETS if subset is None else (subset,)
    patterns = [f"rgb_anon/{name}/{split}/*/*_rgb_anon.png" for name in subsets]
    facts = dataset_facts("acdc")
    forms = [
        LabelForm(lambda image: _truth(image, "labelTrainIds.png"), facts.index_table, _companions),
        LabelForm(lambda image: _truth(image, "labelIds.png"), facts.table, _companions),
    ]
    pairs = pair_files(root, find_images(root, patterns, PROVENANCE), forms, PROVENANCE)
    name = "acdc" if subset is None else f"acdc:{subset}"
    return file_dataset(facts, split, pairs, name)
