"""The numbers that fields of several records accept; `cards` checks them on reading."""

from typing import Annotated

from robustbench_seg.cards import Range

Count = Annotated[int, Range(0)]
Positive = Annotated[int, Range(1)]
Side = Annotated[int, Range(1, 2**20)]
"""A side of an image or window, in pixels."""

Level = Annotated[int, Range(0, 255)]
CorruptionSeed = Annotated[int, Range(0, 2**32 - 1)]
TrainingSeed = Annotated[int, Range(0, 2**63 - 1)]
Share = Annotated[float, Range(0, 1)]
Decay = Annotated[float, Range(0, below=1)]
Percent = Annotated[float, Range(0, 100)]
Duration = Annotated[float, Range(0)]
AboveZero = Annotated[float, Range(above=0)]
