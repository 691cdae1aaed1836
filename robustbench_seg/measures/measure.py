"""What a measure is: something counted for each image, added up, and scored."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.measures.pixels import confusion_matrix

Counts = NDArray[np.int64] | NDArray[np.float64]
"""What a measure counts; of several images or draws along leading axes."""

ScoreArray = NDArray[np.float64]
"""One score, or that score of many conditions or draws: float64 of any shape."""


@dataclass(frozen=True)
class ScoreInfo:
    """A number that follows from a measure's counts.

    Attributes:
        name: In the column `metric` of tables.
        label: On pages, such as "mIoU".
        definition: One or two sentences for readers, with its range and unit.
    """

    name: str
    label: str
    definition: str


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a segmenter answered to one image, beside the truth.

    Attributes:
        labels: uint8 HxW class indices.
        truth: uint8 HxW class indices; 255 where a pixel is not scored.
        classes: Number of classes K.
    """

    labels: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    classes: int

    @cached_property
    def matrix(self) -> NDArray[np.int64]:
        """The confusion matrix, int64 KxK, rows the truth; several measures start from it.

        Raises DatasetError for a label and ModelError for a prediction that is no class.
        """
        return confusion_matrix(self.truth, self.labels, self.classes)


class Measure(Protocol):
    """Something that is counted for each image and condition.

    To add one, write a file like image_miou.py and add it to MEASURES. Parts of runs, resuming,
    intervals, comparisons, tables and the page take it from there.
    """

    @property
    def name(self) -> str:
        """Its name on the command line."""
        ...

    @property
    def column(self) -> str:
        """Its column in the parts of a run."""
        ...

    @property
    def law(self) -> int:
        """Raised whenever it counts otherwise; what was counted under another law is lacking."""
        ...

    @property
    def infos(self) -> tuple[ScoreInfo, ...]:
        """What follows from its counts; in percent, higher is better."""
        ...

    def shape(self, classes: int) -> tuple[int, ...]:
        """Shape of what is observed of one image with so many classes."""
        ...

    def prepare(self, truth: NDArray[np.uint8]) -> Any:
        """What it needs of an image's truth, uint8 HxW; made once for all conditions."""
        ...

    def observe(self, prepared: Any, prediction: Prediction) -> Counts:
        """Count one image: an array of `shape`, int64 or float64."""
        ...

    def pooled(self, observed: Counts) -> Counts:
        """Of observations (..., *shape), what adds up over images and suffices for the scores."""
        ...

    def compute(self, counts: Counts) -> Mapping[str, ScoreArray]:
        """The scores, by name, of sums of pooled counts; nan where there is nothing to score."""
        ...
