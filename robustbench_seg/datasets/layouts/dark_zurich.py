"""Dark Zurich: street scenes at night, with the classes of Cityscapes.

rgb_anon/<split>/night/<sequence>/<frame>_rgb_anon.png is an image, and
gt/<split>/night/<sequence>/<frame>_gt_labelTrainIds.png (or _gt_labelIds.png) its labels. Only
the labels of val (50 images) are published. The folders for day and twilight in train, and val_ref
and test_ref with the same places by day, are not read.

Sources: Sakaridis, Dai, Van Gool, "Guided Curriculum Model Adaptation and Uncertainty-Aware
Evaluation for Semantic Nighttime Image Segmentation", ICCV 2019; for the paths, OpenMMLab's
configuration of the dataset.
"""

from pathlib import Path

from robustbench_seg.datasets.classes.facts import dataset_facts
from robustbench_seg.datasets.image_files.root_folder import Provenance
from robustbench_seg.datasets.layouts.layout import Layout
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.label_forms import forms_by_ending

PROVENANCE = Provenance(
    "Dark Zurich",
    "download Dark_Zurich_val_anon.zip at https://www.trace.ethz.ch/publications/2019/GCMA_UIoU "
    "and unpack it into the root",
)

_FURTHER = ("labelColor.png", "invIds.png", "invGray.png")


def _truth(image: str, ending: str) -> str:
    frame = image.removeprefix("rgb_anon").removesuffix("_rgb_anon.png")
    return f"gt{frame}_gt_{ending}"


def open_dark_zurich(root: Path | None, split: str) -> FileDataset:
    """Open the night images of a split of Dark Zurich.

    Splits other than val have no published labels: all their pixels are ignored.

    Args:
        root: The dataset's root folder. None: a DatasetError says how to obtain the files.
        split: "val", "test" or "train".

    Returns:
        The split.

    Raises:
        DatasetError: The folder or its files are missing, or an image has no labels.
    """
    images = [f"rgb_anon/{split}/night/*/*_rgb_anon.png"]
    facts = dataset_facts("dark-zurich")
    tables = {"labelTrainIds.png": facts.index_table, "labelIds.png": facts.table}
    forms = forms_by_ending(_truth, tables, _FURTHER)
    layout = Layout(facts, PROVENANCE, images, forms, withheld=split != "val")
    return layout.open(root, split)
