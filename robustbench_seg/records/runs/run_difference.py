"""One difference between two runs, and its consequences for comparing them."""

from dataclasses import dataclass
from typing import Literal

DifferenceKind = Literal[
    "data",
    "extent",
    "files",
    "corruption",
    "corruption seed",
    "network",
    "inference",
    "preprocessing",
    "class map",
    "training",
    "weights",
    "training seed",
]
"""In what two runs differ: dataset, split and classes; the number of images; the dataset's files;
the corruptions' parameters and stream; the seed of their random numbers; the network; precision
and windows; the steps from an image to its labels; the class map; how the network was trained; its
weights; the seed of its training."""


@dataclass(frozen=True)
class RunDifference:
    """One difference between two runs.

    Attributes:
        kind: Its kind.
        name: The difference, in words.
        one: Its value in the first run, if that is short.
        other: Its value in the second run.
    """

    kind: DifferenceKind
    name: str
    one: str = ""
    other: str = ""

    @property
    def of_images(self) -> bool:
        """Whether images or classes differ, so that scores of the runs cannot be compared."""
        return self.kind in ("data", "extent", "files")

    @property
    def noted(self) -> bool:
        """Whether a reader who compares the two scores must know the difference."""
        return self.kind in ("corruption", "corruption seed", "inference", "class map")

    @property
    def of_training(self) -> bool:
        """Whether it occurs between two trainings of one recipe."""
        return self.kind in ("weights", "training seed")

    @property
    def of_corruption_seed(self) -> bool:
        """Whether it occurs between two seeds of the corruptions' random numbers."""
        return self.kind == "corruption seed"
