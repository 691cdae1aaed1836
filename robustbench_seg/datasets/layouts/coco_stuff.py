"""COCO-Stuff 164k: the images of COCO 2017, 80 classes of things and 91 of stuff.

images/val2017/*.jpg are the images. Their labels are one of
* annotations/val2017/*_labelTrainIds.png, ids 0..170, as OpenMMLab's converter writes them
* annotations/val2017/*.png or stuffthingmaps/val2017/*.png, as published: ids 0..181, of which 11
  things occur nowhere; the 171 in use are the classes, in their order
255 is not scored in either. Source: Caesar, Uijlings, Ferrari, "COCO-Stuff: Thing and Stuff
Classes in Context", CVPR 2018.
"""

from pathlib import Path, PurePosixPath

from robustbench_seg.datasets.classes.facts import dataset_facts
from robustbench_seg.datasets.image_files.root_folder import Provenance
from robustbench_seg.datasets.layouts.layout import Layout
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.label_forms import LabelForm

PROVENANCE = Provenance(
    "COCO-Stuff",
    "unpack http://images.cocodataset.org/zips/val2017.zip into images and "
    "stuffthingmaps_trainval2017.zip (see https://github.com/nightrome/cocostuff) into annotations",
)


def _truth(image: str, folder: str, ending: str) -> str:
    path = PurePosixPath(image)
    return f"{folder}/{path.parent.name}/{path.stem}{ending}"


def open_coco_stuff(root: Path | None, split: str) -> FileDataset:
    """Open a split of COCO-Stuff 164k.

    Images may also be PNG files, as those of a corrupted COCO-Stuff are.

    Args:
        root: The dataset's root folder. None: a DatasetError says how to obtain the files.
        split: "train" or "val".

    Returns:
        The split.

    Raises:
        DatasetError: The folder or its files are missing, or an image has no labels.
    """
    folder = f"images/{split}2017"
    images = [f"{folder}/*.jpg", f"{folder}/*.png"]
    facts = dataset_facts("coco-stuff")
    indices, published = facts.index_table, facts.table
    forms = [
        LabelForm(lambda image: _truth(image, "annotations", "_labelTrainIds.png"), indices),
        LabelForm(lambda image: _truth(image, "annotations", ".png"), published),
        LabelForm(lambda image: _truth(image, "stuffthingmaps", ".png"), published),
    ]
    layout = Layout(facts, PROVENANCE, images, forms)
    return layout.open(root, split)
