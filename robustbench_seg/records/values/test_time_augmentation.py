"""Test-time augmentation: views of an image whose predictions are averaged."""

import math
from dataclasses import dataclass
from typing import Annotated

from robustbench_seg.codec import Range, check_ranges
from robustbench_seg.errors import OptionError

FLIP = "flip"
"""The word for the mirrored image in the text of an option."""

SCALE = Range(0.1, 4)
"""Size of a view relative to the image."""


@dataclass(frozen=True)
class TestTimeAugmentation:
    """The views of an image. The image itself, scale 1, is always one of them.

    Attributes:
        flip: Whether each view is also mirrored from left to right.
        scales: Further sizes, relative to the image, in ascending order, without 1.

    Raises:
        OptionError: A scale is out of range.
        ValueError: The scales are not in order, or there are no views.
    """

    flip: bool = False
    scales: tuple[Annotated[float, SCALE], ...] = ()

    def __post_init__(self) -> None:
        check_ranges(self)
        if list(self.scales) != sorted({*self.scales} - {1.0}):
            raise ValueError("scales: expected ascending numbers without 1")
        if not (self.flip or self.scales):
            raise ValueError("neither flip nor scales; leave augment out")

    @property
    def views(self) -> tuple[tuple[float, bool], ...]:
        """Scale of each view, and whether it is mirrored. The image itself is the first."""
        mirrored = (False, True) if self.flip else (False,)
        return tuple((scale, flip) for scale in (1.0, *self.scales) for flip in mirrored)

    def __str__(self) -> str:
        return ",".join([*([FLIP] if self.flip else []), *(f"{s:g}" for s in self.scales)])


def parse_augment(text: str | None) -> TestTimeAugmentation | None:
    """Read the text of an option.

    Args:
        text: "flip", scales such as "0.75,1.25", or both, separated by commas. None: no
            augmentation.

    Returns:
        The views; None stays None.

    Raises:
        OptionError: The text has another form, or a scale is out of range.

    >>> parse_augment("1.25,flip,0.75")
    TestTimeAugmentation(flip=True, scales=(0.75, 1.25))
    """
    if text is None:
        return None
    words = text.split(",") if isinstance(text, str) else [""]
    scales = {_scale(word.strip(), text) for word in words if word.strip() != FLIP}
    scales.discard(1.0)
    flip = any(word.strip() == FLIP for word in words)
    if not (flip or scales):
        raise OptionError(
            f"augment = {text!r:.60} names no view besides the image itself; leave it out"
        )
    return TestTimeAugmentation(flip, tuple(sorted(scales)))


def augment_text(text: object) -> str | None:
    """Normalise the text of an option, such as "flip,0.75,1.25"; None stays None.

    Raises:
        OptionError: As for `parse_augment`.
    """
    found = parse_augment(text)  # type: ignore[arg-type]
    return None if found is None else str(found)


def _scale(word: str, text: object) -> float:
    try:
        scale = float(word)
    except ValueError:
        scale = math.nan
    if not SCALE.has(scale):
        raise OptionError(
            f"augment = {text!r:.60}: {word!r:.20} is neither flip nor a scale of {SCALE}; give "
            "flip, or scales such as 0.75,1.25, or both"
        )
    return scale
