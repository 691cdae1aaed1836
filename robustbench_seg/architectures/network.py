"""The interface of a network of this package."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from robustbench_seg.errors import ModelError

Stage = tuple[nn.Module, Callable[[Any], Tensor]]
"""The module at which a stage of an encoder ends, and its output as N x C x H x W."""


class SegmentationNetwork(nn.Module):
    """A network that maps normalised images to logits at a quarter of their size.

    Input is float N x 3 x H x W, output float N x num_classes x H/4 x W/4 (rounded up).

    Attributes:
        backbone: The encoder; everything else is the head.
        align_corners: How its logits were upsampled to the image in training.
        grid: Whole images are padded to sides that are one more than a multiple of it. None: no
            padding.
    """

    backbone: nn.Module
    align_corners: bool = False
    grid: int | None = None

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        raise NotImplementedError

    def encoder_stages(self) -> Sequence[Stage]:
        """The ends of the encoder's four stages.

        Stages end where the features leave 1/4, 1/8 and 1/16 resolution, and at the end of the
        encoder. A smaller output stride does not change these places.

        Raises:
            ModelError: The network does not declare them.
        """
        raise ModelError(f"{type(self).__name__}: this encoder does not declare its stages")

    def macs_folded(self) -> int:
        """Multiply-accumulates in `forward` that merge matrices and do not depend on the image.

        A network that is folded once at load does not compute them again.
        """
        return 0

    def macs_beyond_forward(self, height: int, width: int) -> int:
        """Count by how many multiply-accumulates the published equations exceed `forward`.

        Args:
            height: Height of the image in pixels.
            width: Width of the image in pixels.

        Returns:
            The difference, which may be negative.
        """
        return 0
