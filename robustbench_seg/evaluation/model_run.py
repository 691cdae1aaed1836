"""One segmenter of a study with its folder: images in, rows out."""

import logging
import time
from collections import deque
from concurrent.futures import Executor, Future

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets import Dataset
from robustbench_seg.errors import ModelError, RobustsegError
from robustbench_seg.evaluation.images import Made, Source
from robustbench_seg.evaluation.pictures import keep_pictures
from robustbench_seg.evaluation.plan import BLOCK
from robustbench_seg.evaluation.predictions import PredictionFolder
from robustbench_seg.measures.confusion import confusion_matrix
from robustbench_seg.records.protocol import Condition
from robustbench_seg.results import Row, RunFolder, Timing
from robustbench_seg.segmenter import Segmenter

log = logging.getLogger(__name__)

AHEAD = 4
"""Predictions that may wait to be scored."""

FAILURES = 8
"""After so many images in a row that came to nothing, a segmenter is given up."""


class ModelRun:
    """Segments images, scores them beside the next one, and writes their rows block by block.

    scorer: a pool of one thread, which runs of one study may share
    """

    def __init__(
        self,
        segmenter: Segmenter,
        folder: RunFolder,
        saved: PredictionFolder | None,
        dataset: Dataset,
        scorer: Executor,
    ) -> None:
        self.folder = folder
        self._segmenter = segmenter
        self._saved = saved
        self._dataset = dataset
        self._scorer = scorer
        self._scoring: deque[Future[tuple[Row, Timing | None]]] = deque()
        self._rows: list[Row] = []
        self._timings: list[Timing] = []
        self._flushed = time.monotonic()
        self._failed: set[str] = set()
        self.left_out: dict[str, None] = {}
        """Why images were left out: each reason once, in order."""

    def lacks(self, source: Source, condition: Condition) -> bool:
        """Whether something of an image under a condition is not there yet."""
        if not self.folder.has(source.id, condition):
            return True
        return self._saved is not None and not self._saved.path(source.id, condition).exists()

    def take(self, made: Made) -> None:
        """Segment one image; its row comes with a later `flush`.

        An image on which the segmenter fails, whatever it raises, is left out with the reason.
        ModelError after FAILURES such images in a row: then it is not the image.
        """
        if made.image is None:
            self._leave_out(made, made.reason or "")
            return
        started = time.perf_counter()
        try:
            prediction = self._segmenter(made.image)
        except Exception as error:
            self._fail(made, error)
            return
        seconds = time.perf_counter() - started
        self._scoring.append(self._scorer.submit(self._score, made, prediction, seconds))
        if len(self._scoring) > AHEAD:
            self._collect()

    def flush(self, block: range, after: float = 0.0) -> None:
        """Write the waiting rows, if the last time was at least `after` seconds ago."""
        if time.monotonic() - self._flushed < after:
            return
        while self._scoring:
            self._collect()
        rows, timings, self._rows, self._timings = self._rows, self._timings, [], []
        self.folder.add(block.start // BLOCK, rows, timings)
        self._flushed = time.monotonic()

    def _score(
        self, made: Made, prediction: NDArray[np.uint8], seconds: float
    ) -> tuple[Row, Timing | None]:
        source, condition = made.source, made.condition
        labels = source.sample().labels
        try:
            matrix = confusion_matrix(labels, prediction, len(self._dataset.classes))
        except RobustsegError as error:
            return Row(source.id, condition, None, f"{source.id}: {error}"), None
        if source.index == 0 and made.image is not None:
            shown = (made.image, labels, prediction)
            keep_pictures(self.folder.path, condition, *shown, self._dataset.palette)
        if self._saved:
            self._saved.write(source.id, condition, prediction, self._dataset.palette)
        return Row(source.id, condition, matrix), Timing(
            source.id, condition, made.seconds, seconds
        )

    def _collect(self) -> None:
        row, timing = self._scoring.popleft().result()
        if not self.folder.has(row.image, row.condition):
            self._rows.append(row)
            self._timings.extend([timing] if timing else [])
        if row.reason is None:
            self._failed.clear()
        else:
            self.left_out[row.reason] = None
            self._count_failure(row.image, row.reason)

    def _leave_out(self, made: Made, reason: str) -> None:
        self.left_out[reason] = None
        if not self.folder.has(made.source.id, made.condition):
            self._rows.append(Row(made.source.id, made.condition, None, reason))

    def _fail(self, made: Made, error: Exception) -> None:
        kind = "" if isinstance(error, RobustsegError) else f"{type(error).__name__}: "
        why = (str(error).splitlines() or ["no reason given"])[0]
        reason = f"{made.source.id}: {self._segmenter.name} failed ({kind}{why})"
        log.debug("%s", reason, exc_info=error)
        self._leave_out(made, reason)
        self._count_failure(made.source.id, reason)

    def _count_failure(self, image: str, reason: str) -> None:
        self._failed.add(image)
        if len(self._failed) >= FAILURES:
            raise ModelError(
                f"{self._segmenter.name}: {FAILURES} images in a row came to nothing; the last is "
                f"{reason}"
            )
