"""Augmentation of one image and its labels: resize, crop, flip, photometric distortion, pad.

The steps have this order and SegFormer's numbers (arXiv 2105.15203, section 4.1; photometric
distortion after Liu et al., SSD, section 3.6, with the ranges of its Caffe configuration). Images
and labels stay uint8.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets import IGNORE, Image, Labels
from robustbench_seg.records.values.preprocessing import Resize
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training.robust_augment import AUGMENTATIONS

_REDRAWS = 10
_BRIGHTNESS = 32.0
_CONTRAST = (0.5, 1.5)
_SATURATION = (0.5, 1.5)
_HUE = 18  # of OpenCV's 180: 36 degrees


def augment(
    image: Image,
    labels: Labels,
    recipe: TrainingRecipe,
    padding: tuple[int, int, int],
    rng: np.random.Generator,
    base_size: Resize | None = None,
) -> tuple[Image, Labels]:
    """Draw one training view.

    Args:
        image: uint8 HxWx3 RGB.
        labels: uint8 HxW.
        recipe: The hyper-parameters.
        padding: RGB outside a resized image that is smaller than the crop: the mean colour, which
            is 0 after normalisation. Labels are 255 there.
        rng: The random generator.
        base_size: The size to which an image is fitted before recipe.resize scales it. None means
            its own size.

    Returns:
        uint8 image of recipe.crop x 3, and its uint8 labels.
    """
    base = base_size.scale(*labels.shape) if base_size else 1.0
    image, labels = resize(image, labels, base * rng.uniform(*recipe.resize))
    image, labels = crop(image, labels, recipe.crop, recipe.category_ratio, rng)
    if rng.random() < recipe.flip:
        image, labels = image[:, ::-1], labels[:, ::-1]
    if recipe.photometric:
        image = distort(image, rng)
    if recipe.augment:
        image = AUGMENTATIONS[recipe.augment](np.ascontiguousarray(image), rng)
    return pad(image, labels, recipe.crop, padding)


def resize(image: Image, labels: Labels, scale: float) -> tuple[Image, Labels]:
    """Scale both sides by `scale`, rounded: the image bilinear, the labels nearest."""
    height, width = labels.shape
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    resized = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    nearest = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(resized, np.uint8), np.asarray(nearest, np.uint8)


def crop(
    image: Image,
    labels: Labels,
    size: tuple[int, int],
    category_ratio: float,
    rng: np.random.Generator,
) -> tuple[Image, Labels]:
    """Crop a window of at most `size` (height, width) at a uniformly random place.

    The window is drawn again, up to 10 times, if one class has a share of at least `category_ratio`
    of its scored pixels.
    """
    height, width = labels.shape
    for _ in range(1 + _REDRAWS):
        top = int(rng.integers(max(height - size[0], 0) + 1))
        left = int(rng.integers(max(width - size[1], 0) + 1))
        window = np.s_[top : top + size[0], left : left + size[1]]
        counts = np.bincount(labels[window].ravel(), minlength=IGNORE + 1)[:IGNORE]
        if category_ratio >= 1 or counts.max() < category_ratio * counts.sum():
            break
    return image[window], labels[window]


def distort(image: Image, rng: np.random.Generator) -> Image:
    """Distort brightness, contrast, saturation and hue, each with probability one half.

    Brightness changes by up to 32, contrast and saturation by a factor of 0.5 to 1.5, the hue by up
    to 36 degrees. The contrast changes before or after saturation and hue, with equal probability.
    """
    levels = np.arange(256, dtype=np.float32)
    if rng.random() < 0.5:
        levels += rng.uniform(-_BRIGHTNESS, _BRIGHTNESS)
    contrast = rng.uniform(*_CONTRAST) if rng.random() < 0.5 else 1.0
    contrast_last = rng.random() < 0.5
    if not contrast_last:
        levels = np.clip(levels, 0, 255) * contrast
    image = _look_up(image, _to_uint8(levels))
    image = _distort_hsv(image, rng)
    if contrast_last and contrast != 1.0:
        image = _look_up(image, _to_uint8(np.arange(256) * contrast))
    return image


def _distort_hsv(image: Image, rng: np.random.Generator) -> Image:
    saturation = rng.uniform(*_SATURATION) if rng.random() < 0.5 else 1.0
    hue = int(rng.integers(-_HUE, _HUE + 1)) if rng.random() < 0.5 else 0
    if saturation == 1.0 and hue == 0:
        return image
    # One table per channel of HSV, applied in one pass.
    table = np.stack([np.arange(256, dtype=np.uint8)] * 3, axis=-1)
    table[:180, 0] = (np.arange(180) + hue) % 180
    table[:, 1] = _to_uint8(np.arange(256) * saturation)
    hsv = _look_up(np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2HSV), np.uint8), table[None])
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)


def _look_up(image: Image, table: NDArray[np.uint8]) -> Image:
    return np.asarray(cv2.LUT(image, table), np.uint8)


def _to_uint8(levels: NDArray[np.floating]) -> NDArray[np.uint8]:
    table: NDArray[np.uint8] = np.clip(levels, 0, 255).astype(np.uint8)
    return table


def pad(
    image: Image, labels: Labels, size: tuple[int, int], padding: tuple[int, int, int]
) -> tuple[Image, Labels]:
    """Pad to `size` (height, width) below and to the right: `padding` as RGB, 255 as label."""
    height, width = labels.shape
    padded = np.empty((*size, 3), np.uint8)
    padded[:] = np.array(padding, np.uint8)
    padded[:height, :width] = image
    ignored = np.full(size, IGNORE, np.uint8)
    ignored[:height, :width] = labels
    return padded, ignored
