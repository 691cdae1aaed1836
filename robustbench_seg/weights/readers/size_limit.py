"""A limit of the unpacked size of a file, checked before memory or disk is used."""

from pathlib import Path

from robustbench_seg.errors import WeightsError

RATIO = 16
"""Maximum ratio of unpacked to packed size. Weights hardly compress: 1.1 is common."""

FREE = 64 << 20
"""Unpacked size, in bytes, that every file may have."""


def max_unpacked_size(path: Path) -> int:
    """Compute the number of bytes that a file may unpack to.

    Args:
        path: The file.
    """
    return max(FREE, RATIO * path.stat().st_size)


def check_unpacked_size(path: Path, size: int) -> None:
    """Refuse a file that unpacks to far more than its own size.

    Args:
        path: The file.
        size: Number of bytes that it unpacks to.

    Raises:
        WeightsError: The number is too large.
    """
    if size > max_unpacked_size(path):
        raise WeightsError(
            f"{path}: not unpacked: {path.stat().st_size / 1e6:.1f} MB would become "
            f"{size / 1e6:,.0f} MB, which is too much for weights; get the file from its publisher"
        )
