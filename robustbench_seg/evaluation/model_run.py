"""One segmenter of an evaluation: it predicts the images that its run folder lacks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from robustbench_seg.datasets import IGNORE
from robustbench_seg.errors import FileError
from robustbench_seg.evaluation.images.attacker import Attacker
from robustbench_seg.evaluation.images.image_maker import ConditionImage, DatasetImage
from robustbench_seg.evaluation.images.outcomes import Outcomes
from robustbench_seg.evaluation.inputs.evaluation import BLOCK, Evaluation
from robustbench_seg.evaluation.outputs.prediction_folder import PredictionFolder
from robustbench_seg.evaluation.predictions.class_mapping import map_classes
from robustbench_seg.evaluation.predictions.predictions import Predictions
from robustbench_seg.evaluation.scoring_queue import ScoringQueue
from robustbench_seg.machine.signals import signals_held
from robustbench_seg.measures import Measure, Prediction
from robustbench_seg.records.runs.temperature_record import TemperatureRecord
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.segmenter import (
    ConfidentSegmenter,
    EvaluatedModel,
    MissingPredictionError,
    Segmenter,
)
from robustbench_seg.store import RunFolder


@dataclass(eq=False)
class ModelRun:
    """Segments images; each is scored while the next is segmented.

    Attributes:
        evaluation: The evaluation.
        segmenter: The segmenter.
        predictions: Its predictions, with the checks that files of predictions need.
        folder: The run folder for the rows.
        saved: The folder for predictions. None: they are not saved.
        temperature: The temperature of the scaled confidence. None: there is none.
        attacker: Computes the images of attacks.
        measures: The measures of each image.
        scoring: Scores the predictions and writes their rows.
        outcomes: The outcomes of the images.
    """

    evaluation: Evaluation
    segmenter: EvaluatedModel
    predictions: Predictions
    folder: RunFolder
    saved: PredictionFolder | None
    temperature: TemperatureRecord | None
    attacker: Attacker
    measures: tuple[Measure, ...]
    scoring: ScoringQueue
    outcomes: Outcomes
    _flushed: float = field(default_factory=time.monotonic, init=False)

    def lacks(self, original: DatasetImage, condition: Condition) -> bool:
        """Whether results of an image under a condition are missing."""
        if self.outcomes.given_up:
            return False
        if self.folder.missing_measures(original.id, condition):
            return True
        if self.attacker.lacks(self.segmenter, original.id, condition):
            return True
        return self.saved is not None and not self.saved.holds(original.id, condition)

    def is_complete(self, images: Sequence[str], conditions: Sequence[Condition]) -> bool:
        """Whether all results of these images under these conditions exist."""
        return not any(
            self.folder.missing_measures(image, condition)
            for condition in conditions
            for image in images
        )

    def take(self, image: ConditionImage) -> None:
        """Segment one image; its row comes with a later `flush`.

        If the segmenter raises any exception, the image is left out with the reason.

        Raises:
            FileError: An attacked image cannot be written.
        """
        if image.pixels is None:
            self._leave_out(image, image.reason or "")
            return
        try:
            image = self.attacked(image)
            started = time.perf_counter()
            predict = partial(self._predict, image)
            prediction = self.predictions.predict(image, predict)
        except MissingPredictionError as error:
            self._leave_out(image, str(error))
            return
        except FileError:
            raise
        except Exception as error:
            self._fail(image, error)
            return
        observers = self._observers(image, prediction)
        if observers != self._missing_measures(image):
            reason = f"{image.original.id}: {self.segmenter.name} has no confidence file for it"
            self.outcomes.leave_out(image.original.id, image.condition, reason)
        if observers:
            self.scoring.add(image, prediction, observers, time.perf_counter() - started)

    def attacked(self, image: ConditionImage) -> ConditionImage:
        """Perturb an image if its condition is an attack. Raises ModelError if that fails."""
        return self.attacker.attacked(self.segmenter, image)

    def flush(self, block: range, after: float = 0.0) -> None:
        """Write the waiting rows, if the last time was at least `after` seconds ago."""
        if time.monotonic() - self._flushed < after:
            return
        with signals_held():
            self.scoring.write(block.start // BLOCK)
            self._flushed = time.monotonic()

    def _missing_measures(self, image: ConditionImage) -> tuple[Measure, ...]:
        # If only the prediction is to be saved, no measure is missing.
        return self.folder.missing_measures(image.original.id, image.condition) or self.measures

    def _predict(self, image: ConditionImage, segmenter: Segmenter) -> Prediction:
        """Predict the labels, with confidence if a missing measure or a saved file needs it."""
        pixels = image.pixels
        assert pixels is not None, "take leaves out images that could not be made"
        truth, classes = image.original.sample().labels, len(self.evaluation.dataset.classes)
        wanted = {m.needs_confidence for m in self._missing_measures(image) if m.needs_confidence}
        exported = self.saved is not None and self.saved.form.confidence
        class_map = self.evaluation.class_map
        if not (wanted or exported) or not isinstance(segmenter, ConfidentSegmenter):
            return map_classes(Prediction(segmenter(pixels), truth, classes), class_map)
        temperatures, fitted = [1.0], self.temperature
        if fitted and "scaled" in wanted:
            temperatures.append(fitted.of(image.original.index, len(self.evaluation.dataset)))
        # With a class map, the truth is not in the segmenter's classes, so the segmenter does not
        # get it.
        shown = np.full_like(truth, IGNORE) if class_map else truth
        labels, found = segmenter.with_confidence(pixels, shown, temperatures)
        return map_classes(Prediction(labels, truth, classes, *found), class_map)

    def _observers(self, image: ConditionImage, prediction: Prediction) -> tuple[Measure, ...]:
        """The missing measures that can be computed; a prediction in files may lack confidence."""
        return tuple(
            measure
            for measure in self._missing_measures(image)
            if prediction.confidence or not measure.needs_confidence
        )

    def _fail(self, image: ConditionImage, error: Exception) -> None:
        self.scoring.finish()  # earlier images must not count as successes after this failure
        original, condition = image.original, image.condition
        reason = self.outcomes.reason_of(original.id, error)
        self.scoring.add_reason(original.id, condition, reason)
        self.outcomes.fail(original.id, condition, reason)

    def _leave_out(self, image: ConditionImage, reason: str) -> None:
        """Note an image without a result, if the segmenter is not the cause."""
        self.outcomes.leave_out(image.original.id, image.condition, reason)
        self.scoring.add_reason(image.original.id, image.condition, reason)
