"""What the program asks of a network of its own."""

from torch import Tensor, nn


class SegmentationNetwork(nn.Module):
    """A network that maps normalised images to logits at a quarter of their size.

    Input is float N x 3 x H x W, output float N x num_classes x H/4 x W/4 (rounded up).

    Attributes:
        backbone: The encoder; what lies outside it is the head.
        align_corners: How its logits were upsampled to the image in training.
        grid: Whole images are padded to sides that are a multiple of it and one more; None: to
            no sides.
    """

    backbone: nn.Module
    align_corners: bool = False
    grid: int | None = None

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        raise NotImplementedError
