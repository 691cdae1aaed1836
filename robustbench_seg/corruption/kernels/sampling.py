"""Random numbers from random bits: uniform, and from a distribution over levels."""

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption.kernels.arrays import Floats, Image, Singles
from robustbench_seg.corruption.kernels.philox import random_bits
from robustbench_seg.machine.compiled import compiled


@compiled
def alias_table(distributions: Floats) -> NDArray[np.uint32]:
    """Walker's alias table of each row of `distributions` (N x 256 probabilities), after Vose.

    An entry has a threshold of 24 bits and, in its lowest 8 bits, an alias: eight random bits
    choose an entry, and 24 decide between the index of the entry and its alias. Probabilities are
    exact to within 2^-32.
    """
    table = np.empty(distributions.shape, np.uint32)
    waiting = np.empty(256, np.int64)
    for row in range(len(distributions)):
        share = distributions[row] * 256
        # Indices with less than an equal share are at the front, the others at the back.
        poor, rich = 0, 256
        for i in range(256):
            if share[i] < 1:
                waiting[poor] = i
                poor += 1
            else:
                rich -= 1
                waiting[rich] = i
        while poor > 0 and rich < 256:
            poor -= 1
            little, much = waiting[poor], waiting[rich]
            threshold = min(int(share[little] * 2**24 + 0.5), 2**24 - 1)
            table[row, little] = (threshold << 8) | much
            share[much] -= 1 - share[little]
            if share[much] < 1:
                rich += 1
                waiting[poor] = much
                poor += 1
        for k in range(poor):
            table[row, waiting[k]] = (2**24 - 1) << 8 | waiting[k]
        for k in range(rich, 256):
            table[row, waiting[k]] = (2**24 - 1) << 8 | waiting[k]
    return table


_CHUNK = 4096


@compiled
def draw_levels(
    levels: Image, key: NDArray[np.uint32], first: int, table: NDArray[np.uint32], out: Image
) -> None:
    """Replace each of N levels by a draw from its row of an alias table.

    The bits are those of random_bits(key, first), one word for each level.
    """
    bits, entries = np.empty(_CHUNK, np.uint32), np.empty(_CHUNK, np.uint32)
    flat, row = table.reshape(-1), np.uint64(table.shape[1])
    for start in range(0, len(levels), _CHUNK):
        random_bits(key, first + start // 4, bits)
        chunk, result = levels[start : start + _CHUNK], out[start : start + _CHUNK]
        # The look-ups are in a separate loop, so that the next loop can be vectorised.
        for i in range(len(chunk)):
            entries[i] = flat[np.uint64(chunk[i]) * row + np.uint64(bits[i] & np.uint32(255))]
        for i in range(len(chunk)):
            draw, entry = bits[i], entries[i]
            own = np.uint32(draw >> np.uint32(8)) < np.uint32(entry >> np.uint32(8))
            result[i] = np.uint8(draw) if own else np.uint8(entry)


@compiled
def draw_choices(
    key: NDArray[np.uint32], first: int, count: int, out: NDArray[np.unsignedinteger]
) -> None:
    """Draw integers 0 to `count` - 1, which must fit into `out`, equally likely to within 2^-32.

    The bits are those of random_bits(key, first), one word for each number.
    """
    bits = np.empty(_CHUNK, np.uint32)
    for start in range(0, len(out), _CHUNK):
        random_bits(key, first + start // 4, bits)
        chunk = out[start : start + _CHUNK]
        for i in range(len(chunk)):
            chunk[i] = (np.uint64(bits[i]) * np.uint64(count)) >> np.uint64(32)


@compiled
def draw_uniform(
    key: NDArray[np.uint32], first: int, low: float, high: float, out: Singles
) -> None:
    """Draw numbers in [low, high), multiples of 2^-24 of the interval.

    The bits are those of random_bits(key, first), one word for each number.
    """
    bits = np.empty(_CHUNK, np.uint32)
    step, start_at = np.float32((high - low) * 2.0**-24), np.float32(low)
    for start in range(0, len(out), _CHUNK):
        random_bits(key, first + start // 4, bits)
        chunk = out[start : start + _CHUNK]
        for i in range(len(chunk)):
            chunk[i] = start_at + step * np.float32(np.int32(bits[i] >> 8))
