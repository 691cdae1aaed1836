"""Predictions that wait to be scored, and the rows that wait to be written."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor, Future

from robustbench_seg.errors import RobustsegError
from robustbench_seg.evaluation.images.image_maker import ConditionImage
from robustbench_seg.evaluation.images.outcomes import Outcomes
from robustbench_seg.evaluation.outputs.pictures import Palette, keep_pictures
from robustbench_seg.evaluation.outputs.prediction_folder import PredictionFolder
from robustbench_seg.measures import Measure, Prediction
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.store import Row, RunFolder, Timing

AHEAD = 4
"""Maximum number of predictions that wait to be scored."""


class ScoringQueue:
    """Scores the predictions of a run in another thread, in order, and writes their rows."""

    def __init__(
        self,
        folder: RunFolder,
        saved: PredictionFolder | None,
        palette: Palette,
        pool: Executor,
        outcomes: Outcomes,
    ) -> None:
        """Begin without predictions.

        Args:
            folder: The run folder for the rows.
            saved: The folder for predictions. None: they are not saved.
            palette: An RGB colour, 0..255, for each class.
            pool: A pool of one thread, which the runs of one evaluation may share.
            outcomes: Gets the outcome of each prediction.
        """
        self._folder, self._saved, self._palette = folder, saved, palette
        self._pool, self._outcomes = pool, outcomes
        self._waiting = deque[Future[tuple[Row, Timing | None]]]()
        self._rows: list[Row] = []
        self._timings: list[Timing] = []

    def add(
        self,
        image: ConditionImage,
        prediction: Prediction,
        measures: Sequence[Measure],
        seconds: float,
    ) -> None:
        """Add a prediction. If too many wait, this blocks until the first one is scored.

        Args:
            image: The image.
            prediction: Its prediction.
            measures: The measures to compute.
            seconds: Time of the prediction.
        """
        scored = self._pool.submit(self._score, image, prediction, measures, seconds)
        self._waiting.append(scored)
        if len(self._waiting) > AHEAD:
            self._collect()

    def add_reason(self, image: str, condition: Condition, reason: str) -> None:
        """Add a row without values, with the reason, if the run folder lacks the image."""
        if self._folder.missing_measures(image, condition):
            self._rows.append(Row(image, condition, reason=reason))

    def finish(self) -> None:
        """Block until all predictions are scored."""
        while self._waiting:
            self._collect()

    def write(self, block: int) -> None:
        """Score all predictions, and write the rows as a part of a block."""
        self.finish()
        rows, timings, self._rows, self._timings = self._rows, self._timings, [], []
        self._folder.add(block, rows, timings)

    def _score(
        self,
        image: ConditionImage,
        prediction: Prediction,
        measures: Sequence[Measure],
        seconds: float,
    ) -> tuple[Row, Timing | None]:
        original, condition = image.original, image.condition
        try:
            values = {
                measure.name: measure.observe(original.prepared(measure), prediction)
                for measure in measures
            }
        except RobustsegError as error:
            return Row(original.id, condition, reason=f"{original.id}: {error}"), None
        if original.index == 0 and image.pixels is not None:
            shown = (image.pixels, prediction.truth, prediction.labels)
            keep_pictures(
                self._folder.path, condition, *shown, self._palette, is_attack=image.is_attack
            )
        if self._saved:
            self._saved.write(original.id, condition, prediction, self._palette)
        timing = Timing(original.id, condition, image.seconds, seconds)
        return Row(original.id, condition, values, file_digests=prediction.file_digests), timing

    def _collect(self) -> None:
        row, timing = self._waiting.popleft().result()
        if self._folder.missing_measures(row.image, row.condition):
            self._rows.append(row)
            self._timings.extend([timing] if timing else [])
        if row.reason is None:
            self._outcomes.succeed()
        else:
            self._outcomes.fail(row.image, row.condition, row.reason)
