"""Opens a split of a published dataset from the paths of its files."""

from collections.abc import Sequence
from pathlib import Path

from robustbench_seg.datasets.classes.facts import DatasetFacts
from robustbench_seg.datasets.image_files.root_folder import Provenance, checked_root, find_images
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.label_forms import LabelForm
from robustbench_seg.datasets.splits.pairing import labelled_or_withheld


def open_split(
    facts: DatasetFacts,
    root: Path | None,
    split: str,
    images: Sequence[str],
    forms: Sequence[LabelForm],
    provenance: Provenance,
    *,
    withheld: bool = False,
    name: str | None = None,
) -> FileDataset:
    """Open a split whose images are found by globs and whose labels are named after the images.

    Args:
        facts: Classes, colours and clip.
        root: The dataset's root folder, or None if the user gave none.
        split: Name of the split.
        images: Globs of the images, relative to the root.
        forms: The forms of labels that the dataset may have.
        provenance: The dataset, for errors.
        withheld: Whether a server may withhold the labels of the split.
        name: The dataset's name. None: that of the facts.

    Returns:
        The split.

    Raises:
        DatasetError: The folder or its files are missing, or an image has no labels.
    """
    root = checked_root(root, provenance)
    found = find_images(root, images, provenance)
    files = labelled_or_withheld(root, found, forms, provenance, withheld=withheld)
    return FileDataset(name or facts.name, split, facts, files)
