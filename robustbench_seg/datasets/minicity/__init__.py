"""minicity: street scenes drawn by the program, with the 19 classes of Cityscapes.

It is the built-in dataset for users without Cityscapes, which needs a registration. A scene depends
only on (version, split, index, size). It is a small but realistic segmentation task: shape, place
and context identify the classes, colours hardly do.
"""

from robustbench_seg.datasets.minicity.dataset import Minicity, open_minicity, write_minicity
from robustbench_seg.datasets.minicity.scene import SCENES, draw_scene

__all__ = ["SCENES", "Minicity", "draw_scene", "open_minicity", "write_minicity"]
