"""The bounds of counts and sizes: beyond them a machine hangs or its memory ends.

The command line and the records take them from here.
"""

from collections.abc import Iterable, Mapping
from numbers import Integral

from robustbench_seg.errors import ModelError

MOST: Mapping[str, int] = {
    "threads": 1024,
    "workers": 256,
    "gpus": 1024,
    "batch": 65_536,
    "limit": 10**9,
    "images": 100_000,
    "repeat": 10_000,
    "iterations": 10**9,
    "warmup": 10**9,
    "validate_every": 10**9,
    "checkpoint_every": 10**9,
    "minutes": 10**6,
    "seed": 2**63 - 1,  # the largest integer of TOML
}
"""The largest value of an option, by the name of its field."""

MAX_SIDE = 32_768
"""Largest height and width of an image, in pixels."""

MAX_PIXELS = 2**28
"""Most pixels of an image or of the crops of a batch: 3.2 GB in float32."""


def check_count(name: str, value: object, least: int = 1) -> None:
    """Raise ModelError unless an option is None or an integer of `least` to MOST."""
    if value is None:
        return
    if not isinstance(value, Integral) or not least <= int(value) <= MOST[name]:
        raise ModelError(f"{name} is {value!r}; an integer of {least} to {MOST[name]} is wanted")


def check_counts(record: object, names: Iterable[str], least: int = 1) -> None:
    """Check the fields `names` of a record with `check_count`."""
    for name in names:
        check_count(name, getattr(record, name), least)


def check_size(size: tuple[int, int]) -> None:
    """Raise ModelError unless a height and width are those of an image that fits into memory."""
    height, width = size
    if not (min(size) >= 1 and max(size) <= MAX_SIDE and height * width <= MAX_PIXELS):
        raise ModelError(
            f"the size {height}x{width}: sides of 1 to {MAX_SIDE} pixels are wanted, and no more "
            f"than {MAX_PIXELS} in all"
        )
