"""Gaussian, impulse, shot and speckle noise, drawn independently for every sample of each channel.

The new level of a sample depends only on its current level and on chance, so a noise model is a
distribution over 256 levels for each of 256 levels. A stream draws from it, or repeats the
arithmetic of imagecorruptions on its random numbers.

Images are uint8 H x W x 3 RGB; parameters are for intensities in 0..1. Source: Hendrycks &
Dietterich, arXiv 1903.12261, as in the imagecorruptions package.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator, RandomState

from robustbench_seg.corruption.image_arrays import Floats, Image, bands, truncated
from robustbench_seg.corruption.random_stream import RandomStream

LEVELS = np.arange(256)


def gaussian_noise(image: Image, rng: RandomStream, *, scale: float) -> Image:
    """Add Gaussian noise of standard deviation `scale`.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Stream of random numbers.
        scale: Standard deviation, as an intensity (0..1).

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    return rng.levels(image, GaussianNoise(scale))


def impulse_noise(image: Image, rng: RandomStream, *, amount: float) -> Image:
    """Set the share `amount` of the samples to 0 or 255 (independently in each channel).

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Stream of random numbers.
        amount: Share of the samples that change, 0..1.

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    return rng.levels(image, ImpulseNoise(amount))


def shot_noise(image: Image, rng: RandomStream, *, photons: float) -> Image:
    """Replace intensity x by Poisson(x * photons) / photons.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Stream of random numbers.
        photons: Number of photons at full intensity.

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    return rng.levels(image, ShotNoise(photons))


def speckle_noise(image: Image, rng: RandomStream, *, scale: float) -> Image:
    """Add to intensity x Gaussian noise of standard deviation x * scale.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Stream of random numbers.
        scale: Standard deviation at full intensity, as an intensity (0..1).

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    return rng.levels(image, SpeckleNoise(scale))


# Results are truncated, so the new level is at most k if the unclipped value is below k + 1.


@dataclass(frozen=True)
class GaussianNoise:
    """Intensity x becomes x + scale * z, z standard normal."""

    scale: float

    def distribution(self) -> Floats:
        """See NoiseModel."""
        return _normal((LEVELS + 1 - LEVELS[:, None]) / 255 / self.scale)

    def arithmetic(self, image: Image, rng: RandomState, uniform: Generator) -> Image:
        """See NoiseModel."""
        return _by_bands(image, lambda x: x + rng.normal(0, self.scale, x.shape))


@dataclass(frozen=True)
class SpeckleNoise:
    """Intensity x becomes x + x * scale * z, z standard normal."""

    scale: float

    def distribution(self) -> Floats:
        """See NoiseModel."""
        below = np.ones((256, 256))
        below[1:] = _normal(((LEVELS + 1) / LEVELS[1:, None] - 1) / self.scale)
        return below

    def arithmetic(self, image: Image, rng: RandomState, uniform: Generator) -> Image:
        """See NoiseModel."""
        return _by_bands(image, lambda x: x + x * rng.normal(0, self.scale, x.shape))


@dataclass(frozen=True)
class ImpulseNoise:
    """A sample becomes 0 or 255 with probability amount / 2 each."""

    amount: float

    def distribution(self) -> Floats:
        """See NoiseModel."""
        below = np.where(LEVELS[:, None] > LEVELS, self.amount / 2, 1 - self.amount / 2)
        return np.asarray(below, np.float64)

    def arithmetic(self, image: Image, rng: RandomState, uniform: Generator) -> Image:
        """See NoiseModel."""
        out = image.copy()
        hits = [uniform.random(image[band].shape) <= self.amount for band in bands(len(image))]
        for band, hit in zip(bands(len(image)), hits, strict=True):
            salt = uniform.random(hit.shape) <= 0.5
            out[band][hit] = np.where(salt[hit], np.uint8(255), np.uint8(0))
        return out


@dataclass(frozen=True)
class ShotNoise:
    """Intensity x becomes Poisson(x * photons) / photons."""

    photons: float

    def distribution(self) -> Floats:
        """See NoiseModel."""
        below = np.zeros((256, 256))
        for level, mean in enumerate(LEVELS / 255 * self.photons):
            # Counts above `photons` are white; level 0 has no photons, and log(0) must be avoided.
            for count in range(math.ceil(self.photons)):
                likelihood = (
                    math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))
                    if mean
                    else 0.0
                )
                below[level, truncated(np.array(count / self.photons)) :] += likelihood
        below[0] = 1
        return below

    def arithmetic(self, image: Image, rng: RandomState, uniform: Generator) -> Image:
        """See NoiseModel."""
        return _by_bands(image, lambda x: rng.poisson(x * self.photons) / self.photons)


def _by_bands(image: Image, noisy: Callable[[Floats], Floats]) -> Image:
    """Apply `noisy` to intensities, a few rows at a time to save memory."""
    out = np.empty_like(image)
    for band in bands(len(image)):
        out[band] = truncated(noisy(image[band] / 255.0))
    return out


def _normal(z: Floats) -> Floats:
    """The standard normal distribution function."""
    return np.asarray(0.5 * np.vectorize(math.erfc)(-z / math.sqrt(2)), np.float64)
