"""Draws of the bootstrap: their layout in an array, and drawing images and trainings."""

import zlib

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
"""Number of draws of images, and of draws of trainings."""

SEED = 0

Draws = NDArray[np.float64]
"""A score and its draws: float64 (1 + 2 resamples,).

First the score itself, over all images and the mean of the trainings; then the draws of images;
then the draws of trainings. `score_of` and `split_draws` separate them.
"""


def score_of(draws: Draws) -> float:
    """Return the score itself, without its draws; `draws` may be a single number."""
    return float(draws.flat[0])


def split_draws(draws: Draws) -> tuple[Draws, Draws]:
    """Return the draws of the images, and those of the trainings."""
    resamples = len(draws) // 2
    return draws[1 : 1 + resamples], draws[1 + resamples :]


def draw_units(unit_of: NDArray[np.intp], resamples: int) -> NDArray[np.float64]:
    """Draw sampling units, such as clips of images, with replacement, as many as there are.

    Args:
        unit_of: The number of the unit of each image, from 0.
        resamples: Number of draws.

    Returns:
        (1 + resamples, images): the number of times that each image is drawn. The first row is not
        a draw and is 1 for each image. The result depends only on the arguments.
    """
    count = int(unit_of.max()) + 1
    generator = np.random.default_rng(SEED)
    draws = generator.multinomial(count, np.full(count, 1 / count), size=resamples)
    return np.concatenate([np.ones((1, count)), draws])[:, unit_of]


def draw_trainings(identity: str, count: int, resamples: int) -> NDArray[np.float64]:
    """Draw the trainings of a model with replacement, one fewer than there are.

    Args:
        identity: Text that distinguishes the trainings from those of another model, whose draws
            are independent of these.
        count: Number of trainings.
        resamples: Number of draws.

    Returns:
        (trainings, resamples): the share of each training in each draw.
    """
    generator = np.random.default_rng([SEED, zlib.crc32(identity.encode())])
    drawn = max(1, count - 1)
    draws = generator.multinomial(drawn, np.full(count, 1 / count), size=resamples)
    shares: NDArray[np.float64] = draws.T / drawn
    return shares
