"""Predictions of another program in files, which an evaluation scores like those of a segmenter."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets import IGNORE, id_ranges, read_label_ids
from robustbench_seg.errors import DatasetError, ModelError
from robustbench_seg.files import digest_file
from robustbench_seg.measures import Confidence
from robustbench_seg.records.cards.prediction_manifest import (
    CONFIDENCE_SUFFIX,
    FILE,
    FULL,
    PredictionManifest,
    confidence_file,
    labels_file,
)
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.segmenter.float_image import AnyImage
from robustbench_seg.segmenter.labelling.confidence import Labelled
from robustbench_seg.segmenter.segmenter import Segmenter


class MissingPredictionError(ModelError):
    """An image has no prediction."""


class StoredPredictions:
    """Predictions for the images of a dataset, by image and condition.

    They are no segmenter, because pixels alone do not identify an image of the dataset. `of`
    returns a segmenter for one image under one condition.

    Attributes:
        folder: Their folder.
        manifest: Their description.
        name: Their name in every table.
        classes: The predicted classes, in the order of the label indices.
        record: Everything that decides a label, except the files, which are compared separately.
        about: Further facts for readers, not part of the key.
        why_no_gradient: Why they have no gradient.
    """

    why_no_gradient = "its predictions are files"

    def __init__(
        self,
        folder: Path,
        manifest: PredictionManifest,
        table: NDArray[np.uint8] | None,
        *,
        name: str,
        classes: tuple[str, ...],
        record: SegmenterRecord,
        about: ModelFacts,
    ) -> None:
        """List the files.

        Args:
            folder: The folder.
            manifest: Its description.
            table: Lookup table from an id in a file to a class index. Values above all class
                indices mean no class. None: ids are class indices.
            name: The name in every table.
            classes: Names of the predicted classes.
            record: As the attribute.
            about: As the attribute. The reason for missing confidence is added here.
        """
        self.folder, self.manifest = folder, manifest
        self.name, self.classes, self.record = name, classes, record
        if table is None:
            table = np.arange(len(classes), dtype=np.uint8)
        # The last entry is for all ids beyond the table.
        more = max(1, 256 - len(table))
        self._table = np.pad(table, (0, more), constant_values=IGNORE)
        has = any(name.endswith(CONFIDENCE_SUFFIX) for name in self.files)
        self.about = replace(about, no_confidence=None if has else "its folder has no confidence")

    @cached_property
    def files(self) -> frozenset[str]:
        """Paths of all PNG files in the folder when it was first listed, relative to it."""
        found = (path.relative_to(self.folder) for path in self.folder.rglob("*.png"))
        return frozenset(p.as_posix() for p in found if not p.name.startswith("."))

    @cached_property
    def _conditions(self) -> frozenset[str]:
        """Folders of the conditions with at least one file, such as "fog/3"."""
        return frozenset("/".join(name.split("/")[:2]) for name in self.files)

    def of(self, image: str, condition: Condition) -> "StoredPrediction":
        """Return the prediction for an image under a condition. Its files may not exist."""
        return StoredPrediction(self, image, condition)

    def __repr__(self) -> str:
        return f"<predictions {self.name}: {len(self.classes)} classes, {self.folder}>"

    def why_missing(self, image: str, condition: Condition) -> str:
        """Return a message that an image, or its whole condition, has no prediction."""
        if condition.folder not in self._conditions:
            return f"{self.folder} has no predictions for {condition.folder}"
        return f"{image}: {self.folder / labels_file(image, condition)} is missing"

    def read_labels(self, path: Path) -> NDArray[np.uint8]:
        """Read a file of ids as class indices, uint8 HxW.

        Raises:
            ModelError: It cannot be read, or an id in it is not a class.
        """
        try:
            ids = read_label_ids(path)
        except DatasetError as error:
            raise ModelError(str(error)) from None
        count, last = len(self.classes), len(self._table) - 1
        labels: NDArray[np.uint8]
        if ids.dtype == np.uint8:
            labels = cv2.LUT(ids, self._table[:256]).astype(np.uint8, copy=False)
        else:
            labels = self._table[np.where((ids < 0) | (ids > last), last, ids)]
        if labels.max() >= count:
            wrong, known = np.unique(ids[labels >= count]), np.flatnonzero(self._table < count)
            shown = ", ".join(map(str, wrong[:5])) + (" ..." if wrong.size > 5 else "")
            raise ModelError(
                f"{path}: no class has the id {shown}; {FILE} says that the file contains "
                f"{self.manifest.ids}, and those of the {count} classes are "
                f"{id_ranges(known.tolist())}"
            )
        return labels


class StoredPrediction:
    """The prediction for one image under one condition, as a segmenter of this image alone.

    Attributes:
        file_digests: sha256 of the label file that was read last. If its confidence file was read
            too, a space and the sha256 of that file follow. None: nothing was read yet.
    """

    def __init__(self, every: StoredPredictions, image: str, condition: Condition) -> None:
        self.name, self.classes = every.name, every.classes
        self.record, self.about = every.record, every.about
        self.file_digests: str | None = None
        self._every, self._image, self._condition = every, image, condition

    def __call__(self, image: AnyImage) -> NDArray[np.uint8]:
        """Read the labels.

        Args:
            image: The image, whose size the prediction must have.

        Returns:
            uint8 HxW class indices.

        Raises:
            MissingPredictionError: There is no such file.
            ModelError: It cannot be read, has another size, changes during the read, or has an id
                without a class.
        """
        path = self._every.folder / labels_file(self._image, self._condition)
        if not path.is_file():
            raise MissingPredictionError(self._every.why_missing(self._image, self._condition))
        before = digest_file(path)
        labels = self._every.read_labels(path)
        _check(path, labels, image, before)
        self.file_digests = before
        return labels

    def with_confidence(
        self, image: AnyImage, truth: NDArray[np.uint8], temperatures: Sequence[float]
    ) -> Labelled:
        """Read the labels and their confidence.

        Args:
            image: As for a call.
            truth: Unused, because there is no NLL or Brier score without logits.
            temperatures: Only 1 is possible.

        Returns:
            The labels and, if there is a file, one confidence.

        Raises:
            ModelError: As for a call; or the confidence is not a 16-bit grey PNG.
        """
        labels = self(image)
        path = self._every.folder / confidence_file(self._image, self._condition)
        if not path.is_file():
            return labels, ()
        before = digest_file(path)
        try:
            levels = read_label_ids(path)
        except DatasetError as error:
            raise ModelError(f"{error} (the confidence: expected a 16-bit grey PNG)") from None
        if levels.dtype.itemsize == 1 or levels.min() < 0 or levels.max() > FULL:
            raise ModelError(
                f"{path}: the confidence is not a 16-bit grey PNG; save {FULL} times the "
                "confidence as one"
            )
        _check(path, levels, image, before)
        self.file_digests = f"{self.file_digests} {before}"
        doubt = (FULL - levels.astype(np.float64)) / FULL
        return labels, (Confidence(doubt.astype(np.float32)),)


EvaluatedModel = Segmenter | StoredPredictions
"""A model that an evaluation can score."""


def _check(path: Path, read: NDArray[np.generic], image: AnyImage, before: str) -> None:
    """Check the size of what was read, and that the file did not change during the read."""
    if read.shape != image.shape[:2]:
        raise ModelError(
            f"{path} has {read.shape[1]}x{read.shape[0]} pixels, its image "
            f"{image.shape[1]}x{image.shape[0]}; save predictions at the size of the image"
        )
    if digest_file(path) != before:
        raise ModelError(f"{path} changed while it was read; evaluate again when it is complete")
