"""Pictures as small images inside the page."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from robustbench_seg.errors import ResultsError


@dataclass(frozen=True)
class Picture:
    """An image inside the page.

    Attributes:
        src: A data: address.
        alt: The text in its place.
        width: In pixels.
        height: In pixels.
        label: The caption.
    """

    src: str
    alt: str
    width: int
    height: int
    label: str = ""


def thumbnail(path: Path, alt: str, width: int, label: str = "") -> Picture | None:
    """Return a picture file as an image at most `width` pixels wide; None if there is no file.

    Pictures of classes (palette images) are reduced without mixing colours.

    Raises:
        ResultsError: The file cannot be read.
    """
    if not path.is_file():
        return None
    with open_picture(path) as picture:
        size = fitted_size(picture, width)
        if picture.mode == "P":
            return as_png(picture.resize(size, Image.Resampling.NEAREST), alt, label)
        small, buffer = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS), io.BytesIO()
        small.save(buffer, "JPEG", quality=72)
        return _picture(buffer, "jpeg", alt, size, label)


def as_png(picture: Image.Image, alt: str, label: str = "") -> Picture:
    """Return an image as a PNG inside the page, at its own size."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return _picture(buffer, "png", alt, picture.size, label)


def class_indices(path: Path, width: int) -> NDArray[np.uint8]:
    """Read a label picture, at most `width` pixels wide: uint8 HxW class indices.

    Raises:
        ResultsError: The file cannot be read.
    """
    with open_picture(path) as picture:
        return np.asarray(picture.resize(fitted_size(picture, width), Image.Resampling.NEAREST))


def fitted_size(picture: Image.Image, width: int) -> tuple[int, int]:
    """Return the width and height of a picture that is reduced to at most `width` pixels."""
    if picture.width <= width:
        return picture.size
    return width, max(1, round(picture.height * width / picture.width))


@contextmanager
def open_picture(path: Path) -> Iterator[Image.Image]:
    """Open a picture file.

    Raises:
        ResultsError: The file cannot be read, here or while the block reads from it.
    """
    try:
        with Image.open(path) as picture:
            yield picture
    except (OSError, UnidentifiedImageError) as error:
        raise ResultsError(
            f"{path}: cannot read the picture ({error}); delete it, or write the report without "
            "pictures"
        ) from None


def _picture(buffer: io.BytesIO, kind: str, alt: str, size: tuple[int, int], label: str) -> Picture:
    data = base64.b64encode(buffer.getvalue()).decode()
    return Picture(f"data:image/{kind};base64,{data}", alt, *size, label)
