"""The share of correct pixels. Papers on attacks report it with the mIoU, as aAcc."""

from collections.abc import Mapping

import numpy as np

from robustbench_seg.measures.confusion import CONFUSION
from robustbench_seg.measures.counts import Counts, ScoreArray, percent
from robustbench_seg.measures.measure import AdditiveScores
from robustbench_seg.measures.score_info import ScoreInfo


class PixelAccuracy(AdditiveScores):
    """The share of correct pixels, from the sum of the confusion matrices."""

    name = "pixel_accuracy"
    column = CONFUSION.column
    infos = (
        ScoreInfo(
            "pixel_accuracy",
            "pixel accuracy",
            "Share of the pixels whose predicted class is correct, in percent, over all images, "
            "without unlabelled pixels.",
        ),
    )

    def pooled(self, observed: Counts) -> Counts:
        """Reduce confusion matrices ...xKxK or ...xKx(K+1) to ...x2: correct and all pixels."""
        hits = np.diagonal(observed, axis1=-2, axis2=-1).sum(-1)
        return np.stack([hits, observed.sum((-2, -1))], axis=-1)

    def compute(self, counts: Counts) -> Mapping[str, ScoreArray]:
        """Return the share as "pixel_accuracy"."""
        hits, pixels = np.moveaxis(counts, -1, 0)
        return {"pixel_accuracy": percent(hits, pixels)}


PIXEL_ACCURACY = PixelAccuracy()
