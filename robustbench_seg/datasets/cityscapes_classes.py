"""The classes of Cityscapes: 19 that are scored, and the 35 label ids of its label files.

Source: Cordts et al., "The Cityscapes Dataset", CVPR 2016; the table of its public scripts.
"""

from collections.abc import Mapping

from robustbench_seg.datasets.base import IGNORE

_TABLE = (
    # name, label id, colour
    ("road", 7, (128, 64, 128)),
    ("sidewalk", 8, (244, 35, 232)),
    ("building", 11, (70, 70, 70)),
    ("wall", 12, (102, 102, 156)),
    ("fence", 13, (190, 153, 153)),
    ("pole", 17, (153, 153, 153)),
    ("traffic light", 19, (250, 170, 30)),
    ("traffic sign", 20, (220, 220, 0)),
    ("vegetation", 21, (107, 142, 35)),
    ("terrain", 22, (152, 251, 152)),
    ("sky", 23, (70, 130, 180)),
    ("person", 24, (220, 20, 60)),
    ("rider", 25, (255, 0, 0)),
    ("car", 26, (0, 0, 142)),
    ("truck", 27, (0, 0, 70)),
    ("bus", 28, (0, 60, 100)),
    ("train", 31, (0, 80, 100)),
    ("motorcycle", 32, (0, 0, 230)),
    ("bicycle", 33, (119, 11, 32)),
)

CLASSES: tuple[str, ...] = tuple(name for name, _, _ in _TABLE)
"""Names in the order of the class indices ("train ids") 0..18."""

PALETTE: tuple[tuple[int, int, int], ...] = tuple(colour for _, _, colour in _TABLE)
"""One RGB colour for each class."""

LABEL_ID_OF_TRAIN_ID: Mapping[int, int] = {index: row[1] for index, row in enumerate(_TABLE)}
"""Class index -> id in a _gtFine_labelIds.png."""

TRAIN_ID_OF_LABEL_ID: Mapping[int, int] = dict.fromkeys(range(-1, 34), IGNORE) | {
    label_id: index for index, label_id in LABEL_ID_OF_TRAIN_ID.items()
}
"""Id in a _gtFine_labelIds.png (-1..33) -> class index, IGNORE where it is not scored."""
