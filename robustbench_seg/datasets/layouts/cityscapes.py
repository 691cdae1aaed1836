"""Cityscapes in its official layout: 2048x1024 street scenes of 50 cities, 19 classes.

leftImg8bit/<split>/<city>/<name>_leftImg8bit.png is the image, and
gtFine/<split>/<city>/<name>_gtFine_labelIds.png its labels; _gtFine_labelTrainIds.png is read if
there are no labelIds. _gtFine_instanceIds.png, if it exists, contains the instances. Source: Cordts
et al., "The Cityscapes Dataset", CVPR 2016.
"""

import os
from pathlib import Path

from robustbench_seg.datasets.classes.facts import dataset_facts
from robustbench_seg.datasets.image_files.root_folder import Provenance, checked_root
from robustbench_seg.datasets.layouts.layout import Layout
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.label_forms import forms_by_ending

VARIABLE = "CITYSCAPES_DATASET"
PROVENANCE = Provenance(
    "Cityscapes",
    "register at https://www.cityscapes-dataset.com, then unpack leftImg8bit_trainvaltest.zip "
    "and gtFine_trainvaltest.zip into the root",
)

_INSTANCES = "instanceIds.png"
_FURTHER = ("color.png", _INSTANCES, "polygons.json")


def _truth(image: str, ending: str) -> str:
    folder = "gtFine" + image.removeprefix("leftImg8bit").removesuffix("_leftImg8bit.png")
    return f"{folder}_gtFine_{ending}"


def open_cityscapes(root: Path | None, split: str) -> FileDataset:
    """Open a split of Cityscapes.

    The labels of the official test split are withheld. All its pixels are ignored, so it can be
    corrupted but not scored.

    Args:
        root: The dataset's root folder. None: $CITYSCAPES_DATASET.
        split: "train", "val" or "test".

    Returns:
        The split.

    Raises:
        DatasetError: The folder or its files are missing, or an image has no labels.
    """
    default = os.environ.get(VARIABLE)
    if root is None and default:
        root = Path(default)
    root = checked_root(root, PROVENANCE, VARIABLE)
    images = [f"leftImg8bit/{split}/*/*_leftImg8bit.png"]
    facts = dataset_facts("cityscapes")
    tables = {"labelIds.png": facts.table, "labelTrainIds.png": facts.index_table}
    forms = forms_by_ending(_truth, tables, _FURTHER, _INSTANCES)
    layout = Layout(facts, PROVENANCE, images, forms)
    return layout.open(root, split)
