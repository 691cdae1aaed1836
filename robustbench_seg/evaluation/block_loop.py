"""The loop over blocks of images. Each image is created once for all runs that lack it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from robustbench_seg.evaluation.images.image_maker import DatasetImage, ImageMaker
from robustbench_seg.evaluation.images.image_watch import UnchangedImages, UnusableImages
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.evaluation.model_run import ModelRun
from robustbench_seg.records.values.condition import Condition

FLUSH_SECONDS = 45.0
"""Maximum seconds of work in one part. A slower block is written in several parts, so that a kill
loses at most a minute of work.
"""

Wanted = tuple[DatasetImage, Condition]


class BlockLoop:
    """Passes blocks of images through all runs.

    Attributes:
        unchanged: Corrupted images that equal their clean image.
    """

    def __init__(
        self,
        evaluation: Evaluation,
        runs: Sequence[ModelRun],
        maker: ImageMaker,
        progressed: Callable[[], None],
    ) -> None:
        """Prepare the loop.

        Args:
            evaluation: The evaluation.
            runs: The runs of its segmenters.
            maker: Creates the images.
            progressed: Called after each image of a run. If it raises, the loop ends, and the rows
                are written.
        """
        self.unchanged = UnchangedImages()
        self._unusable = UnusableImages()
        self._evaluation, self._runs = evaluation, runs
        self._maker, self._progressed = maker, progressed

    def run(self, conditions: Sequence[Condition]) -> None:
        """Run all blocks under these conditions."""
        for block in self._evaluation.blocks:
            self._run_block(block, conditions)

    def _run_block(self, block: range, conditions: Sequence[Condition]) -> None:
        runs = self._runs
        with ExitStack() as at_end:
            for run in runs:
                at_end.callback(run.flush, block)  # flush every run, even if another one fails
            wanted = wanted_images(self._evaluation, block, conditions, runs)
            for item in self._maker.all(wanted):
                self.unchanged.take(item)
                self._unusable.take(item)
                for run in lacking(runs, item.original, item.condition):
                    run.take(item)
                    run.flush(block, after=FLUSH_SECONDS)
                    self._progressed()
        self._progressed()  # the last images are scored when they are written


def wanted_images(
    evaluation: Evaluation,
    block: range,
    conditions: Sequence[Condition],
    runs: Sequence[ModelRun],
) -> Iterator[Wanted]:
    """List the images of a block that at least one run lacks, in the order of computation."""
    for index in block:
        original = DatasetImage(evaluation.dataset, index, evaluation.class_map)
        for condition in conditions:
            if lacking(runs, original, condition):
                yield original, condition


def lacking(
    runs: Sequence[ModelRun], original: DatasetImage, condition: Condition
) -> list[ModelRun]:
    """List the runs that lack an image under a condition."""
    return [run for run in runs if run.lacks(original, condition)]
