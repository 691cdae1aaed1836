"""Pictures as small images inside the page."""

import base64
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_seg.datasets.image_files.decoding import image_file
from robustbench_seg.store import is_own_picture
from robustbench_seg.text import one_line

log = logging.getLogger(__name__)

MAX_PICTURE_PIXELS = 1 << 26
"""Maximum number of pixels of a picture. A report decodes many pictures, and none needs to be
larger.
"""

MAX_BYTES = 64 << 20


@dataclass(frozen=True)
class Picture:
    """An image inside the page.

    Attributes:
        src: A data: address.
        alt: The alternative text.
        width: Width in pixels.
        height: Height in pixels.
        label: The caption.
    """

    src: str
    alt: str
    width: int
    height: int
    label: str = ""


def thumbnail(path: Path, alt: str, width: int, label: str = "") -> Picture | None:
    """Return a picture file as an image at most `width` pixels wide; None if there is none.

    Pictures of classes (palette images) are reduced without mixing colours.
    """
    picture = read_picture(path, width)
    if picture is None:
        return None
    if picture.mode == "P":
        return png_picture(picture, alt, label)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=72)
    return _picture(buffer, "jpeg", alt, picture.size, label)


@contextmanager
def _one_warning() -> Iterator[None]:
    """Suppress warnings of Pillow, because `read_picture` reports faults once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def png_picture(picture: Image.Image, alt: str, label: str = "") -> Picture:
    """Return an image as a PNG inside the page, at its own size."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return _picture(buffer, "png", alt, picture.size, label)


def class_indices(path: Path, width: int) -> NDArray[np.uint8] | None:
    """Read a label picture, at most `width` pixels wide.

    Returns:
        uint8 HxW class indices; None if there is no picture, or it has colours instead of indices.
    """
    picture = read_picture(path, width)
    return None if picture is None or picture.mode != "P" else np.asarray(picture)


def read_picture(path: Path, width: int | None = None) -> Image.Image | None:
    """Read a picture that a run kept.

    Args:
        path: The file.
        width: The width in pixels to which a wider one is reduced. None: it is not reduced.

    Returns:
        A palette or RGB image; None if there is no file. A link, or a file that cannot be read, is
        left out with a warning.
    """
    if not is_own_picture(path):
        if path.is_symlink() or path.exists():
            log.warning("%s: a link or not a regular file; the picture is left out", path)
        return None
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES >> 20} MiB")
        with _one_warning(), image_file(path, ("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MAX_PICTURE_PIXELS:
                raise ValueError(f"it states that it has {picture.width}x{picture.height} pixels")
            indices = picture.mode == "P"
            size = picture.size if width is None else fitted_size(picture, width)
            how = Image.Resampling.NEAREST if indices else Image.Resampling.LANCZOS
            return (picture if indices else picture.convert("RGB")).resize(size, how)
    except Exception as error:  # decoders raise errors of any type for damaged files
        why = one_line(str(error), 200) or type(error).__name__
        log.warning("%s: cannot read the picture (%s); it is left out", path, why)
        return None


def fitted_size(picture: Image.Image, width: int) -> tuple[int, int]:
    """Return the width and height of a picture that is reduced to at most `width` pixels."""
    if picture.width <= width:
        return picture.size
    return width, max(1, round(picture.height * width / picture.width))


def _picture(buffer: io.BytesIO, kind: str, alt: str, size: tuple[int, int], label: str) -> Picture:
    data = base64.b64encode(buffer.getvalue()).decode()
    return Picture(f"data:image/{kind};base64,{data}", alt, *size, label)
