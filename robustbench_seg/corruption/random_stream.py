"""What a corruption asks for random numbers: the interface that both streams implement."""

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption.image_arrays import Floats, Image

Window = tuple[slice, slice]


class NoiseModel(Protocol):
    """How the new level of a sample depends on its present level and on chance.

    A model has two forms: the distribution, from which the fast stream draws, and the arithmetic,
    which the reference stream does. Models are hashable, so a stream keeps what it prepares.
    """

    def __hash__(self) -> int: ...

    def distribution(self) -> Floats:
        """Float64 256 x 256: row i, column k is the probability of k or less, given level i."""
        ...

    def arithmetic(
        self, image: Image, draws: np.random.RandomState, uniform: np.random.Generator
    ) -> Image:
        """The new levels of `image` (uint8 H x W x 3) as the imagecorruptions package has them.

        draws: its generator; `uniform` is the one of salt-and-pepper noise.
        """
        ...


class RandomStream(Protocol):
    """Random numbers under a key of image id, corruption, severity and seed.

    Attributes:
        version: raised whenever the stream gives other numbers for the same key.
        real: type of its arrays of real numbers.
    """

    version: ClassVar[int]
    real: ClassVar[type[np.floating[Any]]]

    def __init__(self, image_id: str | None, corruption: str, severity: int, seed: int) -> None: ...

    def normal(
        self, mean: float, scale: float, shape: tuple[int, int], window: Window | None = None
    ) -> NDArray[np.floating]:
        """Gaussian values of this mean and standard deviation; of `shape` only the `window`."""
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
        """Numbers of offsets of -distance to distance - 1 pixels: by rows down, then to the right.

        With distance 1: 0 is up left, 1 up, 2 left, 3 the pixel itself.
        """
        ...

    def levels(self, image: Image, noise: NoiseModel) -> Image:
        """Draw a new level 0..255 for every sample of `image`, given its present level."""
        ...
