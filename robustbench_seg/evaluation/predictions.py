"""Predictions kept as files: DIR/<model>/<corruption>/<severity>/<image>.png, class indices.

With the confidence beside them and predictions.toml they are what `predictions:DIR/<model>` reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from robustbench_seg.cards import to_toml
from robustbench_seg.errors import ResultsError
from robustbench_seg.evaluation.pictures import write_labels
from robustbench_seg.files import (
    atomic_file,
    file_name,
    path_problem,
    read_json,
    write_json,
    write_text,
)
from robustbench_seg.measures import Prediction
from robustbench_seg.records.image_path import as_png
from robustbench_seg.records.prediction_manifest import (
    FILE,
    FULL,
    PredictionManifest,
    confidence_file,
    labels_file,
)
from robustbench_seg.records.protocol import Condition
from robustbench_seg.records.run_record import RunRecord


def check_images(images: Sequence[str]) -> None:
    """Check that each image has a prediction file of its own, inside the folder.

    Args:
        images: Ids of the images.

    Raises:
        ResultsError: An id leads out of the folder or is no path; two images would have one file.
    """
    first = dict[str, str]()
    for image in images:
        if why := path_problem(image):
            raise ResultsError(
                f"the image {image!r:.200} {why}: its prediction cannot be saved; rename the file"
            )
        if (other := first.setdefault(as_png(image), image)) != image:
            raise ResultsError(
                f"the predictions of {other} and {image} would both be {as_png(image)}; rename one "
                "of the images"
            )


@dataclass(frozen=True)
class PredictionFolder:
    """The predictions of one run.

    Attributes:
        folder: Where they lie.
        with_confidence: Whether their confidence is written, too.
    """

    folder: Path
    with_confidence: bool = False

    @classmethod
    def open(
        cls, root: Path, model: str, record: RunRecord, with_confidence: bool = False
    ) -> "PredictionFolder":
        """Open `root`/<model>, marked as this run's.

        Args:
            root: Folder of the predictions of all models.
            model: Name of the model.
            record: The record of the run.
            with_confidence: Whether confidence is to be written, too.

        Raises:
            ResultsError: The folder holds another run's predictions.
        """
        folder = root / file_name(model)
        mark, digest = folder / "predictions.json", record.key.digest
        if not mark.exists():
            stray = next((p for p in folder.glob("*") if not p.name.startswith(".")), None)
            if stray is not None:
                raise ResultsError(
                    f"{stray} is there already and is no prediction of this run; choose another "
                    "folder"
                )
            write_json(mark, {"digest": digest, "model": model})
        try:
            standing = read_json(mark).get("digest")
        except (OSError, ValueError, AttributeError) as error:
            raise ResultsError(f"{mark} cannot be read ({error}); remove this folder") from error
        if standing != digest:
            raise ResultsError(
                f"{folder} holds the predictions of another run; choose another folder"
            )
        if not (folder / FILE).exists():
            classes = tuple(record.classes)
            manifest = PredictionManifest(model, "train ids", classes=classes, version=digest)
            write_text(folder / FILE, to_toml(manifest))
        return cls(folder, with_confidence)

    def path(self, image: str, condition: Condition) -> Path:
        """Where the prediction for one image under one condition lies."""
        return self.folder / labels_file(image, condition)

    def holds(self, image: str, condition: Condition) -> bool:
        """Whether all files of an image under a condition are there."""
        confidence = self.folder / confidence_file(image, condition)
        return self.path(image, condition).exists() and (
            not self.with_confidence or confidence.exists()
        )

    def write(
        self,
        image: str,
        condition: Condition,
        prediction: Prediction,
        palette: Sequence[Sequence[int]],
    ) -> None:
        """Write the labels of an image and, where that is asked for, their confidence."""
        if self.with_confidence and prediction.confidence is not None:
            doubt = prediction.confidence.doubt.astype(np.float64)
            levels = np.rint((1 - doubt) * FULL).astype(np.uint16)
            with atomic_file(self.folder / confidence_file(image, condition)) as file:
                Image.fromarray(levels).save(file, "PNG", compress_level=1)
        write_labels(self.path(image, condition), prediction.labels, palette)
