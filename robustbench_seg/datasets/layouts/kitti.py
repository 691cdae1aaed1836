"""The KITTI semantic segmentation benchmark: 200 labelled street scenes of about 1242x375 pixels.

training/image_2/NAME.png is an image, and training/semantic/NAME.png its labels: the label ids of
Cityscapes in 8 bits. testing/image_2 contains 200 images without labels. Source: the README of the
benchmark's development kit (devkit_semantics); Abu Alhaija et al., "Augmented Reality Meets
Computer Vision", IJCV 2018.
"""

from pathlib import Path

from robustbench_seg.datasets.classes.facts import dataset_facts
from robustbench_seg.datasets.image_files.root_folder import Provenance
from robustbench_seg.datasets.layouts.layout import Layout
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.label_forms import LabelForm
from robustbench_seg.errors import DatasetError, unknown

PROVENANCE = Provenance(
    "KITTI",
    "request data_semantics.zip at "
    "https://www.cvlibs.net/datasets/kitti/eval_semseg.php?benchmark=semantics2015 and unpack it "
    "into the root",
)

_FOLDERS = {"train": "training", "test": "testing"}


def open_kitti(root: Path | None, split: str) -> FileDataset:
    """Open a split of the KITTI semantic segmentation benchmark.

    The labels of the test split are withheld: all its pixels are ignored. There is no split val.

    Args:
        root: The dataset's root folder. None: a DatasetError says how to obtain the files.
        split: "train", the images with labels, or "test".

    Returns:
        The split.

    Raises:
        DatasetError: The folder or its files are missing, an image has no labels, or there is no
            such split.
    """
    if split not in _FOLDERS:
        raise DatasetError(f"{unknown('split of KITTI', split, _FOLDERS)}; train has the labels")
    folder = _FOLDERS[split]
    images = [f"{folder}/image_2/*.png"]
    facts = dataset_facts("kitti")
    forms = [LabelForm(lambda image: image.replace("/image_2/", "/semantic/"), facts.table)]
    layout = Layout(facts, PROVENANCE, images, forms, withheld=split == "test")
    return layout.open(root, split)
