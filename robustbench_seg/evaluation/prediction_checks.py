"""Checks that predictions in files belong to the images that are scored, and do not change."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from robustbench_seg.corruption.image_arrays import digest_pixels
from robustbench_seg.datasets import file_digests, image_sizes
from robustbench_seg.errors import ModelError, ResultsError
from robustbench_seg.evaluation.evaluation import Evaluation
from robustbench_seg.evaluation.image_maker import ConditionImage
from robustbench_seg.evaluation.run_records import Tree, tree_differences
from robustbench_seg.measures import Prediction
from robustbench_seg.records.cards.prediction_manifest import FILE, confidence_file, labels_file
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.segmenter import Segmenter, StoredPredictions
from robustbench_seg.store import RunFolder
from robustbench_seg.text import counted
from robustbench_seg.trees.manifest import Digests, read_shard
from robustbench_seg.trees.record import other_source

_HEX = frozenset("0123456789abcdef")


class Predictions(Protocol):
    """The predictions of a run."""

    def predict(
        self, made: ConditionImage, predict: Callable[[Segmenter], Prediction]
    ) -> Prediction:
        """Predict one image.

        Args:
            made: The image.
            predict: Applies a segmenter to the image.

        Returns:
            The prediction. If it was read from files, its source holds their digests.

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
        self, made: ConditionImage, predict: Callable[[Segmenter], Prediction]
    ) -> Prediction:
        """Apply the segmenter to the image."""
        return predict(self._segmenter)

    def segmenter(self, image: str, condition: Condition) -> Segmenter:
        """Return the segmenter, which is the same for all images."""
        return self._segmenter


class FilePredictions:
    """Predictions that are read from files, which must belong to the images that are scored."""

    def __init__(
        self, stored: StoredPredictions, folder: RunFolder, described: Mapping[str, Digests]
    ) -> None:
        """Combine files of predictions with the facts to check them against.

        Args:
            stored: The predictions.
            folder: The run folder, which records the files that it has scored.
            described: Maps the path in the tree of each corrupted image that was labelled to its
                digests. Empty: images are not compared one by one.
        """
        self._stored, self._folder, self._described = stored, folder, described

    def predict(
        self, made: ConditionImage, predict: Callable[[Segmenter], Prediction]
    ) -> Prediction:
        """Read the prediction for the image, checked before and after."""
        image, condition = made.source.id, made.condition
        self._check_image(made)
        one = self._stored.of(image, condition)
        prediction = predict(one)
        _check_source(self._folder, image, condition, one.source)
        return replace(prediction, source=one.source)

    def segmenter(self, image: str, condition: Condition) -> Segmenter:
        """Return the stored prediction for an image under a condition."""
        return self._stored.of(image, condition)

    def _check_image(self, made: ConditionImage) -> None:
        if not self._described or made.condition == CLEAN or not isinstance(made.image, np.ndarray):
            return
        name = labels_file(made.source.id, made.condition)
        digests = self._described.get(name)
        if digests is None or digest_pixels(made.image) != digests.pixels:
            what = "is not in" if digests is None else "is another image than that in"
            raise ModelError(
                f"{name} {what} {self._stored.folder / str(self._stored.manifest.images)}: its "
                "prediction is not scored"
            )


def checked_predictions(
    evaluation: Evaluation, segmenter: Segmenter, folder: RunFolder, tree: Tree | None
) -> Predictions:
    """Return the predictions of a segmenter, after checking them if they are files.

    Args:
        evaluation: What is evaluated.
        segmenter: The predictions in files, or any other segmenter.
        folder: The run folder.
        tree: The tree that images are read from; None: they are made in memory.

    Raises:
        ResultsError: A file that the run has scored has changed, the predictions were made for
            other images than those of the evaluation, or there is no tree to compare them with.
        CorruptionError: The manifest that they name cannot be read.
        CardError: That manifest is wrong.
    """
    if not isinstance(segmenter, StoredPredictions):
        return ComputedPredictions(segmenter)
    check_unchanged(folder, segmenter)
    return FilePredictions(segmenter, folder, _described_images(evaluation, segmenter, tree))


def _described_images(
    evaluation: Evaluation, stored: StoredPredictions, tree: Tree | None
) -> Mapping[str, Digests]:
    """Map the path in the tree of each corrupted image that was labelled to its digests.

    The mapping is empty if images need not be compared one by one.
    """
    if stored.manifest.images is None:
        return {}
    images, where = stored.manifest.images, stored.folder / FILE
    if len(images) == 64 and _HEX.issuperset(images):
        _compare_digest(images, where, evaluation.spec.corrupted, tree)
        return {}
    path = stored.folder / images
    manifest = read_shard(path)
    if differing := tree_differences(evaluation, manifest):
        raise ResultsError(
            f"{stored.folder}: its predictions are of other images than those asked for, as "
            f"{path} says: {'; '.join(differing)}. Ask for the images that were labelled"
        )
    sizes = image_sizes(evaluation.dataset)
    if replaced := manifest.other_sources(sizes):
        raise ResultsError(other_source(path, replaced, manifest, sizes))
    return manifest.files


def _compare_digest(images: str, where: Path, folder: Path | None, tree: Tree | None) -> None:
    if tree is None or folder is None:
        raise ResultsError(
            f"{where} names its images by the digest of a tree; give the tree as corrupted images "
            '(--corrupted), or put its manifest.json beside and write images = "manifest.json"'
        )
    if tree.digest != images:
        raise ResultsError(
            f"{where} says that the images had the digest {images:.8}..., those in {folder} have "
            f"{tree.digest:.8}...: give the tree that was labelled, or label this one"
        )


def check_unchanged(folder: RunFolder, stored: StoredPredictions) -> None:
    """Check that the files of predictions that a run has scored are unchanged.

    Args:
        folder: The run folder.
        stored: The predictions.

    Raises:
        ResultsError: A file has changed.
    """
    expected = dict(_expected(folder))
    names = [name for name in expected if (stored.folder / name).is_file()]
    try:
        found = file_digests(stored.folder, names)
    except OSError as error:
        raise ResultsError(f"{error.filename} cannot be read: {error.strerror or error}") from error
    for name, digest in zip(names, found, strict=True):
        if expected[name] != {digest}:
            raise ResultsError(
                f"{stored.folder / name} is not the file that {folder.path} has scored: restore "
                f"it, or write another version into {FILE}, which makes a run of its own"
            )


def _expected(folder: RunFolder) -> Iterator[tuple[str, Collection[str]]]:
    """Yield the files that a run has scored, with their digests."""
    for (image, condition), sources in folder.sources.items():
        parts = [source.split() for source in sources]
        yield labels_file(image, condition), {part[0] for part in parts}
        if confidence := {part[1] for part in parts if len(part) > 1}:
            yield confidence_file(image, condition), confidence


def _check_source(folder: RunFolder, image: str, condition: Condition, source: str | None) -> None:
    """Check that the files just read are the ones that the run has already scored."""
    known, read = folder.sources.get((image, condition), ()), (source or "").split()
    pairs = [pair for earlier in known for pair in zip(read, earlier.split(), strict=False)]
    if any(one != other for one, other in pairs):
        raise ModelError(
            f"{labels_file(image, condition)} is not the file that {folder.path} has scored: "
            "evaluate again"
        )


def stray_files(evaluation: Evaluation, stored: StoredPredictions) -> str | None:
    """Describe the files of predictions that belong to no image, or return None.

    Args:
        evaluation: What is evaluated: a whole split.
        stored: The predictions.
    """
    data, conditions = evaluation.dataset, [CLEAN, *evaluation.protocol.conditions()]
    known = {
        file(image, condition)
        for image in data.ids
        for condition in conditions
        for file in (labels_file, confidence_file)
    }
    if not (stray := sorted(stored.files - known)):
        return None
    return (
        f"{stored.folder}: {counted([len(stray)], 'file')} of no image of {data.name} "
        f"{data.split} under {evaluation.protocol.name}, such as {stray[0]}; passed over"
    )
