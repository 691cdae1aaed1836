"""Checks that files of predictions belong to the scored images and do not change."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from robustbench_seg.datasets import file_digests, image_sizes
from robustbench_seg.errors import ModelError, ResultsError
from robustbench_seg.evaluation.inputs.corrupted_tree import tree_differences
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.records.cards.prediction_manifest import FILE, confidence_file, labels_file
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.segmenter import StoredPredictions
from robustbench_seg.store import RunFolder
from robustbench_seg.text import counted
from robustbench_seg.trees.manifests.manifest import Digests, read_manifest_file
from robustbench_seg.trees.manifests.other_tree import other_source
from robustbench_seg.trees.tree import Tree

_HEX = frozenset("0123456789abcdef")


def described_images(
    evaluation: Evaluation, stored: StoredPredictions, tree: Tree | None
) -> Mapping[str, Digests]:
    """Map the path in the tree of each labelled corrupted image to its digests.

    The mapping is empty if images need not be compared one by one.
    """
    if stored.manifest.images is None:
        return {}
    images, where = stored.manifest.images, stored.folder / FILE
    if len(images) == 64 and _HEX.issuperset(images):
        _compare_digest(images, where, tree)
        return {}
    path = stored.folder / images
    manifest = read_manifest_file(path)
    if differing := tree_differences(evaluation, manifest.record):
        raise ResultsError(
            f"{stored.folder}: its predictions are for other images than requested, according to "
            f"{path}: {'; '.join(differing)}. Request the images that were labelled"
        )
    sizes = image_sizes(evaluation.dataset)
    if replaced := manifest.record.other_sources(sizes):
        recorded = manifest.record.source_sizes
        raise ResultsError(other_source(path, replaced, then=recorded, now=sizes))
    return manifest.files


def _compare_digest(images: str, where: Path, tree: Tree | None) -> None:
    if tree is None:
        raise ResultsError(
            f"{where} names its images by the digest of a tree; give the tree as corrupted, or "
            'copy its manifest.json into the folder and write images = "manifest.json"'
        )
    if tree.digest != images:
        raise ResultsError(
            f"{where} says that the images have the digest {images:.8}..., but those in "
            f"{tree.folder} have {tree.digest:.8}...; give the tree that was labelled, or label "
            "this one"
        )


def check_unchanged(folder: RunFolder, stored: StoredPredictions) -> None:
    """Check that the prediction files that a run has scored are unchanged.

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
                f"{stored.folder / name} is not the file that was scored in {folder.path}; "
                f"restore it, or write another version into {FILE}, which starts a separate run"
            )


def _expected(folder: RunFolder) -> Iterator[tuple[str, Collection[str]]]:
    """Yield the files that a run has scored, with their digests."""
    for (image, condition), known in folder.file_digests.items():
        parts = [digests.split() for digests in known]
        yield labels_file(image, condition), {part[0] for part in parts}
        if confidence := {part[1] for part in parts if len(part) > 1}:
            yield confidence_file(image, condition), confidence


def check_file_digests(
    folder: RunFolder, image: str, condition: Condition, digests: str | None
) -> None:
    """Check that the files just read are the ones that the run has already scored."""
    known, read = folder.file_digests.get((image, condition), ()), (digests or "").split()
    pairs = [pair for earlier in known for pair in zip(read, earlier.split(), strict=False)]
    if any(one != other for one, other in pairs):
        raise ModelError(
            f"{labels_file(image, condition)} is not the file that was scored in {folder.path}; "
            "evaluate again"
        )


def stray_files(evaluation: Evaluation, stored: StoredPredictions) -> str | None:
    """Describe the files of predictions that belong to no image, or return None.

    Args:
        evaluation: The evaluation of a whole split.
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
        f"{stored.folder}: {counted(len(stray), 'file')} ignored, because they belong to no image "
        f"of {data.name} {data.split} under {evaluation.protocol.name}, such as {stray[0]}"
    )
