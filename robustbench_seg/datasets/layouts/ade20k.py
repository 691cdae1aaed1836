"""ADE20K as in the scene parsing challenge 2016: 150 classes of things and stuff.

images/validation/*.jpg are the images and annotations/validation/*.png their labels: 0 is not
scored, 1..150 are the classes. The split val is the folder validation, train is training.
Source: Zhou et al., "Scene Parsing through ADE20K Dataset", CVPR 2017.
"""

from pathlib import Path, PurePosixPath

from robustbench_seg.datasets.classes.facts import dataset_facts
from robustbench_seg.datasets.image_files.root_folder import Provenance
from robustbench_seg.datasets.layouts.layout import Layout
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.label_forms import LabelForm

PROVENANCE = Provenance(
    "ADE20K",
    "unpack http://data.csail.mit.edu/places/ADEchallenge/ADEChallengeData2016.zip; its folder "
    "ADEChallengeData2016 is the root",
)

_FOLDER = {"train": "training", "val": "validation"}


def _truth(image: str) -> str:
    return (
        f"annotations{PurePosixPath(image).with_suffix('.png').as_posix().removeprefix('images')}"
    )


def open_ade20k(root: Path | None, split: str) -> FileDataset:
    """Open a split of ADE20K.

    Images may also be PNG files, as those of a corrupted ADE20K are.

    Args:
        root: The dataset's root folder. None: a DatasetError says how to obtain the files.
        split: "train" or "val".

    Returns:
        The split.

    Raises:
        DatasetError: The folder or its files are missing, or an image has no labels.
    """
    folder = f"images/{_FOLDER.get(split, split)}"
    images = [f"{folder}/*.jpg", f"{folder}/*.png"]
    facts = dataset_facts("ade20k")
    layout = Layout(facts, PROVENANCE, images, [LabelForm(_truth, facts.table)])
    return layout.open(root, split)
