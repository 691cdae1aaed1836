"""Predictions made elsewhere: that they are of these images, and those that a run began with."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from robustbench_seg.corruption.image_arrays import digest_pixels
from robustbench_seg.datasets import file_digests, image_sizes
from robustbench_seg.errors import ModelError, ResultsError
from robustbench_seg.evaluation.evaluation import Evaluation
from robustbench_seg.evaluation.image_maker import ConditionImage
from robustbench_seg.evaluation.run_records import Tree, tree_differences
from robustbench_seg.records.cards.protocol import CLEAN, Condition
from robustbench_seg.records.runs.prediction_manifest import FILE, confidence_file, labels_file
from robustbench_seg.segmenter import Segmenter, StoredPredictions
from robustbench_seg.store import RunFolder
from robustbench_seg.text import counted
from robustbench_seg.trees.foreign import ForeignTree
from robustbench_seg.trees.manifest import Digests, read_shard
from robustbench_seg.trees.record import other_source
from robustbench_seg.trees.record_file import record_digest

_HEX = frozenset("0123456789abcdef")


def described_images(
    evaluation: Evaluation, segmenter: Segmenter, tree: Tree | None
) -> Mapping[str, Digests]:
    """Look up the corrupted images that predictions were made of.

    Args:
        evaluation: What is evaluated.
        segmenter: The predictions, or any other segmenter.
        tree: The tree that images are read from; None: they are made in memory.

    Returns:
        Path in the tree -> digests. Empty where nothing is to be compared image by image.

    Raises:
        ResultsError: They were made of other images than those that are asked for, or nothing is
            at hand to compare them with.
        CorruptionError: The manifest that they name cannot be read.
        CardError: It is wrong.
    """
    if not isinstance(segmenter, StoredPredictions) or segmenter.manifest.images is None:
        return {}
    images, where = segmenter.manifest.images, segmenter.folder / FILE
    if len(images) == 64 and _HEX.issuperset(images):
        _compare_digest(images, where, evaluation.spec.corrupted, tree)
        return {}
    path = segmenter.folder / images
    manifest = read_shard(path)
    if differing := tree_differences(evaluation, manifest):
        raise ResultsError(
            f"{segmenter.folder}: its predictions are of other images than those asked for, as "
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
    found = tree.digest if isinstance(tree, ForeignTree) else record_digest(tree)
    if found != images:
        raise ResultsError(
            f"{where} says that the images had the digest {images:.8}..., those in {folder} have "
            f"{found:.8}...: give the tree that was labelled, or label this one"
        )


def check_image(
    segmenter: Segmenter, described: Mapping[str, Digests], made: ConditionImage
) -> None:
    """Check that predictions were made of an image.

    Args:
        segmenter: The predictions.
        described: What `described_images` has returned.
        made: The image.

    Raises:
        ModelError: They were made of another one.
    """
    if not described or made.condition == CLEAN or made.image is None:
        return
    name = labels_file(made.source.id, made.condition)
    digests = described.get(name)
    if digests is None or digest_pixels(made.image) != digests.pixels:
        what = "is not in" if digests is None else "is another image than that in"
        assert isinstance(segmenter, StoredPredictions)
        raise ModelError(
            f"{name} {what} {segmenter.folder / str(segmenter.manifest.images)}: its prediction is "
            "not scored"
        )


def check_unchanged(folder: RunFolder, segmenter: Segmenter) -> None:
    """Check that the files of predictions are those that a run has scored already.

    Args:
        folder: The run folder.
        segmenter: The predictions, or any other segmenter.

    Raises:
        ResultsError: A file has changed.
    """
    if not isinstance(segmenter, StoredPredictions) or not folder.sources:
        return
    expected = dict(_expected(folder, segmenter))
    names = [name for name in expected if (segmenter.folder / name).is_file()]
    try:
        found = file_digests(segmenter.folder, names)
    except OSError as error:
        raise ResultsError(f"{error.filename} cannot be read: {error.strerror or error}") from error
    for name, digest in zip(names, found, strict=True):
        if expected[name] != {digest}:
            raise ResultsError(
                f"{segmenter.folder / name} is not the file that {folder.path} has scored: restore "
                f"it, or write another version into {FILE}, which makes a run of its own"
            )


def _expected(
    folder: RunFolder, segmenter: StoredPredictions
) -> Iterator[tuple[str, Collection[str]]]:
    """The files that a run has scored, with their digests."""
    for (image, condition), sources in folder.sources.items():
        parts = [source.split() for source in sources]
        yield labels_file(image, condition), {part[0] for part in parts}
        if confidence := {part[1] for part in parts if len(part) > 1}:
            yield confidence_file(image, condition), confidence


def check_source(folder: RunFolder, image: str, condition: Condition, source: str | None) -> None:
    """Check that files that were just read are those that a run has scored already.

    Args:
        folder: The run folder.
        image: Id of the image.
        condition: Its condition.
        source: Digests of the files.

    Raises:
        ModelError: They have changed since the evaluation began.
    """
    known, read = folder.sources.get((image, condition), ()), (source or "").split()
    pairs = [pair for earlier in known for pair in zip(read, earlier.split(), strict=False)]
    if any(one != other for one, other in pairs):
        raise ModelError(
            f"{labels_file(image, condition)} is not the file that {folder.path} has scored: "
            "evaluate again"
        )


def stray_files(evaluation: Evaluation, segmenter: StoredPredictions) -> str | None:
    """Say which files of predictions belong to no image; None where there are none.

    Args:
        evaluation: What is evaluated: a whole split.
        segmenter: The predictions.
    """
    data, conditions = evaluation.dataset, [CLEAN, *evaluation.protocol.conditions()]
    known = {
        file(image, condition)
        for image in data.ids
        for condition in conditions
        for file in (labels_file, confidence_file)
    }
    if not (stray := sorted(segmenter.files - known)):
        return None
    return (
        f"{segmenter.folder}: {counted([len(stray)], 'file')} of no image of {data.name} "
        f"{data.split} under {evaluation.protocol.name}, such as {stray[0]}; passed over"
    )
