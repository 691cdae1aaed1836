"""The logits of the windows of an image at the resolution of a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor
from torch.nn import functional as F

from robustbench_seg.segmenter.labelling.interpolation import Taps, taps

Output = Literal["logits", "scores"]


@dataclass(frozen=True, eq=False)
class WindowLogits:
    """A network's logits of an image, at the network's resolution.

    Attributes:
        logits: float32 NxKxhxw of N windows. A whole image is one window.
        corners: Top and left of each window, in pixels.
        window: Height and width of each window, in pixels.
        size: Height and width of the image, in pixels.
        align_corners: Whether logits are upsampled with aligned corners.
        output: The kind of the values: logits, or class scores of 0 or more, which are upsampled
            and averaged in the same way.
    """

    logits: Tensor
    corners: Sequence[tuple[int, int]]
    window: tuple[int, int]
    size: tuple[int, int]
    align_corners: bool = False
    output: Output = "logits"

    def taps(self) -> tuple[Taps, Taps]:
        """Compute the positions of the rows and columns of a window between its logits."""
        height, width = self.window
        return (
            taps(self.logits.shape[2], height, align_corners=self.align_corners),
            taps(self.logits.shape[3], width, align_corners=self.align_corners),
        )

    def upsampled(self) -> Tensor:
        """Upsample each window bilinearly, and average where windows overlap.

        Returns:
            float32 logits 1xKxHxW.
        """
        total = self.logits.new_zeros((1, self.logits.shape[1], *self.size))
        count = self.logits.new_zeros((1, 1, *self.size))
        height, width = self.window
        for logits, (top, left) in zip(self.logits, self.corners, strict=True):
            here = (..., slice(top, top + height), slice(left, left + width))
            # Contiguous, because torch rounds differently for other layouts.
            total[here] += F.interpolate(
                logits[None].contiguous(),
                self.window,
                mode="bilinear",
                align_corners=self.align_corners,
            )
            count[here] += 1
        return total / count
