"""Class frequencies: the number of pixels of each class in the labels of a split, with its origin.

The attack `apgd_mce_bal` divides the loss of a pixel by the number of pixels of its class in the
training labels. Frequencies are stored in TOML files. The one for minicity is included.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from robustbench_seg import __version__
from robustbench_seg.codec import Range, parse_toml, read_toml, to_toml
from robustbench_seg.content import content_folder, toml_names
from robustbench_seg.datasets.classes.label_table import IGNORE
from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.datasets.splits.dataset import LabelledSamples, check_dataset
from robustbench_seg.datasets.splits.optional_files import read_labels
from robustbench_seg.errors import CardError, DatasetError, unknown
from robustbench_seg.files import atomic_file, check_own, checked_path
from robustbench_seg.machine.progress import progress_bar
from robustbench_seg.records.values.defaults import DATASET
from robustbench_seg.records.values.ranges import Positive

_REMARK = "Pixels of each class, counted by robustseg class-frequencies."
_FOLDER = content_folder("datasets") / "frequencies"
_WHAT = "file of class frequencies"


@dataclass(frozen=True)
class ClassFrequencies:
    """The number of pixels of each class in a split, with its origin.

    Attributes:
        dataset: Name of the dataset.
        split: Name of the split.
        images: Number of its images.
        version: Version of robustseg that counted.
        pixels: Maps class names to numbers of pixels, in the order of the class indices; 0 for a
            class that does not occur. Pixels without a class (255) are not counted.
        fingerprint: Facts that identify the version of the dataset's files.

    Raises:
        CardError: No class has a pixel.
    """

    dataset: str
    split: str
    images: Positive
    version: str
    pixels: Mapping[str, Annotated[int, Range(0)]]
    fingerprint: Mapping[str, object]

    def __post_init__(self) -> None:
        if not any(self.pixels.values()):
            raise CardError("pixels: no class has a pixel; count a split that has labels")

    def of(self, classes: Sequence[str]) -> tuple[int, ...]:
        """Return the number of pixels of each class, in the order of `classes`.

        Args:
            classes: Class names of a model.

        Raises:
            CardError: These are not the classes that were counted.
        """
        for name in classes:
            if name not in self.pixels:
                known = unknown("class", name, self.pixels)
                raise CardError(f"{self._origin} do not match those of the model: {known}")
        if more := [name for name in self.pixels if name not in classes]:
            raise CardError(
                f"{self._origin} do not match those of the model, which has no '{more[0]}'"
            )
        return tuple(self.pixels[name] for name in classes)

    def table(self) -> list[list[str]]:
        """Tabulate the pixels of each class and their share in percent, with a header."""
        total = sum(self.pixels.values())
        rows = [[name, str(n), f"{100 * n / total:.2f}"] for name, n in self.pixels.items()]
        return [["class", "pixels", "%"], *rows]

    @property
    def _origin(self) -> str:
        return f"the classes counted in {self.dataset} {self.split}"


def class_frequencies(
    dataset: str | Path | LabelledSamples = DATASET,
    data: Path | str | None = None,
    split: str = "train",
    out: Path | str | None = None,
    *,
    progress: bool = False,
) -> ClassFrequencies:
    """Count the pixels of each class in the labels of a split.

    Args:
        dataset: Name of a dataset, its TOML file, or an open dataset.
        data: Root folder of the dataset, as for open_dataset.
        split: Name of the split. Ignored for an open dataset.
        out: TOML file to write once all labels are counted. It replaces an earlier file of this
            function. None: no file.
        progress: Whether to show a progress bar on stderr.

    Returns:
        The number of pixels of each class, and the dataset and split they come from.

    Raises:
        DatasetError: The dataset is missing, a label cannot be read, or no pixel has a class.
        FileError: The file cannot be written, or another kind of file exists there.

    >>> frequencies = rs.class_frequencies("cityscapes", "city", split="val")
    >>> frequencies.images, frequencies.pixels["road"]
    (2, 61248)
    """
    path = None if out is None else checked_path(out)
    opened = open_dataset(dataset, data, split) if isinstance(dataset, str | Path) else dataset
    check_dataset(opened, LabelledSamples)
    if path is not None:
        check_own(path, f"# {_REMARK}")
    # The file is opened first, so that an unwritable folder fails at once.
    with atomic_file(path) if path else nullcontext() as file:
        found = ClassFrequencies(
            opened.name,
            opened.split,
            len(opened),
            __version__,
            _counted(opened, progress=progress),
            dict(opened.fingerprint),
        )
        if file is not None:
            file.write(to_toml(found, _REMARK).encode())
    return found


def load_class_frequencies(source: str | Path) -> ClassFrequencies:
    """Load class frequencies.

    Args:
        source: Name of a dataset whose frequencies are included, or the path of a TOML file: a
            Path, or a string that ends in `.toml`.

    Returns:
        The frequencies. Their method `of` checks the classes.

    Raises:
        CardError: No such frequencies are included, or the file is wrong.
    """
    if isinstance(source, Path) or source.endswith(".toml"):
        return read_toml(ClassFrequencies, Path(source), _WHAT)
    file = _FOLDER / f"{source}.toml"
    if source not in shipped_frequencies():
        raise CardError(
            f"no class frequencies of {source!r:.60} are included; count them with "
            "class-frequencies and give the path of the .toml file. Included: "
            f"{', '.join(shipped_frequencies())}"
        )
    return parse_toml(ClassFrequencies, file.read_text(encoding="utf-8"), file.name)


def shipped_frequencies() -> tuple[str, ...]:
    """List the datasets whose class frequencies are included."""
    return toml_names(_FOLDER)


def _counted(dataset: LabelledSamples, *, progress: bool) -> Mapping[str, int]:
    classes = len(dataset.classes)
    total = np.zeros(IGNORE + 1, np.int64)
    with progress_bar(len(dataset), disable=not progress) as bar:
        for index in range(len(dataset)):
            counts = np.bincount(read_labels(dataset, index).ravel(), minlength=IGNORE + 1)
            if (stray := np.flatnonzero(counts[classes:IGNORE])).size:
                raise DatasetError(
                    f"{dataset[index].id}: label {classes + int(stray[0])} is out of range for "
                    f"{classes} classes; labels must be class indices or {IGNORE}"
                )
            total += counts
            bar.update()
    if not total[:classes].any():
        raise DatasetError(
            f"{dataset.name} {dataset.split}: no pixel has a class; choose a split with labels"
        )
    return dict(zip(dataset.classes, total[:classes].tolist(), strict=True))
