"""IDD, the India Driving Dataset: its own 26 classes, or those of Cityscapes.

leftImg8bit/<split>/<drive>/NAME_leftImg8bit.png (.jpg in part II) is an image. The labels
are polygons. The authors' createLabels.py turns them into files in gtFine/<split>/<drive>:
* NAME_gtFine_labellevel3Ids.png, the classes of the benchmark, 0..25,
* NAME_gtFine_labelcsTrainIds.png, the train ids of Cityscapes,
* NAME_gtFine_labelids.png, the ids of all 40 labels, which can replace either of the others.

Sources: Varma et al., "IDD", WACV 2019; README.md, helpers/anue_labels.py and
preperation/createLabels.py of https://github.com/AutoNUE/public-code.
"""

from functools import partial
from pathlib import Path
from typing import Literal

from robustbench_seg.datasets.classes.facts import dataset_facts
from robustbench_seg.datasets.image_files.root_folder import Provenance
from robustbench_seg.datasets.layouts.layout import Layout
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.label_forms import LabelForm

Classes = Literal["idd", "idd-cityscapes"]

_ID_TYPES = {"idd": "level3Id", "idd-cityscapes": "csTrainId"}


def _provenance(classes: Classes) -> Provenance:
    return Provenance(
        "IDD",
        "register at https://idd.insaan.iiit.ac.in, unpack IDD Segmentation into the root and "
        "create the label files with python preperation/createLabels.py --datadir ROOT --id-type "
        f"{_ID_TYPES[classes]} of https://github.com/AutoNUE/public-code",
    )


def _truth(image: str, kind: str) -> str:
    stem = "gtFine" + image.removeprefix("leftImg8bit").rpartition("_leftImg8bit.")[0]
    return f"{stem}_gtFine_label{kind}s.png"


def open_idd(root: Path | None, split: str, classes: Classes = "idd") -> FileDataset:
    """Open a split of IDD.

    The labels of the test split are withheld: all its pixels are ignored.

    Args:
        root: The dataset's root folder. None: a DatasetError says how to obtain the files.
        split: "train", "val" or "test".
        classes: "idd" for the classes of level 3, "idd-cityscapes" for those of Cityscapes.

    Returns:
        The split.

    Raises:
        DatasetError: The folder or its files are missing, or an image has no labels.
    """
    folder = f"leftImg8bit/{split}/*"
    images = [f"{folder}/*_leftImg8bit.{suffix}" for suffix in ("png", "jpg")]
    facts = dataset_facts(classes)
    forms = [
        LabelForm(partial(_truth, kind=_ID_TYPES[classes]), facts.index_table),
        LabelForm(partial(_truth, kind="id"), facts.table),
    ]
    layout = Layout(facts, _provenance(classes), images, forms, withheld=split == "test")
    return layout.open(root, split)
