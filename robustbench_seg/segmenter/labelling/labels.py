"""Computes the labels of an image directly from the logits of windows.

Upsampling, averaging where windows overlap, and argmax are one pass in strips of rows; the K x H x
W array of upsampled logits is never in memory. Bilinear interpolation is a weighted mean. So a
class with the largest logit at all four positions around a pixel also has the largest one at the
pixel; on the CPU only the other pixels are computed.
"""

import numpy as np
import torch
from torch import Tensor

from robustbench_seg.machine.row_threads import row_threads
from robustbench_seg.segmenter.labelling.upsampled_rows import strips
from robustbench_seg.segmenter.labelling.window_logits import WindowLogits


def label(windows: WindowLogits) -> Tensor:
    """Label an image: upsample logits bilinearly, average windows, and take the argmax.

    On the CPU the labels equal those of F.interpolate on contiguous logits, a sum in the order of
    the windows, and argmax, bit for bit. This holds for logits of more than 128 rows and columns
    together; below that torch rounds differently.

    Args:
        windows: The logits of at most 255 classes. Together the windows cover the image.

    Returns:
        uint8 HxW class indices on the device of the logits.
    """
    if windows.logits.device.type == "cpu":
        return _label_by_loops(windows)
    return label_by_strips(windows)


def _label_by_loops(windows: WindowLogits) -> Tensor:
    """Label with compiled loops over bands of rows, one for each of torch's threads."""
    from robustbench_seg.segmenter.labelling.label_kernels import (
        clear_winners,
        label_rows,
        mark_borders,
    )

    rows, columns = windows.taps()
    logits = windows.logits.contiguous().numpy()
    sure = np.empty((len(logits), *logits.shape[2:]), np.uint8)
    corners = np.array(windows.corners, np.int64)
    out = np.empty(windows.size, np.uint8)

    def find_winners(start: int, stop: int) -> None:
        for values, window_labels in zip(logits, sure, strict=True):
            clear_winners(values[:, start:stop], window_labels[start:stop])

    def label_band(start: int, stop: int) -> None:
        label_rows(logits, sure, corners, rows, columns, start, out[start:stop])

    with row_threads(torch.get_num_threads()) as run:
        run(find_winners, logits.shape[2])
        for window_labels in sure:
            mark_borders(window_labels)
        run(label_band, windows.size[0])
    return torch.from_numpy(out)


def label_by_strips(windows: WindowLogits) -> Tensor:
    """Label an image with torch on any device, some rows at a time.

    Sums round differently from those of the compiled loops.

    Args:
        windows: The logits.

    Returns:
        uint8 HxW class indices on the device of the logits.
    """
    out = torch.empty(windows.size, dtype=torch.uint8, device=windows.logits.device)
    for start, means in strips(windows):
        out[start : start + means.shape[1]] = means.argmax(0)
    return out
