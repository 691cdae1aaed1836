"""The images with the lowest scores of a model: their scores, and the pictures of its run."""

from collections.abc import Sequence
from dataclasses import dataclass

from robustbench_seg.reporting.page.album import MAX_MODELS
from robustbench_seg.reporting.page.thumbnails import Picture, thumbnail
from robustbench_seg.reporting.panels import Panel
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.store import PictureFiles
from robustbench_seg.text import number


@dataclass(frozen=True)
class HardImageView:
    """One image.

    Attributes:
        name: The image's id.
        scores: Its scores in words.
        pictures: The input, the truth and the prediction; empty without pictures.
    """

    name: str
    scores: str
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class HardestView:
    """The hardest images of one model, the worst first."""

    model: str
    images: Sequence[HardImageView]


def hardest_views(panel: Panel, width: int) -> list[HardestView]:
    """Return the hardest images of the first models that have all their scores.

    Args:
        panel: The panel.
        width: Maximum width of a picture, in pixels. 0: no pictures.
    """
    models = [model for model in panel.models if model.scored.hardest]
    return [_view(model, width) for model in models[:MAX_MODELS]]


def _view(model: MeasuredModel, width: int) -> HardestView:
    files, images = PictureFiles.of_run(model.folder), []
    for hard in model.scored.hardest:
        worst = f"{hard.worst.name.replace('_', ' ')} {hard.worst.severity}"
        scores = (
            f"clean {number(hard.clean)}, mean {number(hard.mean)}, {number(hard.miou)} under "
            f"{worst}"
        )
        own = files.of_hardest(hard.image, hard.worst)
        paths = {"input": own.input, "truth": own.truth, "prediction": own.prediction}
        pictures = []
        for kind, path in paths.items() if width else ():
            alt = f"{kind} of {hard.image} under {worst}"
            pictures.append(thumbnail(path, alt, width, kind))
        images.append(HardImageView(hard.image, scores, [each for each in pictures if each]))
    return HardestView(model.name, images)
