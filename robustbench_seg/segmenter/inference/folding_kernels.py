"""The loop over pixels behind `folding`, compiled by Numba at its first call."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.machine.compiled import compiled
from robustbench_seg.segmenter.labelling.interpolation import Taps


@partial(compiled, contract=True)
def add_upsampled(
    coarse: NDArray[np.float32],
    rows: Taps,
    columns: Taps,
    total: NDArray[np.float32],
) -> None:
    """Upsample a map and add it to rows of a finer one, in channels-last layout.

    Args:
        coarse: float32 h x w x C.
        rows: Taps of the rows of `total` between coarse ones.
        columns: Taps of the columns of `total`.
        total: float32 rows x W x C, changed in place.
    """
    (row_index, row_weights), (column_index, column_weights) = rows, columns
    one, height, width = np.float32(1), len(coarse), np.uint32(coarse.shape[1] - 1)
    line = np.empty((coarse.shape[1], coarse.shape[2]), np.float32)
    for y in range(len(total)):
        above, weight = row_index[y], row_weights[y]
        upper, lower = coarse[above], coarse[min(above + 1, height - 1)]
        for x in range(len(line)):
            for k in range(coarse.shape[2]):
                line[x, k] = upper[x, k] * (one - weight) + lower[x, k] * weight
        for x in range(len(column_index)):
            left = column_index[x]
            right = min(np.uint32(left + np.uint32(1)), width)
            near, far, sums = line[left], line[right], total[y, x]
            weight = column_weights[x]
            for k in range(len(sums)):
                sums[k] += near[k] * (one - weight) + far[k] * weight
