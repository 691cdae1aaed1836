"""The pictures of a panel: the input, the truth and the predictions for one image."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from robustbench_seg.files import write_bytes
from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.reporting.page.error_picture import error_picture, errors_legend
from robustbench_seg.reporting.page.thumbnails import Picture, read_picture, thumbnail
from robustbench_seg.reporting.panels import Panel
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.store import PictureFiles
from robustbench_seg.text import enumeration

MAX_MODELS = 3
"""Maximum number of models whose predictions the page shows."""


@dataclass(frozen=True)
class PictureRow:
    """The pictures of one model, or of the input.

    Attributes:
        name: The row's header.
        pictures: One for each severity; None if the condition was not run.
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
        note: A description.
        clean: The clean image, the truth and the predictions.
        legend: Class names and their colours.
        errors_legend: The legend of the rows of errors.
        categories: The pictures under corruptions.
    """

    note: str
    clean: Sequence[Picture]
    legend: Sequence[tuple[str, str]]
    errors_legend: Sequence[tuple[str, str]]
    categories: Sequence[CategoryPictures]


def album(panel: Panel, width: int) -> Album | None:
    """Return the pictures of a panel, at most `width` pixels wide; None if no run kept any."""
    models = [model for model in panel.models if _files(model).folder.is_dir()]
    if not models:
        return None
    shown = models[:MAX_MODELS]
    categories = []
    for category, perturbations in panel.protocol.by_category.items():
        pictures = (_corruption_pictures(each, shown, width) for each in perturbations)
        corruptions = [each for each in pictures if each]
        if corruptions:
            categories.append(CategoryPictures(category, corruptions))
    return Album(
        note=_note(panel.protocol.shown_severities, len(models), len(panel.models)),
        clean=_clean_pictures(shown, width),
        legend=_legend(_files(shown[0]).truth, panel.classes),
        errors_legend=errors_legend(len(shown)),
        categories=categories,
    )


def copy_pictures(panel: Panel, folder: Path) -> None:
    """Copy all pictures that the panel's runs kept, in full size, into a folder for each run.

    Only pictures with known names are copied, and never through a link.
    """
    for model in panel.models:
        files, target = _files(model), folder / model.folder.name
        while target.exists():  # run folders with the same name in two folders
            target = target.with_name(f"{target.name}-2")
        for path in files.kept():
            if read_picture(path) is not None:
                write_bytes(target / path.relative_to(files.folder), path.read_bytes())


def _files(model: MeasuredModel) -> PictureFiles:
    return PictureFiles.of_run(model.folder)


def _note(severities: Sequence[int], with_pictures: int, measured: int) -> str:
    noun = "severities" if len(severities) > 1 else "severity"
    note = (
        f"One image of the split at {noun} {enumeration(list(map(str, severities)))}, with "
        "the prediction of each model and the models' errors: the darker the red, the more models "
        "are wrong."
    )
    if with_pictures > MAX_MODELS:
        note += (
            f" The first {MAX_MODELS} of {with_pictures} models are shown; those of all are in "
            "pictures/."
        )
    elif with_pictures < measured:
        note += f" {measured - with_pictures} of {measured} runs have no pictures of it."
    return note


def _clean_pictures(models: Sequence[MeasuredModel], width: int) -> list[Picture]:
    files = _files(models[0])
    pictures = [
        thumbnail(files.input(CLEAN), "the clean image", width, "clean image"),
        thumbnail(files.truth, "the true classes of the image", width, "truth"),
    ]
    for model in models:
        label = f"{model.name}, clean"
        pictures.append(thumbnail(_files(model).prediction(CLEAN), label, width, label))
    return [picture for picture in pictures if picture]


def _corruption_pictures(
    perturbation: Perturbation, models: Sequence[MeasuredModel], width: int
) -> CorruptionPictures | None:
    text = perturbation.name.replace("_", " ")
    conditions = [
        Condition(perturbation.name, severity) for severity in perturbation.shown_severities
    ]
    inputs = [
        thumbnail(_files(models[0]).input(c), f"{text}, severity {c.severity}", width)
        for c in conditions
    ]
    picture_rows = [PictureRow("input", inputs)]
    for model in models:
        alt = f"prediction of {model.name} under {text}"
        predictions = [
            thumbnail(_files(model).prediction(c), f"{alt}, severity {c.severity}", width)
            for c in conditions
        ]
        picture_rows.append(PictureRow(model.name, predictions))
    if not any(picture for row in picture_rows for picture in row.pictures):
        return None
    truth = _files(models[0]).truth
    errors = [
        error_picture(
            truth,
            [_files(model).prediction(c) for model in models],
            width,
            f"where the models are wrong under {text}, severity {c.severity}",
        )
        for c in conditions
    ]
    picture_rows.append(PictureRow("errors", errors))
    return CorruptionPictures(text, perturbation.shown_severities, picture_rows)


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
