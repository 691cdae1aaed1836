"""The predictions of a run: computed by a segmenter, or read from files and checked."""

import typing
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from robustbench_seg.corruption.image_arrays import digest_pixels
from robustbench_seg.errors import ModelError
from robustbench_seg.evaluation.images.image_maker import ConditionImage
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.evaluation.predictions.prediction_checks import (
    check_file_digests,
    check_unchanged,
    described_images,
)
from robustbench_seg.measures import Prediction
from robustbench_seg.records.cards.prediction_manifest import labels_file
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.segmenter import EvaluatedModel, Segmenter, StoredPredictions
from robustbench_seg.store import RunFolder
from robustbench_seg.trees.manifests.manifest import Digests
from robustbench_seg.trees.tree import Tree


class Predictions(typing.Protocol):
    """The predictions of a run."""

    def predict(
        self, image: ConditionImage, predict: Callable[[Segmenter], Prediction]
    ) -> Prediction:
        """Predict one image.

        Args:
            image: The image.
            predict: Applies a segmenter to the image.

        Returns:
            The prediction. If it was read from files, it has their digests.

        Raises:
            ModelError: A file of predictions is missing, wrong, or belongs to another image.
        """
        ...

    def segmenter(self, image: str, condition: Condition) -> Segmenter:
        """Return the segmenter that labels an image, given its id, under a condition."""
        ...


class ComputedPredictions:
    """Predictions that a segmenter computes. They need no check."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter

    def predict(
        self, image: ConditionImage, predict: Callable[[Segmenter], Prediction]
    ) -> Prediction:
        """Apply the segmenter to the image."""
        return predict(self._segmenter)

    def segmenter(self, image: str, condition: Condition) -> Segmenter:
        """Return the segmenter, which is the same for all images."""
        return self._segmenter


class FilePredictions:
    """Predictions that are read from files, which must belong to the scored images."""

    def __init__(
        self, stored: StoredPredictions, folder: RunFolder, described: Mapping[str, Digests]
    ) -> None:
        """Combine prediction files with the facts for checking them.

        Args:
            stored: The predictions.
            folder: The run folder, which records the files that it has scored.
            described: Maps the path in the tree of each labelled corrupted image to its digests.
                Empty: images are not compared one by one.
        """
        self._stored, self._folder, self._described = stored, folder, described

    def predict(
        self, image: ConditionImage, predict: Callable[[Segmenter], Prediction]
    ) -> Prediction:
        """Read the prediction for the image, checked before and after."""
        self._check_image(image)
        stored = self._stored.of(image.original.id, image.condition)
        prediction = predict(stored)
        check_file_digests(self._folder, image.original.id, image.condition, stored.file_digests)
        return replace(prediction, file_digests=stored.file_digests)

    def segmenter(self, image: str, condition: Condition) -> Segmenter:
        """Return the stored prediction for an image under a condition."""
        return self._stored.of(image, condition)

    def _check_image(self, image: ConditionImage) -> None:
        if (
            not self._described
            or image.condition == CLEAN
            or not isinstance(image.pixels, np.ndarray)
        ):
            return
        name = labels_file(image.original.id, image.condition)
        digests = self._described.get(name)
        if digests is None or digest_pixels(image.pixels) != digests.pixels:
            what = "is not in" if digests is None else "differs from the image in"
            raise ModelError(
                f"{name} {what} {self._stored.folder / str(self._stored.manifest.images)}: its "
                "prediction is not scored"
            )


def open_predictions(
    evaluation: Evaluation, model: EvaluatedModel, folder: RunFolder, tree: Tree | None
) -> Predictions:
    """Return the predictions of a model, after checking them if they are files.

    Args:
        evaluation: The evaluation.
        model: A segmenter, or the predictions in files.
        folder: The run folder.
        tree: The tree with the images; None: they are created in memory.

    Raises:
        ResultsError: A file that the run has scored has changed, the predictions are for other
            images than those of the evaluation, or there is no tree to compare them with.
        TreeError: The manifest that they name cannot be read.
        CardError: That manifest is wrong.
    """
    if not isinstance(model, StoredPredictions):
        return ComputedPredictions(model)
    check_unchanged(folder, model)
    return FilePredictions(model, folder, described_images(evaluation, model, tree))
