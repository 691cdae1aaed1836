"""From a normalised image to full-resolution logits: the whole image at once, or a sliding window.

SegFormer scores Cityscapes with 1024x1024 windows every 768 pixels, logits averaged where windows
overlap (paper, Sec. 4.1 and the released configurations); most other models take the whole image.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

WINDOW = (1024, 768)
"""SegFormer's own window and stride on Cityscapes, in pixels."""

Network = Callable[[Tensor], Tensor]


def whole(network: Network, image: Tensor) -> Tensor:
    """Logits of the whole image.

    image:   float 1x3xHxW, normalised
    returns: float 1xKxHxW, upsampled bilinearly (align_corners=False) from the network's 1/4
    """
    return F.interpolate(network(image), image.shape[2:], mode="bilinear", align_corners=False)


def slide(network: Network, image: Tensor, crop: int, stride: int) -> Tensor:
    """Logits averaged over overlapping `crop` x `crop` windows every `stride` pixels.

    The last window of a row or column is moved back inside the image; an image smaller than the
    window is taken as it is. image and result as in `whole`.
    """
    height, width = image.shape[2:]
    total: Tensor | None = None
    count = image.new_zeros((1, 1, height, width))
    for top, bottom in windows(height, crop, stride):
        for left, right in windows(width, crop, stride):
            logits = whole(network, image[:, :, top:bottom, left:right])
            if total is None:
                total = logits.new_zeros((1, logits.shape[1], height, width))
            total[:, :, top:bottom, left:right] += logits
            count[:, :, top:bottom, left:right] += 1
    assert total is not None
    return total / count


def windows(length: int, crop: int, stride: int) -> Iterator[tuple[int, int]]:
    """Starts and ends of the windows along one axis.

    >>> list(windows(2048, 1024, 768))
    [(0, 1024), (768, 1792), (1024, 2048)]
    >>> list(windows(500, 1024, 768))
    [(0, 500)]
    """
    steps = max(length - crop + stride - 1, 0) // stride + 1
    for step in range(steps):
        end = min(step * stride + crop, length)
        yield max(end - crop, 0), end


def to_tensor(image: object, mean: Tensor, std: Tensor) -> Tensor:
    """uint8 HxWx3 RGB array -> float32 1x3xHxW on `mean`'s device: (rgb / 255 - mean) / std."""
    pixels = torch.as_tensor(image, device=mean.device).permute(2, 0, 1).unsqueeze(0)
    return (pixels.float() / 255 - mean) / std
