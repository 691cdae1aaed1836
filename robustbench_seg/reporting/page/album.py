"""The pictures of a panel: the input, the truth and the predictions for one image."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import seaborn as sns
from PIL import Image

from robustbench_seg.datasets import IGNORE
from robustbench_seg.files import write_bytes
from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.reporting.page.thumbnails import (
    Picture,
    class_indices,
    png_picture,
    read_picture,
    thumbnail,
)
from robustbench_seg.reporting.panels import Panel, PanelRow
from robustbench_seg.store import PictureFiles
from robustbench_seg.text import enumeration

MAX_MODELS = 3
"""The page shows the predictions of at most this many models."""

_DARK_RED = (0.65, 0.06, 0.08)


@dataclass(frozen=True)
class PictureRow:
    """The pictures of one model, or of the input.

    Attributes:
        name: The row's header.
        pictures: One for each severity; None where the condition was not run.
    """

    name: str
    pictures: Sequence[Picture | None]


@dataclass(frozen=True)
class CorruptionPictures:
    """The pictures of one corruption: a column for each severity, a row for each model."""

    name: str
    severities: Sequence[int]
    rows: Sequence[PictureRow]


@dataclass(frozen=True)
class CategoryPictures:
    """The corruptions of one category that have pictures."""

    name: str
    corruptions: Sequence[CorruptionPictures]


@dataclass(frozen=True)
class Album:
    """All pictures of a panel.

    Attributes:
        note: What they show.
        clean: The clean image, the truth and the predictions.
        legend: Class names and their colours.
        errors_legend: What the colours of the rows of errors mean.
        categories: The pictures under corruptions.
    """

    note: str
    clean: Sequence[Picture]
    legend: Sequence[tuple[str, str]]
    errors_legend: Sequence[tuple[str, str]]
    categories: Sequence[CategoryPictures]


def album(panel: Panel, width: int) -> Album | None:
    """Return the pictures of a panel, at most `width` pixels wide; None if no run kept any."""
    rows = [row for row in panel.measured if _files(row).folder.is_dir()]
    if not rows:
        return None
    shown = rows[:MAX_MODELS]
    categories = []
    for category, specs in panel.protocol.by_category.items():
        pictures = (_corruption_pictures(spec, shown, width) for spec in specs)
        corruptions = [each for each in pictures if each]
        if corruptions:
            categories.append(CategoryPictures(category, corruptions))
    return Album(
        note=_note(panel.protocol.shown_severities, len(rows), len(panel.measured)),
        clean=_clean_pictures(shown, width),
        legend=_legend(_files(shown[0]).truth, panel.classes),
        errors_legend=_errors_legend(len(shown)),
        categories=categories,
    )


def copy_pictures(panel: Panel, folder: Path) -> None:
    """Copy all pictures that the panel's runs kept, in full size, into a folder for each run.

    Only pictures of known names are copied, and none through a link.
    """
    for row in panel.measured:
        files, target = _files(row), folder / row.folder.name
        while target.exists():  # run folders of one name in two places
            target = target.with_name(f"{target.name}-2")
        for path in files.kept():
            if read_picture(path) is not None:
                write_bytes(target / path.relative_to(files.folder), path.read_bytes())


def _files(row: PanelRow) -> PictureFiles:
    return PictureFiles.of_run(row.folder)


def _note(levels: Sequence[int], with_pictures: int, measured: int) -> str:
    severities = "severities" if len(levels) > 1 else "severity"
    note = (
        f"One image of the split at {severities} {enumeration(list(map(str, levels)))}, with "
        "the prediction of each model and the models' errors: the darker the red, the more models "
        "are wrong."
    )
    if with_pictures > MAX_MODELS:
        note += (
            f" The first {MAX_MODELS} of {with_pictures} models are shown; those of all are in "
            "pictures/."
        )
    elif with_pictures < measured:
        note += f" {measured - with_pictures} of {measured} runs kept no pictures of it."
    return note


def _clean_pictures(rows: Sequence[PanelRow], width: int) -> list[Picture]:
    files = _files(rows[0])
    pictures = [
        thumbnail(files.input(CLEAN), "the clean image", width, "clean image"),
        thumbnail(files.truth, "the true classes of the image", width, "truth"),
    ]
    for row in rows:
        label = f"{row.name}, clean"
        pictures.append(thumbnail(_files(row).prediction(CLEAN), label, width, label))
    return [picture for picture in pictures if picture]


def _corruption_pictures(
    spec: Perturbation, rows: Sequence[PanelRow], width: int
) -> CorruptionPictures | None:
    text = spec.name.replace("_", " ")
    conditions = [Condition(spec.name, severity) for severity in spec.shown_severities]
    inputs = [
        thumbnail(_files(rows[0]).input(c), f"{text}, severity {c.severity}", width)
        for c in conditions
    ]
    picture_rows = [PictureRow("input", inputs)]
    for row in rows:
        alt = f"classes that {row.name} sees under {text}"
        predictions = [
            thumbnail(_files(row).prediction(c), f"{alt}, severity {c.severity}", width)
            for c in conditions
        ]
        picture_rows.append(PictureRow(row.name, predictions))
    if not any(picture for row in picture_rows for picture in row.pictures):
        return None
    errors = [_errors(c, text, rows, width) for c in conditions]
    picture_rows.append(PictureRow("errors", errors))
    return CorruptionPictures(text, spec.shown_severities, picture_rows)


def _errors(
    condition: Condition, text: str, rows: Sequence[PanelRow], width: int
) -> Picture | None:
    """How many of the models are wrong at each pixel, in the colours of `_error_colours`."""
    labels = class_indices(_files(rows[0]).truth, width)
    if labels is None:
        return None
    found = [class_indices(_files(row).prediction(condition), width) for row in rows]
    predictions = [each for each in found if each is not None and each.shape == labels.shape]
    if not predictions:
        return None
    wrong = np.sum([prediction != labels for prediction in predictions], axis=0)
    shade = wrong.astype(np.uint8)
    shade[labels == IGNORE] = len(rows) + 1
    picture = Image.fromarray(shade)
    picture.putpalette([value for colour in _error_colours(len(rows)) for value in colour])
    alt = f"where the models are wrong under {text}, severity {condition.severity}"
    return png_picture(picture, alt)


def _error_colours(models: int) -> list[tuple[int, int, int]]:
    """Light grey where no model is wrong, light to dark red from one to all; then without truth."""
    reds = sns.color_palette("Reds", 2 * models + 1)[2::2] if models > 1 else [_DARK_RED]
    colours = [(0.93, 0.93, 0.92), *reds, (0.55, 0.55, 0.55)]
    return [(round(255 * r), round(255 * g), round(255 * b)) for r, g, b in colours]


def _errors_legend(models: int) -> list[tuple[str, str]]:
    """What each of `_error_colours` means, with the colour."""
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


def _legend(truth: Path, classes: Sequence[str]) -> list[tuple[str, str]]:
    """Class names with their colours in the palette of the truth's picture."""
    picture = read_picture(truth)
    palette = (picture.getpalette() or []) if picture and picture.mode == "P" else []
    colours = [palette[i : i + 3] for i in range(0, 3 * len(classes), 3)]
    return [
        (name, "#{:02x}{:02x}{:02x}".format(*colour))
        for name, colour in zip(classes, colours, strict=False)
        if len(colour) == 3
    ]
