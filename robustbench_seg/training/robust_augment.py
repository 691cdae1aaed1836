"""Optional augmentations that make networks more robust.

Each is a function that maps (uint8 HxWx3 RGB image, generator) to an image of the same size. Pixels
do not move, because labels do not. None of their operations is a corruption of an included
protocol. The card and the name of a model show its augmentation.
"""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageOps

from robustbench_seg.datasets import Image
from robustbench_seg.records.values.choices import Augmentation

_WIDTH, _DEPTH = 3, 3
_SEVERITY = 3.0  # of 10

_KERNELS = (1, 3, 5, 7)
_GREY = 127.5


def augmix(image: Image, rng: np.random.Generator) -> Image:
    """AugMix (Hendrycks et al. 2020, arXiv 1912.02781, algorithm 1), without its second loss.

    Three chains of one to three operations (autocontrast, equalize, posterize, solarize at severity
    3 of 10) are mixed by weights from Dirichlet(1), and the mixture with the image by a weight from
    Beta(1, 1). The paper leaves out operations that overlap with its test corruptions; this
    function also leaves out rotations, shears and translations, because they would move the labels.
    """
    source = PIL.Image.fromarray(image)
    mixture = np.zeros(image.shape, np.float32)
    for weight in rng.dirichlet(np.ones(_WIDTH)):
        chain = source
        for _ in range(rng.integers(1, _DEPTH + 1)):
            chain = _OPERATIONS[rng.integers(len(_OPERATIONS))](chain, rng)
        mixture += np.float32(weight) * np.asarray(chain, np.float32)
    return _mixed(image, mixture, rng.beta(1.0, 1.0))


def random_convolution(image: Image, rng: np.random.Generator) -> Image:
    """RandConv (Xu et al. 2021, arXiv 2007.13003, RC_mix): another texture, the same shapes.

    The image is convolved with a random kernel over all three channels, of side 1, 3, 5 or 7 and
    normal weights of variance 1 / (3 side^2), around middle grey; the result is mixed with the
    image by a uniform weight. Without the paper's consistency loss.
    """
    side = int(rng.choice(_KERNELS))
    kernel = rng.normal(0.0, 1 / np.sqrt(3 * side**2), (3, 3, side, side)).astype(np.float32)
    channels = [np.ascontiguousarray(image[..., c], np.float32) - _GREY for c in range(3)]
    filtered = [
        sum(cv2.filter2D(channel, -1, part) for channel, part in zip(channels, row, strict=True))
        for row in kernel
    ]
    return _mixed(image, np.stack(filtered, axis=-1) + np.float32(_GREY), rng.random())


def _mixed(image: Image, other: NDArray[np.float32], share: float) -> Image:
    """`share` of `other` (float HxWx3) and the rest of `image`, rounded to uint8."""
    mixed = (1 - share) * image + share * other
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _level(rng: np.random.Generator) -> float:
    return rng.uniform(0.1, _SEVERITY) / 10


def _posterize(image: PIL.Image.Image, rng: np.random.Generator) -> PIL.Image.Image:
    return ImageOps.posterize(image, 4 - int(4 * _level(rng)))


def _solarize(image: PIL.Image.Image, rng: np.random.Generator) -> PIL.Image.Image:
    return ImageOps.solarize(image, 256 - int(256 * _level(rng)))


_OPERATIONS: tuple[Callable[[PIL.Image.Image, np.random.Generator], PIL.Image.Image], ...] = (
    lambda image, _: ImageOps.autocontrast(image),
    lambda image, _: ImageOps.equalize(image),
    _posterize,
    _solarize,
)

AUGMENTATIONS: Mapping[Augmentation, Callable[[Image, np.random.Generator], Image]] = {
    "augmix": augmix,
    "style": random_convolution,
}
"""Maps the name of an augmentation in a recipe, a command and a card to its function."""
