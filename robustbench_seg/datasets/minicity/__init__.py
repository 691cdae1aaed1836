"""minicity: street scenes drawn by the program, with the 19 classes of Cityscapes.

It is the built-in dataset for users without Cityscapes, which needs a registration. A scene depends
only on (version, split, index, size). It is a small but realistic segmentation task: shape, place
and context identify the classes, colours hardly do.

street.py                                              the places of the objects
row.py  plants.py  poles.py  vehicles.py  people.py    the objects
frame.py  canvas.py  colours.py                        what objects are painted with
light.py                                               from shapes to pixels
scene.py  dataset.py                                   a scene, a split

An object is a function that draws its colours and sizes from random numbers and adds its shapes to
a canvas. An object at one place takes a Pose; an object along the street takes x, z0 and z1.
"""

from robustbench_seg.datasets.minicity.dataset import Minicity, open_minicity, write_minicity
from robustbench_seg.datasets.minicity.scene import SCENES, draw_scene

__all__ = ["SCENES", "Minicity", "draw_scene", "open_minicity", "write_minicity"]
