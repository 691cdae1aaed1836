"""The interface of a measure: counts of each image, their sum, and the scores of the sum."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.measures.counts import Counts, ScoreArray
from robustbench_seg.measures.prediction import Prediction, Truth
from robustbench_seg.measures.score_info import ScoreInfo


class Scorer(Protocol):
    """Computes scores from the observations of a measure: its own, or derived ones."""

    @property
    def name(self) -> str:
        """The name of its pooled counts."""
        ...

    @property
    def column(self) -> str:
        """The column of the observations in the parts of a run."""
        ...

    @property
    def infos(self) -> tuple[ScoreInfo, ...]:
        """Its scores."""
        ...

    def pooled(self, observed: Counts) -> Counts:
        """Reduce observations to counts that are additive over images and suffice for the scores.

        Args:
            observed: (..., *shape), of one image or several.

        Returns:
            (..., any shape).
        """
        ...

    def draws(self, stack: Counts, times: NDArray[np.float64]) -> Mapping[str, ScoreArray]:
        """Score images in every draw of a bootstrap.

        Args:
            stack: BxNxC...: the pooled counts of each image under each of B conditions.
            times: DxN: the number of times that each image is in each draw; 1 in the first draw.

        Returns:
            Maps the key of each info to float64 BxD; nan if there is nothing to score.
        """
        ...


class AdditiveScores(ABC):
    """Scores that follow from a sum of counts over the images. Most scores are of this kind."""

    @abstractmethod
    def compute(self, counts: Counts) -> Mapping[str, ScoreArray]:
        """Compute the scores of sums of pooled counts.

        Args:
            counts: (..., shape of pooled counts), one or several sums.

        Returns:
            Maps each key of a score to float64 (...); nan if there is nothing to score.
        """

    def draws(self, stack: Counts, times: NDArray[np.float64]) -> Mapping[str, ScoreArray]:
        """Score images in every draw; see Scorer."""
        # One matrix product for all draws and conditions. It is exact, because counts in float64
        # stay far below 2^53. The sum over the split is always exact.
        images = np.moveaxis(stack, 1, 0)
        flat = images.reshape(len(images), -1)
        if flat.dtype == np.float32:
            pooled = (times.astype(np.float32) @ flat).astype(np.float64)
            pooled[0] = flat.sum(0, dtype=np.float64)
        else:
            pooled = times @ flat.astype(np.float64)
        scores = self.compute(pooled.reshape(-1, *images.shape[1:]))
        return {key: values.T for key, values in scores.items()}


ConfidenceNeed = Literal["raw", "scaled"]
"""The confidence that a measure reads: the raw one, or the one at a temperature."""


class Measure(Scorer, Protocol):
    """A quantity that is counted for each image and condition.

    To add one, write an AdditiveMeasure in a file like image_miou.py and add it to MEASURES. Parts
    of runs, resuming, intervals, comparisons, tables and the page then include it. Models are
    ranked and compared by the mIoU, so a report also needs the measure `confusion`. Its name is
    also used on the command line.
    """

    @property
    def law(self) -> int:
        """A number that grows whenever counts change. Counts of another law are ignored."""
        ...

    @property
    def needs_confidence(self) -> ConfidenceNeed | None:
        """The confidence of a prediction that it needs; None: labels are enough."""
        ...

    @property
    def byte_stream_split(self) -> bool:
        """Whether its Parquet column has this encoding, which suits counts that rarely repeat."""
        ...

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return the shape of the observation of one image.

        Args:
            classes: Number of classes K, 1..254.
        """
        ...

    def shape_with_no_class(self, classes: int) -> tuple[int, ...]:
        """Return that shape for runs whose predictions may have no class (see Prediction).

        Args:
            classes: Number of classes K, 1..254.
        """
        ...

    def prepare(self, truth: Truth) -> Any:
        """Derive from an image's truth what `observe` needs, once for all conditions."""
        ...

    def observe(self, prepared: Any, prediction: Prediction) -> Counts:
        """Count one image under one condition.

        Args:
            prepared: The result of `prepare` for the image.
            prediction: Labels and truth.

        Returns:
            int64 or float64 of `shape`.
        """
        ...

    def compute(self, counts: Counts) -> Mapping[str, ScoreArray]:
        """Compute the scores of sums of pooled counts; see AdditiveScores."""
        ...


class AdditiveMeasure(AdditiveScores):
    """A measure whose scores are additive, with the defaults that most measures share.

    Attributes:
        needs_confidence: See Measure.
        byte_stream_split: See Measure.
    """

    needs_confidence: ConfidenceNeed | None = None
    byte_stream_split = False

    @abstractmethod
    def shape(self, classes: int) -> tuple[int, ...]:
        """Return the shape of the observation of one image; see Measure."""

    def shape_with_no_class(self, classes: int) -> tuple[int, ...]:
        """Return `shape`, because most measures count by true class or by predicted class."""
        return self.shape(classes)

    def prepare(self, truth: Truth) -> Any:
        """Return None: `observe` needs only the prediction and its truth."""
        return None

    def pooled(self, observed: Counts) -> Counts:
        """Return the observations: their sums are enough for the scores."""
        return observed
