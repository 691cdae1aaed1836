"""minicity: street scenes drawn by the program, with the 19 classes of Cityscapes.

The built-in dataset, where Cityscapes, which needs a registration, is not at hand. A scene
depends on (version, split, index, size) alone. It is a real task of segmentation in small: shapes,
places and context tell the classes apart, colours hardly do.
"""

from robustbench_seg.datasets.minicity.dataset import Minicity, open_minicity, write_minicity
from robustbench_seg.datasets.minicity.scene import SCENES, draw_scene

__all__ = ["SCENES", "Minicity", "draw_scene", "open_minicity", "write_minicity"]
