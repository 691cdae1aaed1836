"""A segmenter whose BatchNorms have the statistics of images of one condition."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_seg.errors import ModelError
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.segmenter.float_image import AnyImage
from robustbench_seg.segmenter.inference.batch_norm import (
    Statistics,
    batch_statistics,
    use_statistics,
)
from robustbench_seg.segmenter.inference.device_memory import memory_errors
from robustbench_seg.segmenter.labelling.confidence import Labelled
from robustbench_seg.segmenter.network_segmenter import NetworkSegmenter


class AdaptedSegmenter:
    """A NetworkSegmenter with other statistics of BatchNorm. It shares the network of the original.

    Attributes:
        statistics: The statistics.
    """

    def __init__(self, segmenter: NetworkSegmenter, statistics: Statistics) -> None:
        """Combine a segmenter with statistics.

        Args:
            segmenter: A segmenter that was loaded with adapt.
            statistics: Statistics of its network's BatchNorms, on any device.
        """
        self._segmenter = segmenter
        self.statistics = {
            name: (mean.to(segmenter.device), variance.to(segmenter.device))
            for name, (mean, variance) in statistics.items()
        }

    @property
    def name(self) -> str:
        """See Segmenter."""
        return self._segmenter.name

    @property
    def classes(self) -> tuple[str, ...]:
        """See Segmenter."""
        return self._segmenter.classes

    @property
    def record(self) -> SegmenterRecord:
        """See Segmenter."""
        return self._segmenter.record

    @property
    def about(self) -> ModelFacts:
        """See Segmenter."""
        return self._segmenter.about

    def __call__(self, image: AnyImage) -> NDArray[np.uint8]:
        """See NetworkSegmenter."""
        with use_statistics(self._segmenter.network, self.statistics):
            return self._segmenter(image)

    def with_confidence(
        self, image: AnyImage, truth: NDArray[np.uint8], temperatures: Sequence[float]
    ) -> Labelled:
        """See NetworkSegmenter."""
        with use_statistics(self._segmenter.network, self.statistics):
            return self._segmenter.with_confidence(image, truth, temperatures)


def adapt(segmenter: NetworkSegmenter, images: Sequence[AnyImage]) -> AdaptedSegmenter:
    """Adapt the statistics of a segmenter's BatchNorms to images.

    The network gets the images in the same form as for labelling: scaled, padded and cut into
    windows. With test-time augmentation, the statistics are those of the images themselves.

    Args:
        segmenter: A segmenter that was loaded with adapt.
        images: uint8 HxWx3 RGB each, at least one.

    Returns:
        The adapted segmenter.

    Raises:
        ModelError: The segmenter was loaded without adapt, the device has too little memory, or
            `batch_statistics` raises it.
    """
    adaptation = segmenter.record.adaptation
    if adaptation is None:
        raise ModelError(f"{segmenter.name} was loaded without adapt; load it with adapt bn")

    def inputs() -> Iterator[Tensor]:
        for image in images:
            yield from segmenter.network_inputs(image)

    height, width = images[0].shape[:2]
    try:
        with memory_errors(height, width, "another device"):
            found = batch_statistics(
                segmenter.network,
                segmenter.forward,
                inputs,
                images=len(images),
                prior=adaptation.prior,
            )
    except ModelError as error:
        raise ModelError(f"{segmenter.name}: {error}") from error
    return AdaptedSegmenter(segmenter, found)
