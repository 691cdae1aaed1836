"""Adapts a network to each condition of an evaluation before scoring it under this condition.

The statistics of a condition come from a fixed set of evenly spaced images of the split, which are
created under the condition like the scored images. So they do not depend on the order of images, on
shards or on interruptions. They are computed on first use and kept in RUNS/statistics, so that
later starts, shards and machines use the same numbers.
"""

from collections.abc import Callable

from robustbench_seg.codec import to_table
from robustbench_seg.errors import DatasetError, RobustsegError
from robustbench_seg.evaluation.images.image_maker import ConditionImage, DatasetImage, ImageMaker
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.evaluation.predictions.adaptation_images import adaptation_images
from robustbench_seg.evaluation.predictions.statistics_file import read_statistics, write_statistics
from robustbench_seg.files import digest_json
from robustbench_seg.measures import Prediction
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.segmenter import AdaptedSegmenter, AnyImage, NetworkSegmenter, Segmenter, adapt


class AdaptedPredictions:
    """Predictions of a network that is adapted to the condition of each image."""

    def __init__(
        self,
        evaluation: Evaluation,
        segmenter: NetworkSegmenter,
        record: RunRecord,
        maker: ImageMaker,
    ) -> None:
        """Combine a segmenter with the images to which it is adapted.

        Args:
            evaluation: The evaluation.
            segmenter: A segmenter that was loaded with adapt.
            record: The record of its run.
            maker: Creates the images.
        """
        self._data, self._segmenter, self._maker = evaluation.dataset, segmenter, maker
        key = record.key  # a temperature does not change the statistics
        decides = [to_table(part) for part in (key.segmenter, key.dataset, key.corruption)]
        digest = digest_json(decides)[:16]
        self._folder = evaluation.spec.out / "statistics" / digest
        self._adapted = dict[Condition, AdaptedSegmenter | RobustsegError]()

    def predict(
        self, image: ConditionImage, predict: Callable[[Segmenter], Prediction]
    ) -> Prediction:
        """Apply the segmenter, adapted to the condition of the image."""
        return predict(self.segmenter(image.original.id, image.condition))

    def segmenter(self, image: str, condition: Condition) -> Segmenter:
        """Return the segmenter for a condition. It is adapted at the first call.

        Args:
            image: Not used: the segmenter is the same for all images of a condition.
            condition: The condition.

        Raises:
            RobustsegError: One of the images cannot be created, the network cannot be adapted, or
                the file with earlier statistics cannot be read. Every call raises it again.
        """
        if condition not in self._adapted:
            try:
                self._adapted[condition] = self._adapt(condition)
            except RobustsegError as error:
                self._adapted[condition] = error
        found = self._adapted[condition]
        if isinstance(found, RobustsegError):
            raise found
        return found

    def _adapt(self, condition: Condition) -> AdaptedSegmenter:
        path = self._folder / f"{condition.name}-{condition.severity}.safetensors"
        if not path.exists():
            places = adaptation_images(self._segmenter, self._data)
            images = [self._pixels(place, condition) for place in places]
            write_statistics(path, adapt(self._segmenter, images).statistics)
        return AdaptedSegmenter(self._segmenter, read_statistics(path, self._segmenter))

    def _pixels(self, index: int, condition: Condition) -> AnyImage:
        image = self._maker.make(DatasetImage(self._data, index), condition)
        if image.pixels is None:
            raise DatasetError(
                f"no BatchNorm statistics for {condition.name} {condition.severity}: {image.reason}"
            )
        return image.pixels
