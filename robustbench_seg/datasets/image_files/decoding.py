"""Decodes image and label files to arrays; no other module opens image files.

Every fault of a file is a DatasetError that names it. Decoding never changes values silently: it
does not reduce depth, ignore an orientation or rescale ids.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, ImageOps, UnidentifiedImageError
from PIL import Image as Pillow
from PIL.ImageFile import ImageFile

from robustbench_seg.datasets.classes.label_colours import ids_of_colours
from robustbench_seg.errors import DatasetError
from robustbench_seg.files import check_regular

Image = NDArray[np.uint8]

# Pillow supports more formats, but some run other programs (EPS) and some silently reduce 16 bits
# to 8 (JPEG 2000, AVIF).
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "PPM", "WEBP")

_COLOUR = ("RGB", "L", "1", "P", "LA", "PA", "RGBA", "CMYK", "YCbCr")
_IDS = ("L", "P", "1", "I", "I;16", "I;16B")
_BITS_PER_SAMPLE, _SAMPLE_FORMAT = 258, 339  # tags of TIFF

_SIGNED = 2
"""The sample format of TIFF with signed levels; Pillow reads negative levels as 128 and more."""

MAX_DECODED_PIXELS = 1 << 27
"""Maximum number of pixels of an image file. Reading a larger one as RGB takes over 2 GiB."""


def read_image(path: Path, *, apply_orientation: bool = False) -> Image:
    """Read an image file as uint8 HxWx3 RGB.

    Grey and palette images become RGB. An alpha channel is dropped if it is opaque everywhere. An
    image with a translucent pixel is refused, because the colour of such a pixel is undefined.

    Args:
        path: The file: PNG, JPEG, TIFF, BMP, GIF, PPM or WebP.
        apply_orientation: Whether to rotate the image according to its EXIF orientation. Otherwise
            an image whose orientation is not upright is refused.

    Returns:
        uint8 HxWx3 RGB.

    Raises:
        DatasetError: The file is missing or damaged, has transparent pixels, has more than 8 bits
            per channel, or has an EXIF orientation.
    """
    with _opened(path, "image file") as file:
        depth, orientation = _depth(file), _orientation(file)
        if _is_signed(file):
            raise DatasetError(
                f"{path}: the image has signed levels; save it with levels from 0 to 255"
            )
        if depth > 8 or file.mode not in _COLOUR:
            bits = f"{depth} bits" if depth > 8 else f"more than 8 bits (mode {file.mode})"
            raise DatasetError(
                f"{path}: the image has {bits} per channel; save it with 8 bits per channel"
            )
        if orientation and not apply_orientation:
            raise DatasetError(
                f"{path}: the image has the EXIF orientation {orientation}, so viewers rotate it; "
                "if its labels match the rotated image, rotate the pixels (mogrify -auto-orient "
                "FILE) or write apply_orientation = true into the dataset's TOML file, otherwise "
                "remove the tag (exiftool -Orientation= FILE)"
            )
        file.load()
        upright = ImageOps.exif_transpose(file) if orientation else file
        if upright.has_transparency_data and _least_alpha(upright) < 255:
            raise DatasetError(
                f"{path}: the image has transparent pixels; save it without an alpha channel"
            )
        return np.array(upright if upright.mode == "RGB" else upright.convert("RGB"))


def _least_alpha(picture: Pillow.Image) -> int:
    has_channel = picture.mode in ("RGBA", "LA", "PA")
    alpha = (picture if has_channel else picture.convert("RGBA")).getchannel("A")
    least, _ = alpha.getextrema()
    return int(least)  # type: ignore[arg-type]


@contextmanager
def image_file(path: Path, formats: tuple[str, ...] = _FORMATS) -> Iterator[ImageFile]:
    """Open an image file that may be damaged or hostile; its pixels are not decoded yet.

    Args:
        path: The file.
        formats: Accepted formats, by Pillow's names.

    Raises:
        Exception: The file is not regular, of another format, truncated, has a wrong checksum
            (PNG), or declares more pixels than MAX_DECODED_PIXELS. On a damaged file Pillow raises
            exceptions of many types, also while the block decodes the pixels.
    """
    check_regular(path)
    with Pillow.open(path, formats=formats) as file:
        if file.width * file.height > MAX_DECODED_PIXELS:
            raise Pillow.DecompressionBombError(
                f"{file.width}x{file.height} is more than {MAX_DECODED_PIXELS} pixels"
            )
        if file.format == "PNG":
            file.verify()  # checks the checksums, which decoding ignores
    with Pillow.open(path, formats=formats) as file:
        yield file


def read_label_ids(
    path: Path, colours: Mapping[str, int] | None = None
) -> NDArray[np.integer[Any]]:
    """Read a label file as ids.

    Args:
        path: The file.
        colours: Maps a colour such as "#804080" to its id, to read RGB images. None: RGB images
            are refused.

    Returns:
        Ids, HxW: uint8 for greyscale of 1 to 8 bits and for palette images, wider for 16 bits or
            for colours.

    Raises:
        DatasetError: The file cannot be read, has unknown colours, or has a format that can change
            ids.
    """
    with _opened(path, "label file") as file:
        by_colour = colours is not None and file.mode == "RGB" and _depth(file) == 8
        if file.mode not in _IDS and not by_colour:
            raise DatasetError(
                f"{path}: the labels are a colour image (mode {file.mode}); expected one class id "
                "per pixel: an 8-bit grey or palette PNG, or a 16-bit grey PNG"
            )
        # Pillow scales 2-bit and 4-bit grey to 0..255, which is right for images and wrong for ids.
        grey = re.match(r"L;(\d)", _coding(file))
        if changed := _changed_ids(file):
            raise DatasetError(f"{path}: {changed}; save the labels as a grey or palette PNG")
        if orientation := _orientation(file):
            raise DatasetError(
                f"{path}: the labels have the EXIF orientation {orientation}; remove the tag "
                "(exiftool -Orientation= FILE), after rotating the pixels if their image is "
                "upright"
            )
        file.load()
        ids = np.array(file)
    if colours is not None and by_colour:
        return ids_of_colours(ids, colours, path)
    if ids.dtype == np.bool_:
        ids = ids.astype(np.uint8)
    return ids // (255 // (2 ** int(grey[1]) - 1)) if grey else ids


@contextmanager
def _opened(path: Path, what: str) -> Iterator[ImageFile]:
    """Open a file; DatasetError for every fault, now or while the block decodes."""
    try:
        with image_file(path) as file:
            # The second picture of an MPO (a JPEG from a camera) is another view or a thumbnail.
            pages = getattr(file, "n_frames", 1) if file.format != "MPO" else 1
            if pages > 1:
                raise DatasetError(
                    f"{path}: the {what} has {pages} pages; save the page to use to a separate file"
                )
            yield file
    except DatasetError:
        raise
    except Exception as error:  # decoders raise errors of any type for damaged files
        raise unreadable(what, path, error) from error


def _depth(file: ImageFile) -> int:
    """Bits per channel of a file that is not loaded yet: Pillow reduces 16 to 8 when it loads."""
    if file.format == "TIFF":
        return int(max(file.tag_v2.get(_BITS_PER_SAMPLE, (1,))))  # type: ignore[attr-defined]
    if file.mode.startswith("I") or ";16" in _coding(file) or _maxval(file) > 255:
        return 16
    return 32 if file.mode == "F" else 8


def _orientation(file: ImageFile) -> int | None:
    """The EXIF orientation, 2..8, of a file that is not loaded yet; None: it is upright."""
    try:
        orientation = file.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # damaged EXIF data, which viewers also ignore
        return None
    return orientation if orientation in range(2, 9) else None


def _changed_ids(file: ImageFile) -> str | None:
    """Why the ids of a label file would change when decoded; None: they do not."""
    if file.format in ("JPEG", "MPO"):
        return "the labels are a JPEG, whose compression changes ids"
    if file.format == "TIFF" and file.info.get("compression") in ("jpeg", "tiff_jpeg", "webp"):
        return "the labels are a TIFF with lossy compression, which changes ids"
    if _is_signed(file) and _depth(file) <= 8:
        return "the labels are signed 8-bit numbers, and negative ones would change"
    if re.match(r"[1L];.*I", _coding(file)):
        return "the labels are stored inverted (0 is white)"
    if _maxval(file) not in (255, 65535):
        return f"the labels have levels of 0 to {_maxval(file)}, which decoding rescales"
    return None


def _is_signed(file: ImageFile) -> bool:
    formats = file.tag_v2.get(_SAMPLE_FORMAT, ()) if file.format == "TIFF" else ()  # type: ignore[attr-defined]
    return _SIGNED in formats


def _coding(file: ImageFile) -> str:
    """How pixels are stored, in Pillow's words, such as "RGB;16B"."""
    coding = file.tile[0].args if file.tile else ""
    return str(coding[0]) if isinstance(coding, tuple) and coding else str(coding)


def _maxval(file: ImageFile) -> int:
    """The highest level of a PPM file; 255 for other formats."""
    tile = file.tile[0] if file.format == "PPM" and file.tile else None
    if tile and tile.codec_name != "raw" and isinstance(tile.args, tuple) and len(tile.args) > 1:
        return int(tile.args[1])
    return 255


def unreadable(what: str, path: Path, error: BaseException) -> DatasetError:
    """Build the error for a file that cannot be read.

    Args:
        what: What the file is, such as "label file".
        path: The file.
        error: The error that was raised.

    Returns:
        The error, of one line.
    """
    if isinstance(error, FileNotFoundError):
        return DatasetError(f"{path}: no such {what}; restore it, or open the dataset again")
    if isinstance(error, Pillow.DecompressionBombError | Pillow.DecompressionBombWarning):
        return DatasetError(
            f"{path}: the {what} is too large to be decoded ({error}); cut it into tiles"
        )
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    remedy = "replace the file"
    if isinstance(error, UnidentifiedImageError):
        reason = f"not an image file of a known format: {', '.join(_FORMATS)}"
        if _is_lfs_pointer(path):
            reason, remedy = "it is a Git LFS pointer", "run `git lfs pull`"
    reason = " ".join(reason.split())
    return DatasetError(f"{path}: the {what} cannot be read ({reason}); {remedy}")


def _is_lfs_pointer(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(24) == b"version https://git-lfs."
