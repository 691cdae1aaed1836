"""Dilation in place of strides, by which an encoder keeps a resolution (arXiv 1706.05587, 3.1)."""

from collections.abc import Iterable
from typing import NamedTuple


class StageStride(NamedTuple):
    """The stride and the dilation of a stage of an encoder.

    Attributes:
        stride: The stride of its first block.
        dilation: The dilation that replaces the strides up to and including its own.
        previous: The dilation of the previous stage.
    """

    stride: int
    dilation: int
    previous: int


def limit_stride(
    strides: Iterable[int], *, start: int, output_stride: int
) -> tuple[StageStride, ...]:
    """Replace the strides of an encoder by dilation, once it has reached an output stride.

    Args:
        strides: The stride of each stage.
        start: The stride of the first stage's input.
        output_stride: The largest stride of the features.

    Returns:
        The stages.

    >>> [stage.stride for stage in limit_stride((1, 2, 2, 2), start=4, output_stride=8)]
    [1, 2, 1, 1]
    >>> [stage.dilation for stage in limit_stride((1, 2, 2, 2), start=4, output_stride=8)]
    [1, 1, 2, 4]
    """
    stages, reached, dilation = list[StageStride](), start, 1
    for stride in strides:
        previous = dilation
        if reached == output_stride:
            dilation, stride = dilation * stride, 1
        reached *= stride
        stages.append(StageStride(stride, dilation, previous))
    return tuple(stages)
