"""Mapillary Vistas: street scenes of all continents, with the classes of Cityscapes.

training/images/NAME.jpg is an image; its labels are palette images of 8 bits,
* training/v2.0/labels/NAME.png with the 124 classes of release 2.0,
* training/v1.2/labels/NAME.png with the 66 of release 1.2; training/labels/NAME.png in packages of
  that release.
Copies that store the labels of release 1.2 as RGB images are read by colour. This is not possible
for release 2.0, where some colours stand for several classes. If the folder labels is missing, the
folder instances is read: greyscale of 16 bits, 256 times the id plus the number of the instance.

validation has the same layout; testing has images only. The files
datasets/mapillary-*.toml map the classes of Vistas to those of Cityscapes and give the reasons.
Sources: Neuhold et al., "The Mapillary Vistas Dataset for Semantic Understanding of Street Scenes",
ICCV 2017; the README of the package 1.1 and datumaro's description of both releases.
"""

from functools import partial
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np

from robustbench_seg.datasets.classes.facts import dataset_facts
from robustbench_seg.datasets.image_files.root_folder import Provenance
from robustbench_seg.datasets.layouts.layout import Layout
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.label_forms import LabelForm
from robustbench_seg.errors import DatasetError, unknown

Release = Literal["v1.2", "v2.0"]

PROVENANCE = Provenance(
    "Mapillary Vistas",
    "request it at https://www.mapillary.com/dataset/vistas and unpack it into the root",
)

_FOLDERS = {"train": "training", "val": "validation", "test": "testing"}
_FOLDERS_OF_LABELS = {"v1.2": ("v1.2/", ""), "v2.0": ("v2.0/",)}


def _truth(image: str, labels: str) -> str:
    path = PurePosixPath(image)
    return f"{path.parts[0]}/{labels}/{path.stem}.png"


def open_mapillary(root: Path | None, split: str, release: Release) -> FileDataset:
    """Open a split of Mapillary Vistas.

    Images may also be PNG files, as in a corrupted copy. The test split has no labels: all its
    pixels are ignored.

    Args:
        root: The dataset's root folder. None: a DatasetError says how to obtain the files.
        split: "train", "val" or "test".
        release: The release whose labels are read.

    Returns:
        The split.

    Raises:
        DatasetError: The folder or its files are missing, an image has no labels, or there is no
            such split.
    """
    if split not in _FOLDERS:
        raise DatasetError(unknown("split of Mapillary Vistas", split, _FOLDERS))
    folder = f"{_FOLDERS[split]}/images"
    images = [f"{folder}/*.jpg", f"{folder}/*.png"]
    facts = dataset_facts(f"mapillary-{release}")
    forms = [
        LabelForm(partial(_truth, labels=f"{folder}{kind}"), table, colours=facts.label_colours)
        for folder in _FOLDERS_OF_LABELS[release]
        for kind, table in (("labels", facts.table), ("instances", np.repeat(facts.table, 256)))
    ]
    layout = Layout(facts, PROVENANCE, images, forms, withheld=split == "test")
    return layout.open(root, split)
