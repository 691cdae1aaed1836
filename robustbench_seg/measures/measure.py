"""The interface of a measure: counts of each image, their sum, and the scores of the sum."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.measures.pixel_counts import confusion_matrix

Counts = NDArray[np.int64] | NDArray[np.float64] | NDArray[np.float32]
"""Counts of a measure; leading axes are images or draws."""

ScoreArray = NDArray[np.float64]
"""One score, of one or many conditions or draws: float64 of any shape."""


Section = Literal["ranking", "failures", "confidence"]
"""A section of a page: the ranking, where a model fails, or whether it knows when it is wrong."""


@dataclass(frozen=True)
class ScoreInfo:
    """Describes a score of a measure.

    Attributes:
        name: Its value of the column `metric` of tables.
        label: Its name on pages, such as "mIoU".
        definition: One or two sentences for readers, with its range and unit.
        higher_is_better: Its direction. Only such a score has a retention.
        limits: Its smallest and largest possible value; percent by default.
        group: Its group of classes, if the score exists once for each group of a dataset.
        section: The section of a page that shows it. The ranking has a column for its mean.
        chief: Its place, from 1, among the chief scores of its section, which are shown first;
            None if the page shows it only among all scores. Where several groups have the score,
            that of the first group is chief. The ranking ignores it.
    """

    name: str
    label: str
    definition: str
    higher_is_better: bool = True
    limits: tuple[float, float] = (0.0, 100.0)
    group: str | None = None
    section: Section = "ranking"
    chief: int | None = None

    @property
    def key(self) -> str:
        """Its name and group, unique among the scores of a run."""
        return self.name if self.group is None else f"{self.name} {self.group}"


@dataclass(frozen=True, eq=False)
class Truth:
    """The annotation of one image.

    Attributes:
        labels: uint8 HxW class indices; 255 where a pixel is not scored.
        read_instances: Returns int32 HxW, the instance number of each pixel, 0 for pixels without
            an instance; or None if the dataset has no instances.
    """

    labels: NDArray[np.uint8]
    read_instances: Callable[[], NDArray[np.int32] | None] = lambda: None


@dataclass(frozen=True, eq=False)
class Confidence:
    """How confident a segmenter is in the labels of one image, at one temperature.

    Attributes:
        doubt: float32 HxW, 1 - p without cancellation; p is the confidence in a label, the largest
            softmax probability.
        nll: Sum of -log of the probability of the true class over the scored pixels, in nats; None
            if only the confidence is known.
        brier: Sum over the scored pixels of the squared distance, 0..2, between the probabilities
            and the truth (1 for its class, 0 for the others); None likewise.
    """

    doubt: NDArray[np.float32]
    nll: float | None = None
    brier: float | None = None


@dataclass(frozen=True, eq=False)
class Prediction:
    """The labels that a segmenter predicts for one image, with the truth.

    Attributes:
        labels: uint8 HxW class indices; with `no_class`, 255 where no class is predicted. Such a
            pixel is a miss of its true class and a false positive of none.
        truth: uint8 HxW class indices; 255 where a pixel is not scored.
        classes: Number of classes K.
        confidence: The confidence in the labels; None if it is not requested or not available.
        scaled: The same at the requested temperature; None likewise.
        source: Digests of the files that it was read from; None if it was computed.
        no_class: Whether pixels may be predicted as no class.
    """

    labels: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    classes: int
    confidence: Confidence | None = None
    scaled: Confidence | None = None
    source: str | None = field(default=None, kw_only=True)
    no_class: bool = field(default=False, kw_only=True)

    @cached_property
    def matrix(self) -> NDArray[np.int64]:
        """The confusion matrix, rows the truth; several measures use it.

        It is int64 KxK, or Kx(K+1) with `no_class`.

        Raises:
            DatasetError: A label is not a class.
            ModelError: A prediction is not a class.
        """
        return confusion_matrix(self.truth, self.labels, self.classes, no_class=self.no_class)


class ScoreSource(Protocol):
    """Scores of the observations of a measure: its own, or derived ones."""

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
            stack: NxC...: the pooled counts of each image.
            times: DxN: how often each image counts in each draw; once in the first draw.

        Returns:
            For the key of each info float64 (D,); nan where there is nothing to score.
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
            For each key of a score float64 (...); nan where there is nothing to score.
        """

    def draws(self, stack: Counts, times: NDArray[np.float64]) -> Mapping[str, ScoreArray]:
        """Score images in every draw; see ScoreSource."""
        # One matrix product for all draws. It is as exact as the counts: float64 counts stay far
        # below 2^53. The sum over the split itself is always exact.
        flat = stack.reshape(len(stack), -1)
        if flat.dtype == np.float32:
            pooled = (times.astype(np.float32) @ flat).astype(np.float64)
            pooled[0] = flat.sum(0, dtype=np.float64)
        else:
            pooled = times @ flat.astype(np.float64)
        return self.compute(pooled.reshape(-1, *stack.shape[1:]))


ConfidenceNeed = Literal["raw", "scaled"]
"""Which confidence of a prediction a measure reads: the raw one, or the one at a temperature."""


class Measure(ScoreSource, Protocol):
    """A quantity that is counted for each image and condition.

    To add one, write an AdditiveMeasure in a file like image_miou.py and add it to MEASURES. Parts
    of runs, resuming, intervals, comparisons, tables and the page take it from there. Models are
    ranked and compared by the mIoU, so a report also needs the measure `confusion`. Its name is
    also used on the command line.
    """

    @property
    def law(self) -> int:
        """A number that is raised whenever counts change. Counts of another law are ignored."""
        ...

    @property
    def needs_confidence(self) -> ConfidenceNeed | None:
        """Which confidence of a prediction it needs; None: the labels suffice."""
        ...

    @property
    def byte_stream_split(self) -> bool:
        """Whether its Parquet column has this encoding, which suits counts that hardly repeat."""
        ...

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return the shape of the observation of one image.

        Args:
            classes: Number of classes K, 1..254.
        """
        ...

    def shape_with_no_class(self, classes: int) -> tuple[int, ...]:
        """Return that shape for runs whose pixels may be predicted as no class (see Prediction).

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
            prepared: What `prepare` returned for the image.
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
        """Return None: `observe` needs nothing but the prediction and its truth."""
        return None

    def pooled(self, observed: Counts) -> Counts:
        """Return the observations: their sums suffice for the scores."""
        return observed
