"""Corruption degradation: what a model loses against what a reference model loses.

With D = 1 - mIoU, CD of a corruption is the sum of D over its scored severities, divided by the
same sum of the reference model. rCD takes D - D(clean) instead of D. Both are averaged over the
corruptions. Noise is scored at severities 1 to 3 (Kamann and Rother, CVPR 2020, arXiv 1908.05005).

A corruption's score is the mean of the mIoU over its scored severities, so the ratio of the scores'
losses is the ratio of these sums.
"""

import numpy as np

from robustbench_seg.measures import ScoreArray

DEGRADATION_SOURCE = "Kamann and Rother, CVPR 2020, arXiv 1908.05005"


def cd(scores: ScoreArray, reference: ScoreArray) -> ScoreArray:
    """CD in percent of mIoU `scores` in percent, arrays that broadcast; below 100 is better.

    nan where a score is, or the reference loses nothing.

    >>> cd(np.array([70.0, 40.0]), np.array([60.0, 100.0])).tolist()
    [75.0, nan]
    """
    return _ratio(100 - scores, 100 - reference)


def rcd(
    scores: ScoreArray, clean: ScoreArray, reference: ScoreArray, reference_clean: ScoreArray
) -> ScoreArray:
    """Relative CD in percent: as cd, of the loss since clean instead of that since 100.

    >>> rcd(np.array([70.0]), np.array([80.0]), np.array([55.0]), np.array([75.0])).tolist()
    [50.0]
    """
    return _ratio(clean - scores, reference_clean - reference)


def _ratio(lost: ScoreArray, reference: ScoreArray) -> ScoreArray:
    lost, reference = np.broadcast_arrays(lost, reference)
    ratio = np.full(lost.shape, np.nan)
    np.divide(100 * lost, reference, out=ratio, where=reference > 0)
    return ratio
