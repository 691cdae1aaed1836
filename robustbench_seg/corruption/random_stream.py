"""The interface of both random number streams of the corruptions."""

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption.image_arrays import Floats, Image

Window = tuple[slice, slice]


class NoiseModel(Protocol):
    """The dependence of the new level of a sample on its current level and on chance.

    A model has two forms: the distribution, from which the fast stream draws, and the arithmetic,
    which the reference stream computes. Models are hashable, so that a stream can cache its tables.
    """

    def __hash__(self) -> int: ...

    def distribution(self) -> Floats:
        """Float64 256 x 256: row i, column k is the probability of k or less, given level i."""
        ...

    def arithmetic(
        self, image: Image, rng: np.random.RandomState, uniform: np.random.Generator
    ) -> Image:
        """The new levels of `image` (uint8 H x W x 3) as in the imagecorruptions package.

        `rng` is its generator; `uniform` is the generator for salt-and-pepper noise.
        """
        ...


class RandomStream(Protocol):
    """Random numbers under a key of image id, corruption, severity and seed.

    Attributes:
        version: incremented whenever the stream gives different numbers for the same key.
        real: the type of its arrays of real numbers.
    """

    version: ClassVar[int]
    real: ClassVar[type[np.floating[Any]]]

    def __init__(self, image_id: str | None, corruption: str, severity: int, seed: int) -> None: ...

    def normal(
        self, mean: float, scale: float, shape: tuple[int, int], window: Window | None = None
    ) -> NDArray[np.floating]:
        """Gaussian values with this mean and deviation: the `window` of an array of `shape`."""
        ...

    def angle(self, low: float, high: float) -> float:
        """A uniform value in [low, high)."""
        ...

    def uniform(self, low: float, high: float, shape: tuple[int, int]) -> NDArray[np.floating]:
        """Uniform values in [low, high)."""
        ...

    def integer(self, high: int) -> int:
        """A uniform integer in [0, high): `high` itself is never drawn."""
        ...

    def neighbours(self, distance: int, count: int) -> NDArray[np.integer]:
        """Indices of offsets of -distance to distance - 1 pixels: row by row from the top, then to
        the right.

        With distance 1: 0 is up left, 1 up, 2 left, 3 the pixel itself.
        """
        ...

    def levels(self, image: Image, noise: NoiseModel) -> Image:
        """Draw a new level 0..255 for every sample of `image`, given its current level."""
        ...
