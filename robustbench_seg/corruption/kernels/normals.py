"""Standard normal numbers in single precision from random bits: the ziggurat method.

Marsaglia & Tsang, "The ziggurat method for generating random variables", 2000, in the variant of
NumPy's `Generator.standard_normal`: the numbers are those of NumPy 2 for the same bits, at twice
its speed, and do not depend on the installed NumPy.
"""

import math

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption.kernels.arrays import Floats, Singles
from robustbench_seg.machine.compiled import compiled

_EDGE = 3.6541528853610088
"""Where the tail begins, for 256 layers of equal area."""


def _reaches() -> Floats:
    """The end of each layer: the base with its tail, then the others, narrowest first."""
    density = math.exp(-(_EDGE**2) / 2)
    area = _EDGE * density + math.sqrt(math.pi / 2) * math.erfc(_EDGE / math.sqrt(2))
    reach = [area / density, _EDGE]
    while len(reach) < 256:
        reach.append(math.sqrt(-2 * math.log(area / reach[-1] + density)))
        density = math.exp(-(reach[-1] ** 2) / 2)
    return np.array([reach[0], *reach[:0:-1]])


_REACH = _reaches()
_STEP = (_REACH / 2**23).astype(np.float32)
_DENSITY = np.exp(-(_REACH**2) / 2).astype(np.float32)
_DENSITY[0] = 1  # the top of the curve is the end of the narrowest layer
# A point of a layer is under the curve if it is closer to 0 than the end of the layer above. Above
# the base is the widest layer; above the narrowest there is none.
_INSIDE = np.rint(np.roll(_REACH, 1) / _REACH * 2**23).astype(np.uint32)
_INSIDE[1] = 0

_SPARE = np.float32(2.0**-24)


@compiled
def draw_normal(bits: NDArray[np.uint32], out: Singles) -> tuple[int, int]:
    """Fill `out` from words of 32 random bits, until it is full or the words are used up.

    Returns:
        The number of words used, and the number of normal numbers. Remaining words that are too few
        for a number are not used.
    """
    used, made = 0, 0
    while made < len(out) and used < len(bits):
        word = bits[used]
        layer, distance = word & np.uint32(255), np.uint32(word >> np.uint32(9))
        x = np.float32(np.int32(distance)) * _STEP[layer]
        out[made] = -x if word & np.uint32(256) else x
        if distance < _INSIDE[layer]:
            used += 1
            made += 1
        elif layer > 0:
            if used + 1 >= len(bits):
                break
            share = _uniform(bits[used + 1])
            height = (_DENSITY[layer - 1] - _DENSITY[layer]) * share + _DENSITY[layer]
            if np.float64(height) < math.exp(-0.5 * x * x):
                made += 1
            used += 2
        else:
            words, beyond = _tail(bits[used + 1 :])
            if words == 0:
                break
            out[made] = -beyond if word & np.uint32(1 << 17) else beyond
            used += 1 + words
            made += 1
    return used, made


@compiled
def _tail(bits: NDArray[np.uint32]) -> tuple[int, np.float32]:
    """Draw a number in the tail; return the words it needs (0: too few) and the number."""
    edge = np.float32(_EDGE)
    for i in range(0, len(bits) - 1, 2):
        beyond = -np.float32(1 / _EDGE) * np.log1p(-_uniform(bits[i]))
        height = -np.log1p(-_uniform(bits[i + 1]))
        if height + height > beyond * beyond:
            return i + 2, edge + beyond
    return 0, edge


@compiled
def _uniform(word: np.uint32) -> np.float32:
    return np.float32(np.int32(word >> np.uint32(8))) * _SPARE
