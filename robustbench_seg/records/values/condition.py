"""Conditions under which images are scored, and the folder of the images of a condition."""

from dataclasses import dataclass
from pathlib import PurePosixPath

SEVERITIES = (1, 2, 3, 4, 5)
"""Every severity that a perturbation can have."""


@dataclass(frozen=True, order=True)
class Condition:
    """A perturbation at a severity; clean is ("clean", 0)."""

    name: str
    severity: int

    @property
    def folder(self) -> str:
        """Its folder in a tree of corrupted images or predictions, such as "fog/3"."""
        return f"{self.name}/{self.severity}"


CLEAN = Condition("clean", 0)


def as_png(image_id: str) -> str:
    """Return the path of an image in the folder of a condition. Its files are always PNG.

    Args:
        image_id: Path of the clean image relative to the dataset's root.

    Returns:
        The same path with the suffix .png.

    >>> as_png("images/validation/ADE_val_00000001.jpg")
    'images/validation/ADE_val_00000001.png'
    """
    return PurePosixPath(image_id).with_suffix(".png").as_posix()
