"""Thumbnails of a run's kept pictures: input, truth and predictions, as data addresses."""

import base64
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import seaborn as sns
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from robustbench_seg.datasets import IGNORE
from robustbench_seg.errors import ResultsError
from robustbench_seg.files import write_bytes
from robustbench_seg.reporting.panels import Measured, Panel

SHOWN = (1, 3, 5)
"""The severities that have pictures."""

MODELS = 3
"""At most so many models' predictions are in the page."""


@dataclass(frozen=True)
class Picture:
    """An image inside the page. `src` is a data: address."""

    src: str
    alt: str
    width: int
    height: int
    label: str = ""


@dataclass(frozen=True)
class PictureRow:
    """The pictures of one model (or of the input), one for each severity; None: not run."""

    name: str
    pictures: Sequence[Picture | None]


@dataclass(frozen=True)
class CorruptionPictures:
    """The rows of one corruption."""

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
    """All pictures of a panel. `legend` pairs class names with colours."""

    note: str
    truth: Sequence[Picture]
    legend: Sequence[tuple[str, str]]
    categories: Sequence[CategoryPictures]


def copy_pictures(panel: Panel, folder: Path) -> None:
    """Put all pictures that the panel's runs kept into `folder`, at full size, a folder each."""
    for run in panel.measured:
        kept = run.folder / "pictures"
        for path in sorted(kept.rglob("*.*")):
            if not path.name.startswith("."):
                target = folder / run.folder.name / path.relative_to(kept)
                write_bytes(target, path.read_bytes())


def album(panel: Panel, width: int) -> Album | None:
    """The panel's pictures at most `width` pixels wide; None where no run kept any."""
    kept = [run for run in panel.measured if (run.folder / "pictures").is_dir()]
    if not kept:
        return None
    # Runs of other files of the dataset kept another image, or the same one in another size.
    truth = _truth(kept[0], width)
    kept = [run for run in kept if np.array_equal(_truth(run, width), truth)]
    shown = kept[:MODELS]
    first = shown[0].folder / "pictures"
    categories = []
    for category, specs in panel.protocol.by_category.items():
        found = (_corruption(spec.name, shown, width) for spec in specs)
        corruptions = [pictures for pictures in found if pictures]
        if corruptions:
            categories.append(CategoryPictures(category, corruptions))
    clean = [
        thumbnail(first / "input", "clean-0", "the clean image", width, "clean image"),
        thumbnail(first, "truth", "the true classes of the image", width, "truth"),
        *(
            thumbnail(
                run.folder / "pictures",
                "clean-0",
                f"{run.model}, clean",
                width,
                f"{run.model}, clean",
            )
            for run in shown
        ),
    ]
    return Album(
        note=_note(len(kept), len(panel.measured)),
        truth=[picture for picture in clean if picture],
        legend=_legend(first / "truth.png", panel.classes),
        categories=categories,
    )


def _note(kept: int, measured: int) -> str:
    note = (
        "One image of the split at severities 1, 3 and 5, what each model sees in it, and where "
        "they are right: white where all are, the darker the fewer, grey where there is no truth."
    )
    if kept > MODELS:
        note += f" The first {MODELS} of {kept} models are shown; those of all are in pictures/."
    elif kept < measured:
        note += f" {measured - kept} of {measured} runs kept no pictures of it."
    return note


def _truth(run: Measured, width: int) -> NDArray[np.uint8]:
    """The true classes of the image that a run kept; empty without them."""
    path = run.folder / "pictures" / "truth.png"
    return _indices(path, width) if path.is_file() else np.empty(0, np.uint8)


def _corruption(name: str, runs: Sequence[Measured], width: int) -> CorruptionPictures | None:
    text = name.replace("_", " ")
    rows = [PictureRow("input", _row(runs[0].folder / "pictures" / "input", name, text, width))]
    for run in runs:
        alt = f"classes that {run.model} sees under {text}"
        rows.append(PictureRow(run.model, _row(run.folder / "pictures", name, alt, width)))
    if not any(picture for row in rows for picture in row.pictures):
        return None
    rows.append(PictureRow("right", _agreement(name, text, runs, width)))
    return CorruptionPictures(text, SHOWN, rows)


def _row(folder: Path, corruption: str, alt: str, width: int) -> list[Picture | None]:
    return [
        thumbnail(folder, f"{corruption}-{severity}", f"{alt}, severity {severity}", width)
        for severity in SHOWN
    ]


def _agreement(name: str, text: str, runs: Sequence[Measured], width: int) -> list[Picture | None]:
    """Where the models agree with the truth: white where all do, dark red where none does."""
    folders = [run.folder / "pictures" for run in runs]
    found: list[Picture | None] = []
    for severity in SHOWN:
        files = [folder / f"{name}-{severity}.png" for folder in folders]
        files = [file for file in files if file.is_file()]
        truth = folders[0] / "truth.png"
        if not files or not truth.is_file():
            found.append(None)
            continue
        labels, *seen = (_indices(file, width) for file in (truth, *files))
        right = np.mean([prediction == labels for prediction in seen], axis=0)
        shade = np.round(right * (len(seen))).astype(np.uint8)
        shade[labels == IGNORE] = len(seen) + 1
        picture = Image.fromarray(shade)
        picture.putpalette(_shades(len(seen)))
        alt = f"where the models are right under {text}, severity {severity}"
        found.append(_as_png(picture, alt, ""))
    return found


def _indices(path: Path, width: int) -> NDArray[np.uint8]:
    with _opened(path) as picture:
        return np.asarray(picture.resize(_fitted(picture, width), Image.Resampling.NEAREST))


def _shades(models: int) -> list[int]:
    """From none right to all right, then ignored pixels."""
    palette = sns.color_palette("Reds_r", models + 2)[1:-1] if models > 1 else [(0.65, 0.06, 0.08)]
    colours = [*palette[:models], (1.0, 1.0, 1.0), (0.5, 0.5, 0.5)]
    return [round(255 * value) for colour in colours for value in colour]


def thumbnail(folder: Path, stem: str, alt: str, width: int, label: str = "") -> Picture | None:
    """The picture `stem` of a folder, PNG or JPEG, at most `width` wide; None without one."""
    for path in (folder / f"{stem}.png", folder / f"{stem}.jpg"):
        if path.is_file():
            return _encoded(path, alt, width, label)
    return None


def _encoded(path: Path, alt: str, width: int, label: str) -> Picture:
    with _opened(path) as picture:
        size = _fitted(picture, width)
        if picture.mode == "P":  # classes: no colour between two classes may arise
            return _as_png(picture.resize(size, Image.Resampling.NEAREST), alt, label)
        small, buffer = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS), io.BytesIO()
        small.save(buffer, "JPEG", quality=72)
        return _picture(buffer, "jpeg", alt, size, label)


def _as_png(picture: Image.Image, alt: str, label: str) -> Picture:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return _picture(buffer, "png", alt, picture.size, label)


def _picture(buffer: io.BytesIO, kind: str, alt: str, size: tuple[int, int], label: str) -> Picture:
    data = base64.b64encode(buffer.getvalue()).decode()
    return Picture(f"data:image/{kind};base64,{data}", alt, *size, label)


def _fitted(picture: Image.Image, width: int) -> tuple[int, int]:
    """The size at most `width` pixels wide."""
    if picture.width <= width:
        return picture.size
    return width, max(1, round(picture.height * width / picture.width))


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as picture:
            yield picture
    except (OSError, UnidentifiedImageError) as error:
        raise ResultsError(
            f"{path}: cannot read the picture ({error}); delete it or report with --no-pictures"
        ) from None


def _legend(truth: Path, classes: Sequence[str]) -> list[tuple[str, str]]:
    """Class names with their colours in the palette of the truth's picture."""
    if not truth.is_file():
        return []
    with _opened(truth) as picture:
        palette = picture.getpalette() or [] if picture.mode == "P" else []
    colours = [palette[i : i + 3] for i in range(0, 3 * len(classes), 3)]
    return [
        (name, "#{:02x}{:02x}{:02x}".format(*colour))
        for name, colour in zip(classes, colours, strict=False)
        if len(colour) == 3
    ]
