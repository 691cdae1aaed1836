"""Where the random numbers of a corruption come from.

A corruption is handed a stream and asks it for numbers; no corruption keeps a generator or touches
NumPy's global one. The fast stream is the default. The reference stream draws what the
imagecorruptions package draws, so that results can be compared pixel by pixel.
"""

import hashlib
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.files import canonical_json

Size = int | tuple[int, ...] | None
Window = tuple[slice, slice]
StreamName = Literal["fast", "reference"]

STREAMS: tuple[StreamName, ...] = ("fast", "reference")

#: Raised whenever the fast stream gives other numbers for the same key.
FAST_STREAM_VERSION = 1


class FastStream:
    """NumPy's Philox generator under a key made by sha256: keys differ, so do all their draws.

    The key holds the stream's version, image id, corruption, severity and seed and nothing else,
    so that an image is corrupted alike by any worker, in any order, on any machine.
    """

    def __init__(self, image_id: str | None, corruption: str, severity: int, seed: int) -> None:
        key = canonical_json([FAST_STREAM_VERSION, image_id, corruption, severity, seed])
        digest = hashlib.sha256(key.encode()).digest()
        self._bits = np.random.Philox(key=int.from_bytes(digest[:16], "big"))
        self._generator = np.random.Generator(self._bits)

    def normal(
        self, mean: float, scale: float, shape: tuple[int, int], window: Window | None = None
    ) -> NDArray[np.float64]:
        """Gaussian values of this mean and standard deviation; of `shape` only the `window`."""
        if window is not None:
            rows, columns = (len(range(n)[cut]) for n, cut in zip(shape, window, strict=True))
            shape = rows, columns
        return np.asarray(self._generator.normal(mean, scale, shape))

    def uniform(self, low: float, high: float, size: Size = None) -> NDArray[np.float64]:
        """Uniform values in [low, high)."""
        return np.asarray(self._generator.uniform(low, high, size))

    def integers(self, low: int, high: int, size: Size = None) -> NDArray[np.integer]:
        """Uniform integers in [low, high): `high` itself is never drawn."""
        kind = np.int8 if low >= -128 and high <= 128 else np.int64
        return np.asarray(self._generator.integers(low, high, size, kind))

    def levels(self, image: NDArray[np.uint8], table: NDArray[np.uint32]) -> NDArray[np.uint8]:
        """Draw a new level 0..255 for every sample of `image`, by the law of its present level.

        `table` holds 256 laws over 256 levels: kernels.alias_table.
        """
        from robustbench_seg.corruption import kernels

        draws = self._bits.random_raw((image.size + 1) // 2).view(np.uint32)
        out = np.empty_like(image)
        kernels.draw_levels(image.reshape(-1), draws, table, out.reshape(-1))
        return out


class ReferenceStream:
    """The draws of the imagecorruptions package after `np.random.seed(seed)`.

    Its random_noise (salt and pepper) does not listen to that seed: scikit-image makes a generator
    of its own there. `random` is that generator under the same seed.

    With an image id, the seed is the first four bytes (big-endian) of
    sha256("id|corruption|severity|seed"): every image gets draws of its own.
    """

    def __init__(self, image_id: str | None, corruption: str, severity: int, seed: int) -> None:
        if image_id is not None:
            key = f"{image_id}|{corruption}|{severity}|{seed}"
            seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")
        self._legacy = np.random.RandomState(seed)
        self._generator = np.random.default_rng(seed)

    def normal(
        self, mean: float, scale: float, shape: tuple[int, ...], window: Window | None = None
    ) -> NDArray[np.float64]:
        """See FastStream.normal."""
        values = np.asarray(self._legacy.normal(mean, scale, shape))
        return values if window is None else values[window]

    def uniform(self, low: float, high: float, size: Size = None) -> NDArray[np.float64]:
        """See FastStream.uniform."""
        return np.asarray(self._legacy.uniform(low, high, size))

    def integers(self, low: int, high: int, size: Size = None) -> NDArray[np.integer]:
        """See FastStream.integers."""
        return np.asarray(self._legacy.randint(low, high, size))

    def poisson(self, mean: NDArray[np.float64]) -> NDArray[np.int64]:
        """One count for every element of `mean`."""
        return np.asarray(self._legacy.poisson(mean))

    def random(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Uniform values in [0, 1), for salt-and-pepper noise."""
        return np.asarray(self._generator.random(shape))


Stream: TypeAlias = FastStream | ReferenceStream
