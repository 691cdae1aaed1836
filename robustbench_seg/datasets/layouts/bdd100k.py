"""BDD100K, semantic segmentation: 1280x720 street scenes of the USA, the 19 classes of Cityscapes.

The two releases have different layouts. Both store train ids as labels (0..18; 255 is not scored):
* images/10k/<split>/NAME.jpg, labels/sem_seg/masks/<split>/NAME.png
* seg/images/<split>/NAME.jpg, seg/labels/<split>/NAME_train_id.png

Sources: Yu et al., "BDD100K", CVPR 2020; for the first layout, the guide of OpenMMLab's project
bdd100k_dataset; for the second, listings of the release in public repositories.
"""

from pathlib import Path, PurePosixPath

from robustbench_seg.datasets.classes.facts import dataset_facts
from robustbench_seg.datasets.image_files.root_folder import Provenance, checked_root
from robustbench_seg.datasets.layouts.layout import Layout
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.label_forms import LabelForm

PROVENANCE = Provenance(
    "BDD100K",
    "register at http://bdd-data.berkeley.edu, then unpack bdd100k_images_10k.zip and "
    "bdd100k_sem_seg_labels_trainval.zip and give the folder that contains images and labels as "
    "root",
)


def _masks(image: str) -> str:
    path = PurePosixPath(image)
    return f"labels/sem_seg/masks/{path.parent.name}/{path.stem}.png"


def _train_ids(image: str) -> str:
    path = PurePosixPath(image)
    return f"seg/labels/{path.parent.name}/{path.stem}_train_id.png"


def open_bdd100k(root: Path | None, split: str) -> FileDataset:
    """Open a split of BDD100K in either of its two layouts.

    Images may also be PNG files, as in a corrupted copy of BDD100K. The test split has no labels:
    all its pixels are ignored.

    Args:
        root: The dataset's root folder. None: a DatasetError says how to obtain the files.
        split: "train", "val" or "test".

    Returns:
        The split.

    Raises:
        DatasetError: The folder or its files are missing, or an image has no labels.
    """
    root = checked_root(root, PROVENANCE)
    folder, truth = f"images/10k/{split}", _masks
    if not (root / folder).is_dir() and (root / "seg/images").is_dir():
        folder, truth = f"seg/images/{split}", _train_ids
    images = [f"{folder}/*.jpg", f"{folder}/*.png"]
    facts = dataset_facts("bdd100k")
    forms = [LabelForm(truth, facts.index_table)]
    layout = Layout(facts, PROVENANCE, images, forms, withheld=split == "test")
    return layout.open(root, split)
