"""A picture of the number of models that are wrong at each pixel, and its legend."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import seaborn as sns
from PIL import Image

from robustbench_seg.datasets import IGNORE
from robustbench_seg.reporting.page.thumbnails import Picture, class_indices, png_picture

_DARK_RED = (0.65, 0.06, 0.08)


def error_picture(truth: Path, predictions: Sequence[Path], width: int, alt: str) -> Picture | None:
    """Show the number of models that are wrong at each pixel.

    Args:
        truth: The picture of the true classes.
        predictions: The picture of the predicted classes of each model.
        width: Maximum width of the picture, in pixels.
        alt: The alternative text.

    Returns:
        The picture, with the colours of `errors_legend`; None without the truth, or without any
        prediction of its size.
    """
    labels = class_indices(truth, width)
    if labels is None:
        return None
    found = [class_indices(path, width) for path in predictions]
    usable = [each for each in found if each is not None and each.shape == labels.shape]
    if not usable:
        return None
    wrong = np.sum([prediction != labels for prediction in usable], axis=0)
    shade = wrong.astype(np.uint8)
    shade[labels == IGNORE] = len(predictions) + 1
    picture = Image.fromarray(shade)
    picture.putpalette([value for colour in _error_colours(len(predictions)) for value in colour])
    return png_picture(picture, alt)


def _error_colours(models: int) -> list[tuple[int, int, int]]:
    """Light grey for no wrong model, light to dark red from one to all; then without truth."""
    reds = sns.color_palette("Reds", 2 * models + 1)[2::2] if models > 1 else [_DARK_RED]
    colours = [(0.93, 0.93, 0.92), *reds, (0.55, 0.55, 0.55)]
    return [(round(255 * r), round(255 * g), round(255 * b)) for r, g, b in colours]


def errors_legend(models: int) -> list[tuple[str, str]]:
    """Return the meaning of each colour for this number of models, with the colour."""
    wrong = (
        ["wrong"]
        if models == 1
        else [f"{n} of {models} models wrong" for n in range(1, models + 1)]
    )
    names = ["right" if models == 1 else "all models right", *wrong, "no true class"]
    return [
        (name, "#{:02x}{:02x}{:02x}".format(*colour))
        for name, colour in zip(names, _error_colours(models), strict=True)
    ]
