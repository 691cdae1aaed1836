"""The random number streams of the corruptions.

A corruption gets a stream and requests numbers from it; corruptions neither keep a generator nor
use NumPy's global one. The fast stream is the default. The reference stream draws the same numbers
as the imagecorruptions package, so that results can be compared pixel by pixel.
"""

import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption.image_arrays import Image
from robustbench_seg.corruption.random_stream import NoiseModel, RandomStream, Window
from robustbench_seg.corruption.threads import by_rows
from robustbench_seg.files import canonical_json

_CHUNK = 1 << 16
"""Number of normal numbers that are generated at once, so that their bits stay in the processor's
cache.
"""

_PIECE = 1 << 12
"""The smallest number of words that one thread draws: a multiple of four."""

FAST_STREAM_VERSION = 2
"""Increment this when the fast stream gives different numbers for the same key."""


def philox_generator(digest: bytes) -> np.random.Generator:
    """Return NumPy's counter-based Philox generator.

    Args:
        digest: Its key is the first 16 bytes of this.
    """
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "big")))


class FastStream(RandomStream):
    """The random numbers of one corrupted image, from counter-based Philox generators.

    The key is a sha256 digest of the stream version, image id, corruption, severity and seed. It
    depends on nothing else, so every worker on every machine draws the same numbers in any order.
    The compiled loops use Philox4x32 in single precision; normal numbers and single draws come
    from NumPy's Philox4x64.

    Args:
        image_id: Id of the image. None draws the same numbers for every image.
        corruption: Name of the corruption.
        severity: 1 to 5.
        seed: 0 to 2^32 - 1.

    >>> first = rs.FastStream("a.png", "fog", severity=3, seed=0)
    >>> again = rs.FastStream("a.png", "fog", severity=3, seed=0)
    >>> first.integer(1000) == again.integer(1000)
    True
    """

    version = FAST_STREAM_VERSION
    real = np.float32

    def __init__(self, image_id: str | None, corruption: str, severity: int, seed: int) -> None:
        key = canonical_json([FAST_STREAM_VERSION, image_id, corruption, severity, seed])
        digest = hashlib.sha256(key.encode()).digest()
        self._generator = philox_generator(digest)
        self._key = np.frombuffer(digest[16:], ">u4").astype(np.uint32)
        self._counter = 0

    def normal(
        self, mean: float, scale: float, shape: tuple[int, int], window: Window | None = None
    ) -> NDArray[np.float32]:
        """See RandomStream.normal."""
        if window is not None:
            rows, columns = (len(range(n)[cut]) for n, cut in zip(shape, window, strict=True))
            shape = rows, columns
        values = self._standard_normal(shape[0] * shape[1]).reshape(shape)
        values *= np.float32(scale)
        values += np.float32(mean)
        return values

    def angle(self, low: float, high: float) -> float:
        """See RandomStream.angle."""
        return float(self._generator.uniform(low, high))

    def uniform(self, low: float, high: float, shape: tuple[int, int]) -> NDArray[np.float32]:
        """See RandomStream.uniform."""
        from robustbench_seg.corruption import kernels

        out = np.empty(shape, np.float32)
        flat, key = out.reshape(-1), self._key
        self._in_pieces(
            out.size, lambda first, piece: kernels.draw_uniform(key, first, low, high, flat[piece])
        )
        return out

    def integer(self, high: int) -> int:
        """See RandomStream.integer."""
        return int(self._generator.integers(high))

    def neighbours(self, distance: int, count: int) -> NDArray[np.integer]:
        """See RandomStream.neighbours."""
        from robustbench_seg.corruption import kernels

        choices = (2 * distance) ** 2
        out = np.empty(count, np.min_scalar_type(choices - 1))
        key = self._key
        self._in_pieces(
            count, lambda first, piece: kernels.draw_choices(key, first, choices, out[piece])
        )
        return out

    def levels(self, image: Image, noise: NoiseModel) -> Image:
        """See RandomStream.levels."""
        from robustbench_seg.corruption import kernels

        out, key, table = np.empty_like(image), self._key, _alias_table(noise)
        levels, flat = image.reshape(-1), out.reshape(-1)
        self._in_pieces(
            image.size,
            lambda first, piece: kernels.draw_levels(levels[piece], key, first, table, flat[piece]),
        )
        return out

    def _standard_normal(self, count: int) -> NDArray[np.float32]:
        """Draw as NumPy's `standard_normal` does in single precision, from the same generator.

        A word of 64 bits gives two of 32, the lower one first; NumPy keeps an unused half.
        """
        from robustbench_seg.corruption.kernels.normals import draw_normal

        source = self._generator.bit_generator
        out, made = np.empty(count, np.float32), 0
        kept = source.state["has_uint32"]
        rest = np.full(kept, source.state["uinteger"], np.uint32)
        while made < count:
            start = source.state
            words = source.random_raw(min(count - made, _CHUNK) // 2 + 8)
            bits = np.concatenate([rest, words.astype("<u8", copy=False).view("<u4")])
            used, more = draw_normal(bits, out[made:])
            rest, made = bits[used:], made + more
        if count:
            source.state = start
            source.random_raw(len(words) - len(rest) // 2, output=False)
            half = {"has_uint32": len(rest) % 2, "uinteger": int(rest[0]) if len(rest) % 2 else 0}
            source.state = {**source.state, **half}
        return out

    def _in_pieces(self, words: int, draw: Callable[[int, slice], None]) -> None:
        """Draw words in pieces: `draw` gets the counter of the first word of each, and its place.

        A counter gives four words, so each piece can be drawn independently.
        """
        first = self._counter
        self._counter += -(-words // 4)

        def draw_rows(rows: slice) -> None:
            piece = slice(rows.start * _PIECE, min(rows.stop * _PIECE, words))
            draw(first + piece.start // 4, piece)

        by_rows(draw_rows, -(-words // _PIECE))


@lru_cache(maxsize=32)
def _alias_table(noise: NoiseModel) -> NDArray[np.uint32]:
    """The tables of 256 distributions over 256 levels: kernels.alias_table."""
    from robustbench_seg.corruption import kernels

    below = noise.distribution()
    below[:, 255] = 1
    return kernels.alias_table(np.diff(below, axis=1, prepend=0))


class ReferenceStream(RandomStream):
    """The draws of the imagecorruptions package after `np.random.seed(seed)`.

    In that package, random_noise (salt and pepper) ignores the seed, because scikit-image creates a
    new generator. This class gives that generator the same seed.

    With an image id, the seed is the first four bytes (big-endian) of
    sha256("id|corruption|severity|seed"): every image gets its own draws.
    """

    version = 1
    real = np.float64

    def __init__(self, image_id: str | None, corruption: str, severity: int, seed: int) -> None:
        if image_id is not None:
            key = f"{image_id}|{corruption}|{severity}|{seed}"
            seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")
        self._legacy = np.random.RandomState(seed)
        self._generator = np.random.default_rng(seed)

    def normal(
        self, mean: float, scale: float, shape: tuple[int, int], window: Window | None = None
    ) -> NDArray[np.float64]:
        """See RandomStream.normal."""
        values = np.asarray(self._legacy.normal(mean, scale, shape))
        return values if window is None else values[window]

    def angle(self, low: float, high: float) -> float:
        """See RandomStream.angle."""
        return float(self._legacy.uniform(low, high))

    def uniform(self, low: float, high: float, shape: tuple[int, int]) -> NDArray[np.float64]:
        """See RandomStream.uniform."""
        return np.asarray(self._legacy.uniform(low, high, shape))

    def integer(self, high: int) -> int:
        """See RandomStream.integer."""
        return int(self._legacy.randint(high))

    def neighbours(self, distance: int, count: int) -> NDArray[np.integer]:
        """See RandomStream.neighbours."""
        right, down = self._legacy.randint(-distance, distance, (count, 2)).T + distance
        return np.asarray(down * (2 * distance) + right)

    def levels(self, image: Image, noise: NoiseModel) -> Image:
        """See RandomStream.levels."""
        return noise.arithmetic(image, self._legacy, self._generator)


STREAMS: Mapping[str, type[RandomStream]] = {"fast": FastStream, "reference": ReferenceStream}
