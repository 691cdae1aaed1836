"""Saved predictions: DIR/<model>/<corruption>/<severity>/, with the file names of a format.

The files hold class indices and are named after the images' ids, or they have the names and values
of a test server (server_formats.py). Class indices are saved with predictions.toml, so that
`predictions:DIR/<model>` reads them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from robustbench_seg.codec import to_toml
from robustbench_seg.datasets import EvaluationDataset
from robustbench_seg.errors import DatasetError, OptionError, ResultsError
from robustbench_seg.evaluation.outputs.marked_folder import open_marked_folder
from robustbench_seg.evaluation.outputs.pictures import write_labels
from robustbench_seg.evaluation.outputs.server_formats import FileFormat
from robustbench_seg.files import atomic_file, file_name, path_problem, write_text
from robustbench_seg.measures import Prediction
from robustbench_seg.records.cards.prediction_manifest import FILE, PredictionManifest
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.condition import Condition


def check_images(form: FileFormat, dataset: EvaluationDataset, what: str = "prediction") -> None:
    """Check that each image has its own file, inside the folder.

    Args:
        form: The format of the files.
        dataset: The images.
        what: The kind of the saved files.

    Raises:
        DatasetError: An id leads out of the folder or is not a path, or two images would have the
            same file.
        OptionError: The server of the format has no such image, or has other classes.
    """
    if form.classes is not None and tuple(dataset.classes) != form.classes:
        raise OptionError(
            f"the prediction format {form.name} is for the classes of Cityscapes; {dataset.name} "
            "has others; use the format indices"
        )
    first = dict[str, str]()
    for image in dataset.ids:
        if why := path_problem(image):
            raise DatasetError(
                f"the image {image!r:.200} {why}: its {what} cannot be saved; rename the file"
            )
        path = form.path(image)
        if path is None:
            raise OptionError(
                f"the prediction format {form.name} names files after images such as "
                f"{form.images}, which {image} is not; use another format"
            )
        if (other := first.setdefault(path, image)) != image:
            raise DatasetError(
                f"the {what}s of {other} and {image} would both be saved as {path}; rename "
                "one of the images"
            )


@dataclass(frozen=True)
class PredictionFolder:
    """The predictions of one run.

    Attributes:
        folder: Their folder.
        form: The format of the files.
    """

    folder: Path
    form: FileFormat

    @classmethod
    def open(
        cls, root: Path, model: str, record: RunRecord, form: FileFormat
    ) -> "PredictionFolder":
        """Open `root`/<model>, marked as the folder of this run.

        Args:
            root: Folder of the predictions of all models.
            model: Name of the model.
            record: The record of the run.
            form: The format of the files.

        Raises:
            ResultsError: The folder contains predictions of another run or in another format.
        """
        folder = root / file_name(model)
        digest = record.key.digest
        mark = open_marked_folder(
            folder,
            "predictions.json",
            {"digest": digest, "model": model, "format": form.name},
            one_file="a prediction of this run",
            all_files="the predictions of another run",
        )
        existing = mark.get("format", "indices")
        if existing != form.name:
            raise ResultsError(
                f"{folder} holds predictions in the format {existing}, not {form.name}; choose "
                "another folder"
            )
        if form.name == "indices" and not (folder / FILE).exists():
            classes = tuple(record.classes)
            manifest = PredictionManifest(model, "train ids", classes=classes, version=digest)
            write_text(folder / FILE, to_toml(manifest))
        return cls(folder, form)

    def path(self, image: str, condition: Condition) -> Path:
        """Return the path of the labels predicted for one image under one condition."""
        path = self.form.path(image)
        assert path is not None, image  # checked by check_images
        return self.folder / condition.folder / path

    def holds(self, image: str, condition: Condition) -> bool:
        """Return whether all files of an image under a condition exist."""
        labels = self.path(image, condition)
        confidence = self.form.confidence_path(labels)
        return labels.exists() and (confidence is None or confidence.exists())

    def write(
        self,
        image: str,
        condition: Condition,
        prediction: Prediction,
        palette: Sequence[Sequence[int]],
    ) -> None:
        """Write the labels of an image, and the confidence if the format includes it."""
        path = self.path(image, condition)
        files, confidence = self.form.confidence, self.form.confidence_path(path)
        if files and confidence and prediction.confidence:  # stored predictions may lack confidence
            levels = files.levels(prediction.confidence.doubt)
            with atomic_file(confidence) as file:
                Image.fromarray(levels).save(file, "png", compress_level=1)
        if self.form.ids is None:
            write_labels(path, prediction.labels, palette)
            return
        values = np.array(self.form.ids, np.uint8)[prediction.labels]
        with atomic_file(path) as file:
            Image.fromarray(values).save(file, "png", optimize=True)
