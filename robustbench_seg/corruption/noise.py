"""Gaussian, impulse, shot and speckle noise, drawn for every sample (pixel and channel) by itself.

A sample's new level depends on its present level and on chance alone. So noise is a table: for each
of 256 levels the law of the new one, a distribution over 256 levels. The fast stream draws from
that table; the reference stream does the arithmetic on the numbers that the reference draws.

Images are uint8 H x W x 3 RGB; parameters are for intensities in 0..1.
Source of all: Hendrycks & Dietterich, arXiv 1903.12261, as in the imagecorruptions package.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption.pixels import Floats, Image, bands, truncated
from robustbench_seg.corruption.streams import FastStream, Stream

LEVELS = np.arange(256)
Table = NDArray[np.uint32]

_cached = lru_cache(maxsize=32)


def gaussian_noise(image: Image, rng: Stream, *, scale: float) -> Image:
    """Add Gaussian noise of standard deviation `scale`."""
    if isinstance(rng, FastStream):
        return rng.levels(image, _gaussian_table(scale))
    return _by_bands(image, lambda x: x + rng.normal(0, scale, x.shape))


def impulse_noise(image: Image, rng: Stream, *, amount: float) -> Image:
    """Set the share `amount` of the samples to 0 or 255 (each channel by itself)."""
    if isinstance(rng, FastStream):
        return rng.levels(image, _impulse_table(amount))
    out = image.copy()
    hits = [rng.random(image[band].shape) <= amount for band in bands(len(image))]
    for band, hit in zip(bands(len(image)), hits, strict=True):
        salt = rng.random(hit.shape) <= 0.5
        out[band][hit] = np.where(salt[hit], np.uint8(255), np.uint8(0))
    return out


def shot_noise(image: Image, rng: Stream, *, photons: float) -> Image:
    """Replace intensity x by Poisson(x * photons) / photons."""
    if isinstance(rng, FastStream):
        return rng.levels(image, _shot_table(photons))
    return _by_bands(image, lambda x: rng.poisson(x * photons) / photons)


def speckle_noise(image: Image, rng: Stream, *, scale: float) -> Image:
    """Add to intensity x Gaussian noise of standard deviation x * scale."""
    if isinstance(rng, FastStream):
        return rng.levels(image, _speckle_table(scale))
    return _by_bands(image, lambda x: x + x * rng.normal(0, scale, x.shape))


def _by_bands(image: Image, noisy: Callable[[Floats], Floats]) -> Image:
    """Intensities through `noisy`, a few rows at a time, so that memory stays small."""
    out = np.empty_like(image)
    for band in bands(len(image)):
        out[band] = truncated(noisy(image[band] / 255.0))
    return out


# Results are truncated: the new level is k or less if the unclipped one is below k + 1.


@_cached
def _gaussian_table(scale: float) -> Table:
    return _table(_normal((LEVELS + 1 - LEVELS[:, None]) / 255 / scale))


@_cached
def _speckle_table(scale: float) -> Table:
    below = np.ones((256, 256))
    below[1:] = _normal(((LEVELS + 1) / LEVELS[1:, None] - 1) / scale)
    return _table(below)


@_cached
def _impulse_table(amount: float) -> Table:
    return _table(np.where(LEVELS[:, None] > LEVELS, amount / 2, 1 - amount / 2))


@_cached
def _shot_table(photons: float) -> Table:
    below = np.zeros((256, 256))
    for level, mean in enumerate(LEVELS / 255 * photons):
        # Counts beyond `photons` are white; at level 0 there is no photon, and log(0) none either.
        for count in range(math.ceil(photons)):
            likelihood = (
                math.exp(count * math.log(mean) - mean - math.lgamma(count + 1)) if mean else 0.0
            )
            below[level, truncated(np.array(count / photons)) :] += likelihood
    below[0] = 1
    return _table(below)


def _normal(z: Floats) -> Floats:
    """The standard normal distribution function."""
    return np.asarray(0.5 * np.vectorize(math.erfc)(-z / math.sqrt(2)), np.float64)


def _table(below: Floats) -> Table:
    """Alias table of the laws whose distribution functions are the rows of `below`."""
    from robustbench_seg.corruption import kernels

    below[:, 255] = 1
    return kernels.alias_table(np.diff(below, axis=1, prepend=0))
