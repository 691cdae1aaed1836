"""Effective receptive fields: how much the middle of a feature map depends on each pixel.

The measure is that of Luo et al., arXiv 1701.04128, section 2: the gradient of a central unit
with respect to the input. SegFormer's figure 3 (arXiv 2105.15203) shows it stage by stage.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from robustbench_seg.architectures.network import SegmentationNetwork, Stage
from robustbench_seg.errors import DatasetError
from robustbench_seg.machine.precision import exact_float32
from robustbench_seg.records.cards.model_card import ModelCard
from robustbench_seg.segmenter.inference.normaliser import Normaliser
from robustbench_seg.segmenter.inference.resizing import scaled

HEAD = "head"
"""The name of the network's output, its logits; the others are the encoder's stages."""


@dataclass(frozen=True, eq=False)
class EffectiveField:
    """The effective receptive field of one unit.

    Attributes:
        energy: float64 HxW, the influence of each pixel on the unit (see effective_fields).
        centre: Row and column of the pixel in the middle of the theoretical receptive field.
    """

    energy: NDArray[np.float64]
    centre: tuple[int, int]

    def radius(self, share: float) -> float:
        """Compute the radius of the smallest disc around the centre with a share of the energy.

        The disc contains the pixels whose centre lies in it. A disc of radius 0 contains only the
        central pixel. Energy outside the image is not counted.

        Args:
            share: Share of the energy, in 0..1.

        Returns:
            Radius in pixels.
        """
        rows, columns = np.indices(self.energy.shape)
        squared = ((rows - self.centre[0]) ** 2 + (columns - self.centre[1]) ** 2).ravel()
        cumulative = np.cumsum(np.bincount(squared, self.energy.ravel()))
        # Rounding must not keep the cumulative sum from reaching the total.
        return float(np.sqrt(np.searchsorted(cumulative, share * cumulative[-1] * (1 - 1e-12))))


def encoder_stages(network: SegmentationNetwork) -> Mapping[str, Stage]:
    """Find the ends of the four stages of a card's network.

    Args:
        network: The network.

    Returns:
        The stages, as "stage 1" to "stage 4" (see SegmentationNetwork.encoder_stages).

    Raises:
        ModelError: The network does not declare its stages.
    """
    return {f"stage {i}": stage for i, stage in enumerate(network.encoder_stages(), start=1)}


def effective_fields(
    network: nn.Module, stages: Mapping[str, Stage], images: Iterable[Tensor]
) -> Mapping[str, EffectiveField]:
    """Compute the effective receptive field of the central unit of each stage and of the HEAD.

    The energy is |d s / d input|, summed over the input's three channels, as a mean over the
    images. Here s is the sum of the unit's channels, each with a random sign that is drawn again
    for each image (seed 0). Without signs, s is nearly constant if the channels are normalised
    together, and exactly constant after an untrained LayerNorm. For logits, the sum without signs
    affects no decision. With signs, the mean tends to the length of the gradient over all channels,
    up to a factor.

    The unit has row h // 2 and column w // 2 of the h x w map, counted from 0. Its centre is that
    row and column times the stride, as for padded convolutions with odd kernels. With a stem
    without padding, the true centre is up to a few pixels further away.

    Args:
        network: A network in eval mode that maps N x 3 x H x W to N x K x h x w. The function
            permanently turns off the gradients of its parameters.
        stages: Maps the name of a stage to the stage.
        images: Float 1 x 3 x H x W each, normalised, all of the same size.

    Returns:
        Maps the name of the stage, or HEAD, to the field.
    """
    exact_float32()
    network.requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    maps = dict[str, Tensor]()

    def keep(name: str, map_of: Callable[[Any], Tensor]) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            maps[name] = map_of(output)

        return hook

    taps = {**stages, HEAD: (network, lambda x: x)}
    hooks = [
        tapped.register_forward_hook(keep(name, map_of)) for name, (tapped, map_of) in taps.items()
    ]
    energies = dict[str, NDArray[np.float64]]()
    centres = dict[str, tuple[int, int]]()
    count = 0
    try:
        for image in images:
            count += 1
            pixels = image.detach().requires_grad_()
            network(pixels)
            for name in taps:
                unit, centres[name] = _central_unit(maps[name], pixels)
                signs = torch.randint(0, 2, unit.shape, generator=generator) * 2 - 1
                signed = (unit * signs.to(unit)).sum()
                (gradient,) = torch.autograd.grad(signed, pixels, retain_graph=name != HEAD)
                energy = gradient[0].abs().sum(0).double().cpu().numpy()
                energies[name] = energies.get(name, 0) + energy
            maps.clear()
    finally:
        for hook in hooks:
            hook.remove()
    return {name: EffectiveField(energies[name] / count, centres[name]) for name in taps}


def _central_unit(features: Tensor, pixels: Tensor) -> tuple[Tensor, tuple[int, int]]:
    """The channels of the unit in the middle of a map, and the row and column of its centre."""
    row, column = features.shape[2] // 2, features.shape[3] // 2
    # Strides are powers of two; sides that are not multiples of them are rounded up.
    down, across = (
        2 ** round(math.log2(pixels.shape[axis] / features.shape[axis])) for axis in (2, 3)
    )
    return features[0, :, row, column], (row * down, column * across)


def central_crop(
    image: NDArray[np.uint8], card: ModelCard, size: tuple[int, int], device: str = "cpu"
) -> Tensor:
    """Scale, crop and normalise the middle of an image, as a card's network sees it.

    Args:
        image: uint8 HxWx3 RGB.
        card: The card.
        size: Height and width of the crop, in pixels of the scaled image.
        device: Torch device of the result.

    Returns:
        float32 1x3xhxw.

    Raises:
        DatasetError: The image is smaller than the crop.
    """
    height, width = image.shape[:2]
    if card.resize:
        height, width = card.resize.size(height, width)
    if size[0] > height or size[1] > width:
        raise DatasetError(
            f"an image has {height}x{width} pixels at the input of {card.name}, which is smaller "
            f"than the crop of {size[0]}x{size[1]}; choose a smaller size"
        )
    if card.resize:
        image = scaled(image, card.resize)
    top, left = (height - size[0]) // 2, (width - size[1]) // 2
    normalise = Normaliser(card.preprocessing.mean, card.preprocessing.std, torch.device(device))
    return normalise(image[top : top + size[0], left : left + size[1]])
