"""The mIoU of each image, averaged over images.

The pooled mIoU weights an image by its pixels, and a rare class by the few images that contain it.
This score weights all images equally, as per-image leaderboards and many robustness papers do.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.measures.counts import Counts, ScoreArray, mean
from robustbench_seg.measures.iou import mean_iou
from robustbench_seg.measures.measure import AdditiveMeasure
from robustbench_seg.measures.prediction import Prediction
from robustbench_seg.measures.score_info import ScoreInfo


class ImageMeanIoU(AdditiveMeasure):
    """Mean over the images of the mIoU over the classes present in truth or prediction.

    An image without a scored pixel has no mIoU and is excluded.
    """

    name = "image_miou"
    column = "image_miou"
    law = 1
    infos = (
        ScoreInfo(
            "image_miou",
            "per-image mIoU",
            "Mean over the images of the mIoU of each image, in percent, over the classes that "
            "occur in its truth or prediction. All images have equal weight.",
        ),
    )

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return (2,): the image's mIoU, and 1."""
        return (2,)

    def observe(self, prepared: None, prediction: Prediction) -> NDArray[np.float64]:
        """Return float64: mIoU in percent and 1, or 0 and 0 if no pixel is scored."""
        miou = mean_iou(prediction.matrix)
        return np.array([0.0, 0.0] if np.isnan(miou) else [miou, 1.0])

    def compute(self, counts: Counts) -> Mapping[str, ScoreArray]:
        """Return the mean, sum over number, as "image_miou"."""
        total, number = np.moveaxis(counts, -1, 0)
        return {"image_miou": mean(total, number)}


IMAGE_MIOU = ImageMeanIoU()
