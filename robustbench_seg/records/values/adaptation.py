"""The adaptation of a network to the images of a condition, before it is scored on them."""

from dataclasses import dataclass
from typing import Annotated, Literal

from robustbench_seg.codec import Range, check_ranges
from robustbench_seg.errors import OptionError
from robustbench_seg.records.values.choices import AdaptationMethod, check_choice
from robustbench_seg.records.values.ranges import LIMIT

ALL = "all"
"""Stands for all images of the split, in place of a number of images."""

PRIOR = Range(0, 10**9)
"""Weight of the network's original statistics, as a number of images."""

AdaptImages = int | Literal["all"]
"""1 or more; "all": all images of the split."""

Prior = Annotated[float, PRIOR]


@dataclass(frozen=True)
class Adaptation:
    """How BatchNorm statistics are estimated from the images of a condition.

    Attributes:
        method: "bn": the statistics of BatchNorm are replaced; weights do not change.
        images: Number of images for the estimate, evenly spaced in the split, or "all".
        prior: Weight of the network's original statistics, as a number of images. 0: they are
            replaced.

    Raises:
        OptionError: A value does not exist or is out of range.
    """

    method: AdaptationMethod = "bn"
    images: AdaptImages = 16
    prior: Prior = 0.0

    def __post_init__(self) -> None:
        check_choice("adaptation", self.method, AdaptationMethod)
        if self.images != ALL and not (type(self.images) is int and LIMIT.has(self.images)):
            raise OptionError(
                f"adapt_images = {self.images!r:.60} is not valid; give {LIMIT}, or {ALL}"
            )
        check_ranges(self)

    def __str__(self) -> str:
        taken = "all images" if self.images == ALL else f"{self.images} images"
        prior = f", own statistics as {self.prior:g} images" if self.prior else ""
        return f"BatchNorm statistics of {taken}{prior}"


def adapted_name(name: str) -> str:
    """Return the name of a model whose BatchNorm statistics are adapted.

    >>> adapted_name("deeplabv3plus-r50")
    'deeplabv3plus-r50-bn'
    """
    return f"{name}-bn"
