"""CRC-32C (Castagnoli), the checksum of TensorFlow's files, eight bytes at a time.

Python's zlib only has another polynomial. The tables are those of "slicing by 8" (Kounavis and
Berry, A Systematic Approach to Building High Performance Software-Based CRC Generators, 2005).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.machine.compiled import lazily_compiled

POLYNOMIAL = 0x82F63B78
"""Bits reversed, as in RFC 3720."""

MASK_DELTA = 0xA282EAD8


def _tables() -> NDArray[np.uint32]:
    tables = np.zeros((8, 256), np.uint32)
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
        tables[0, byte] = value
    for row in range(1, 8):
        before = tables[row - 1]
        tables[row] = before >> np.uint32(8) ^ tables[0][before & np.uint32(255)]
    return tables


TABLES = _tables()


def masked_crc32c(data: NDArray[np.uint8]) -> int:
    """Compute the checksum as TensorFlow and LevelDB store it: rotated, plus a constant.

    Args:
        data: Bytes, one axis.

    Returns:
        The masked CRC-32C, in 0..2^32-1.
    """
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF


def crc32c(data: NDArray[np.uint8]) -> int:
    """Compute the CRC-32C of bytes.

    Args:
        data: Bytes, one axis.

    Returns:
        The checksum, in 0..2^32-1.

    >>> hex(crc32c(np.frombuffer(b"123456789", np.uint8)))
    '0xe3069283'
    """
    return int(_crc32c(np.ascontiguousarray(data), TABLES))


@lazily_compiled
def _crc32c(data: NDArray[np.uint8], tables: NDArray[np.uint32]) -> Any:
    crc = np.uint32(0xFFFFFFFF)
    low = np.uint32(255)
    whole = data.size // 8 * 8
    for i in range(0, whole, 8):
        a = crc ^ (
            np.uint32(data[i])
            | np.uint32(data[i + 1]) << np.uint32(8)
            | np.uint32(data[i + 2]) << np.uint32(16)
            | np.uint32(data[i + 3]) << np.uint32(24)
        )
        crc = (
            tables[7, a & low]
            ^ tables[6, a >> np.uint32(8) & low]
            ^ tables[5, a >> np.uint32(16) & low]
            ^ tables[4, a >> np.uint32(24)]
            ^ tables[3, data[i + 4]]
            ^ tables[2, data[i + 5]]
            ^ tables[1, data[i + 6]]
            ^ tables[0, data[i + 7]]
        )
    for i in range(whole, data.size):
        crc = crc >> np.uint32(8) ^ tables[0, (crc ^ data[i]) & low]
    return crc ^ np.uint32(0xFFFFFFFF)
