"""Philox4x32-10: random bits as a function of a key and a counter.

Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. NumPy's Philox is the 64-bit
variant; this one only needs 32 x 32-bit products, so it can be vectorised.
"""

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.machine.compiled import compiled

Words = NDArray[np.uint32]

_ROUNDS = 10
_FACTOR0, _FACTOR1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_STEP0, _STEP1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)
_HALF = np.uint64(32)


@compiled
def random_bits(key: Words, first: int, out: Words) -> None:
    """Fill `out`, of 4 N words, from the counters `first` to `first` + N - 1.

    `key` holds the two words of Philox's key and the upper two of its counter.
    """
    for i in range(len(out) // 4):
        k0, k1 = np.uint32(key[0]), np.uint32(key[1])
        x0, x1 = np.uint32(first + i), np.uint32((first + i) >> 32)
        x2, x3 = np.uint32(key[2]), np.uint32(key[3])
        for _ in range(_ROUNDS):
            p0, p1 = _FACTOR0 * np.uint64(x0), _FACTOR1 * np.uint64(x2)
            x0 = np.uint32(p1 >> _HALF) ^ x1 ^ k0
            x2 = np.uint32(p0 >> _HALF) ^ x3 ^ k1
            x1, x3 = np.uint32(p1), np.uint32(p0)
            k0, k1 = np.uint32(k0 + _STEP0), np.uint32(k1 + _STEP1)
        out[4 * i], out[4 * i + 1], out[4 * i + 2], out[4 * i + 3] = x0, x1, x2, x3
