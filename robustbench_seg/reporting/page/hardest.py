"""The images on which a model did worst: their scores, and the pictures that its run kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from robustbench_seg.reporting.page.pictures import MODELS, Picture, thumbnail
from robustbench_seg.reporting.page.views import number
from robustbench_seg.reporting.panels import Measured, Panel

KINDS = ("input", "truth", "prediction")


@dataclass(frozen=True)
class HardImageView:
    """One image. `pictures`: what went in, the truth, the prediction; none without pictures."""

    name: str
    scores: str
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class HardestView:
    """The hardest images of one model, the worst first."""

    model: str
    images: Sequence[HardImageView]


def hardest_views(panel: Panel, width: int) -> list[HardestView]:
    """Of the first models that have all scores; pictures at most `width` wide, 0: none."""
    complete = [run for run in panel.measured if run.scored.hardest]
    return [_view(run, width) for run in complete[:MODELS]]


def _view(run: Measured, width: int) -> HardestView:
    folder, images = run.folder / "pictures" / "hardest", []
    for hard in run.scored.hardest:
        condition = f"{hard.worst.name.replace('_', ' ')} {hard.worst.severity}"
        scores = (
            f"clean {number(hard.clean)}, mean {number(hard.mean)}, already {number(hard.miou)} "
            f"under {condition}"
        )
        found = []
        for kind in KINDS if width else ():
            stem, alt = f"{hard.stem}-{kind}", f"{kind} of {hard.image} under {condition}"
            found.append(thumbnail(folder, stem, alt, width, kind))
        images.append(HardImageView(hard.image, scores, [picture for picture in found if picture]))
    return HardestView(run.model, images)
