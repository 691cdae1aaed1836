"""Computes labels with confidence directly from the logits of windows.

A pixel's confidence is the largest softmax probability of its logits, after upsampling and after
averaging where windows overlap. The K x H x W array of these logits is never in memory. If a
network gives scores of 0 or more instead of logits, as a mask classifier does, the probability is
the score divided by the sum over the classes. At a temperature T, the scores are first raised to
the power 1/T. The labels equal those of `labels.label`, bit for bit.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_seg.machine.row_threads import row_threads
from robustbench_seg.measures import Confidence
from robustbench_seg.segmenter.labelling.labels import label
from robustbench_seg.segmenter.labelling.upsampled_rows import STRIP, strips
from robustbench_seg.segmenter.labelling.window_logits import WindowLogits

Labelled = tuple[NDArray[np.uint8], tuple[Confidence, ...]]
"""Labels, uint8 HxW, and the confidence at each temperature."""


def label_with_confidence(
    windows: WindowLogits, truth: NDArray[np.uint8], temperatures: Sequence[float]
) -> Labelled:
    """Label an image, with the confidence of each label.

    Args:
        windows: The logits of at most 255 classes. Together the windows cover the image.
        truth: uint8 HxW class indices; those from K on are not scored.
        temperatures: Divisors of the logits before the softmax, above 0.

    Returns:
        The labels of `labels.label`, and the confidence at each temperature. On the CPU, the
        relative error of 1 - p is below 1e-5, compared with a softmax in float64.
    """
    if windows.output == "scores":
        return confidence_by_strips(windows, truth, temperatures, label(windows))
    if windows.logits.device.type == "cpu":
        return _confidence_by_loops(windows, truth, temperatures)
    return confidence_by_strips(windows, truth, temperatures)


def _confidence_by_loops(
    windows: WindowLogits, truth: NDArray[np.uint8], temperatures: Sequence[float]
) -> Labelled:
    """Label with compiled loops over bands of rows, one for each of torch's threads."""
    from robustbench_seg.segmenter.labelling.confidence_kernels import confident_rows

    rows, columns = windows.taps()
    logits, corners = windows.logits.contiguous().numpy(), np.array(windows.corners, np.int64)
    truth, wanted = np.ascontiguousarray(truth), np.array(temperatures, np.float64)
    out = np.empty(truth.shape, np.uint8)
    doubt = np.empty((len(wanted), *truth.shape), np.float32)
    sums = np.empty((len(wanted), len(truth), 2))  # per row, so that threads do not change the sums

    def label_band(start: int, stop: int) -> None:
        here = slice(start, stop)
        taken = (truth[here], out[here], doubt[:, here], sums[:, here])
        confident_rows(logits, corners, rows, columns, wanted, start, *taken)

    with row_threads(torch.get_num_threads()) as run:
        run(label_band, len(truth))
    losses = sums.sum(1).tolist()
    return out, tuple(Confidence(d, *loss) for d, loss in zip(doubt, losses, strict=True))


def confidence_by_strips(
    windows: WindowLogits,
    truth: NDArray[np.uint8],
    temperatures: Sequence[float],
    labels: Tensor | None = None,
) -> Labelled:
    """Label an image with confidence, with torch on any device, STRIP rows at a time.

    Args:
        windows: The logits.
        truth: uint8 HxW class indices; those from K on are not scored.
        temperatures: Divisors of the logits before the softmax, above 0.
        labels: The labels, uint8 HxW, if the windows contain class scores.

    Returns:
        Labels and confidence.
    """
    strip = ConfidenceStrips(windows.size, temperatures, windows.logits.device)
    for start, means in strips(windows):
        if labels is None:
            strip.add(start, means, means.argmax(0), truth)
        else:
            chosen = labels[start : start + means.shape[1]].long()
            strip.add(start, logarithms(means), chosen, truth)
    return strip.labelled()


def label_map_with_confidence(
    logits: Tensor, truth: NDArray[np.uint8], temperatures: Sequence[float]
) -> Labelled:
    """Label an image whose logits are all in memory, with confidence.

    Args:
        logits: float32 KxHxW.
        truth: uint8 HxW class indices; those from K on are not scored.
        temperatures: Divisors of the logits.

    Returns:
        Labels and confidence.
    """
    strip = ConfidenceStrips((truth.shape[0], truth.shape[1]), temperatures, logits.device)
    for start in range(0, len(truth), STRIP):
        means = logits[:, start : start + STRIP]
        strip.add(start, means, means.argmax(0), truth)
    return strip.labelled()


def log_shares(scores: Tensor) -> Tensor:
    """Compute the logarithms of class scores, divided by their sum over the classes.

    Args:
        scores: float32 NxKxHxW, 0 or more.

    Returns:
        Logits, float32 NxKxHxW. Their softmax is the scores divided by their sum.
    """
    return logarithms(scores).log_softmax(1)


def logarithms(scores: Tensor) -> Tensor:
    """Return logits whose softmax equals the scores, 0 or more, divided by their sum."""
    return scores.clamp(min=torch.finfo(scores.dtype).tiny).log()


class ConfidenceStrips:
    """Labels and confidence of an image, collected strip by strip on the logits' device."""

    def __init__(
        self, size: tuple[int, int], temperatures: Sequence[float], device: torch.device
    ) -> None:
        self._temperatures = temperatures
        self._labels = torch.empty(size, dtype=torch.uint8, device=device)
        self._doubt = torch.empty((len(temperatures), *size), device=device)
        self._sums = torch.zeros((len(temperatures), 2), dtype=torch.float64, device=device)

    def add(self, start: int, means: Tensor, labels: Tensor, truth: NDArray[np.uint8]) -> None:
        """Add the rows from `start` on, float32 logits Kxhxw and labels hxw."""
        here = slice(start, start + means.shape[1])
        self._labels[here] = labels
        labels = labels[None]
        own = torch.from_numpy(truth[here].astype(np.int64)).to(means.device)
        scored = own < len(means)
        below = means.gather(0, labels) - means
        gaps = below.gather(0, torch.where(scored, own, 0)[None])[0]
        for place, temperature in enumerate(self._temperatures):
            powers = (-below / temperature).exp().scatter_(0, labels, 0)
            rest, gap = powers.sum(0), gaps / temperature
            self._doubt[place, here] = rest / (1 + rest)
            nll = rest.log1p() + gap
            brier = (1 + (powers * powers).sum(0)) / (1 + rest) ** 2
            brier += 1 - 2 * (-gap).exp() / (1 + rest)
            losses = torch.stack([nll[scored].double().sum(), brier[scored].double().sum()])
            self._sums[place] += losses

    def labelled(self) -> Labelled:
        """Return all rows."""
        doubts, sums = self._doubt.cpu().numpy(), self._sums.tolist()
        found = tuple(Confidence(d, *loss) for d, loss in zip(doubts, sums, strict=True))
        return self._labels.cpu().numpy(), found
