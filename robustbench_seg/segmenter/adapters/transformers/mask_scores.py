"""Converts the output of a mask classifier to a score for each class and pixel.

A mask classifier outputs queries. Each has a distribution over the classes and "no object", and a
mask. The score of a class at a pixel is the sum over the queries of the class's probability times
the mask's (MaskFormer, arXiv 2107.06278, section 3.4).
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from robustbench_seg.segmenter.labelling.interpolation import taps

MASKS_LAW = 1
"""Increment when scores change for the same output."""

STRIP = 128
"""Number of rows of the masks that are upsampled at once. All rows of 100 queries take 0.8 GB at
1024x2048, and their probabilities as much again.
"""


def combine_masks(
    classes: Tensor,
    masks: Tensor,
    size: tuple[int, int] | None = None,
    kept: tuple[int, int] | None = None,
) -> Tensor:
    """Combine the queries of a mask classifier.

    Args:
        classes: Logits NxQx(K+1) of Q queries; the last class is "no object".
        masks: Mask logits NxQxhxw.
        size: Height and width to which the masks are first upsampled bilinearly. None: they keep
            their size.
        kept: Height and width of the part to keep, from the top left corner. None: all.

    Returns:
        float32 scores NxKxHxW, 0 or more.
    """
    weights = classes.float().softmax(-1)[..., :-1].transpose(1, 2)
    height, width = size or (masks.shape[2], masks.shape[3])
    high, wide = kept or (height, width)
    near, share = (
        torch.from_numpy(tap) for tap in taps(masks.shape[2], height, align_corners=False)
    )
    far = (near.long() + 1).clamp(max=masks.shape[2] - 1).to(masks.device)
    near, share = near.long().to(masks.device), share[:, None].to(masks.device)
    out = torch.empty(*weights.shape[:2], high, wide, device=masks.device)
    for index, (weight, values) in enumerate(zip(weights, masks.float(), strict=True)):
        for start in range(0, high, STRIP):
            here = slice(start, min(start + STRIP, high))
            lines = torch.lerp(values[:, near[here]], values[:, far[here]], share[here])
            strip = F.interpolate(
                lines[None], (lines.shape[1], width), mode="bilinear", align_corners=False
            )[0, ..., :wide]
            out[index, :, here] = (weight @ strip.sigmoid_().flatten(1)).unflatten(
                1, strip.shape[1:]
            )
    return out
