"""Predictions kept as files: DIR/<model>/<corruption>/<severity>/<image>.png, class indices."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.errors import ResultsError
from robustbench_seg.evaluation.pictures import write_labels
from robustbench_seg.files import file_name, path_problem, read_json, write_json
from robustbench_seg.records.image_path import as_png
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
    """The predictions of one run."""

    folder: Path

    @classmethod
    def open(cls, root: Path, model: str, record: RunRecord) -> "PredictionFolder":
        """Open `root`/<model>, marked as this run's.

        Args:
            root: Folder of the predictions of all models.
            model: Name of the model.
            record: The record of the run.

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
        return cls(folder)

    def path(self, image: str, condition: Condition) -> Path:
        """Where the prediction for one image under one condition lies."""
        return self.folder / condition.folder / as_png(image)

    def write(
        self,
        image: str,
        condition: Condition,
        prediction: NDArray[np.uint8],
        palette: Sequence[Sequence[int]],
    ) -> None:
        """Write uint8 HxW class indices."""
        write_labels(self.path(image, condition), prediction, palette)
