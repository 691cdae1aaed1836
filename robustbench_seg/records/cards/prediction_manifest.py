"""predictions.toml describes a folder of predictions and the form of its files.

    FOLDER/predictions.toml
    FOLDER/<condition>/<image id>.png               one id per pixel, such as fog/3/val/7.png
    FOLDER/<condition>/<image id>.confidence.png    optional: 16-bit greyscale, 65535 times
                                                    the confidence of each label

The folders of conditions are named as in a generated tree; clean/0 contains the predictions for the
clean images.
"""

from dataclasses import dataclass
from typing import Literal

from robustbench_seg.errors import CardError
from robustbench_seg.files import path_problem
from robustbench_seg.records.values.condition import Condition, as_png
from robustbench_seg.records.values.ranges import MAX_CLASSES

FILE = "predictions.toml"

CONFIDENCE_SUFFIX = ".confidence.png"
"""The suffix of confidence files, in place of .png."""

FULL = 65535
"""The value in a confidence file for a confidence of 1."""

TEMPLATE = """\
name = "{name}"            # in every table
dataset = "cityscapes"     # its classes; of your own dataset: "mine.toml", copied into this folder
# classes = ["road", ...]  # in place of dataset, for train ids
ids = "train ids"          # of the PNG files: "train ids" (class indices) or "label ids"
# version = "1"            # another version makes a separate run
# images = "manifest.json" # of the tree that was labelled, copied into this folder"""


@dataclass(frozen=True)
class PredictionManifest:
    """The description of a folder of predictions.

    Attributes:
        name: The model's name in every table.
        ids: The content of the files: "train ids", the indices of the classes in their order, or
            "label ids", the ids of the dataset's label files.
        dataset: Name of the dataset whose classes are predicted, or its TOML file, relative to the
            folder. Exactly one of dataset and classes is given; label ids need a dataset.
        classes: Names of the predicted classes, in the order of their indices.
        version: Any text. Change it whenever predictions are computed again: predictions of another
            version are another run.
        images: The corrupted images that were labelled: the manifest.json of their tree, relative
            to the folder, or the digest of that file. None: unknown.

    Raises:
        CardError: Both or neither of dataset and classes are given, there are too many classes,
            label ids are given without a dataset, a text is empty, or a path leads out of the
            folder.
    """

    name: str
    ids: Literal["train ids", "label ids"]
    dataset: str | None = None
    classes: tuple[str, ...] | None = None
    version: str | None = None
    images: str | None = None

    def __post_init__(self) -> None:
        for key in ("name", "dataset", "version", "images"):
            if getattr(self, key) == "":
                raise CardError(f"{key} is empty; give a non-empty string")
        if (self.dataset is None) == (self.classes is None):
            raise CardError("give either dataset or classes")
        if self.classes is not None and not 1 <= len(self.classes) <= MAX_CLASSES:
            raise CardError(f"classes: expected 1 to {MAX_CLASSES} names")
        for key in ("dataset", "images"):
            if (path := getattr(self, key)) is not None and (problem := path_problem(path)):
                raise CardError(
                    f"{key} = {path!r:.70} {problem}; copy the file into the folder of predictions"
                )
        if self.ids == "label ids" and self.dataset is None:
            raise CardError("label ids are defined by a dataset; give dataset instead of classes")


def labels_file(image: str, condition: Condition) -> str:
    """Return the path of the predicted ids of an image.

    Args:
        image: Id of the image.
        condition: Its condition.

    Returns:
        The path in the folder of predictions.

    >>> labels_file("val/7.jpg", Condition("fog", 3))
    'fog/3/val/7.png'
    """
    return f"{condition.folder}/{as_png(image)}"


def confidence_file(image: str, condition: Condition) -> str:
    """Return the path of the confidence of an image's labels.

    Args:
        image: Id of the image.
        condition: Its condition.

    Returns:
        The path in the folder of predictions.

    >>> confidence_file("val/7.jpg", Condition("fog", 3))
    'fog/3/val/7.confidence.png'
    """
    return f"{condition.folder}/{as_png(image).removesuffix('.png')}{CONFIDENCE_SUFFIX}"
