"""The error for a device with too little memory."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from robustbench_seg.errors import ModelError

LESS_MEMORY = "inference slide, precision bf16 or another device"


@contextmanager
def memory_errors(height: int, width: int, advice: str = LESS_MEMORY) -> Iterator[None]:
    """Convert an out-of-memory error of a GPU inside the context into a ModelError with advice.

    Args:
        height: Height of the image that is labelled inside the context, in pixels.
        width: Its width.
        advice: An alternative that needs less memory.

    Raises:
        ModelError: The device has too little memory.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise ModelError(
            f"the device has too little memory for an image of {width}x{height}; try {advice}"
        ) from None
