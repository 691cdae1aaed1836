"""The layout of a published dataset: where the files of a split are, and what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from robustbench_seg.datasets.classes.facts import DatasetFacts
from robustbench_seg.datasets.image_files.root_folder import Provenance, checked_root, find_images
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.label_forms import LabelForm
from robustbench_seg.datasets.splits.pairing import labelled_or_withheld


@dataclass(frozen=True)
class Layout:
    """The files of a split: globs find the images, and labels are named after their images.

    Attributes:
        facts: The classes of the dataset.
        provenance: The dataset, for errors.
        images: Globs of the images, relative to the root.
        forms: The forms of labels that the dataset may have.
        withheld: Whether a server may withhold the labels of the split.
    """

    facts: DatasetFacts
    provenance: Provenance
    images: Sequence[str]
    forms: Sequence[LabelForm]
    withheld: bool = False

    def open(self, root: Path | None, split: str, name: str | None = None) -> FileDataset:
        """Open the split.

        Args:
            root: The dataset's root folder, or None if the user gave none.
            split: Name of the split.
            name: The dataset's name. None: that of the facts.

        Returns:
            The split.

        Raises:
            DatasetError: The folder or its files are missing, or an image has no labels.
        """
        provenance, withheld = self.provenance, self.withheld
        root = checked_root(root, provenance)
        found = find_images(root, self.images, provenance)
        files = labelled_or_withheld(root, found, self.forms, provenance, withheld=withheld)
        return FileDataset(name or self.facts.name, split, self.facts, files)
