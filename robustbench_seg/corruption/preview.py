"""A contact sheet: one photo under every corruption and severity of a protocol."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from robustbench_seg.corruption.compiling import announce_compiling
from robustbench_seg.corruption.entry_point import corrupt
from robustbench_seg.errors import FileError
from robustbench_seg.files import atomic_file, not_own
from robustbench_seg.records.cards.protocol import Protocol

_WIDEST = 320
_MARGIN = 4
_HEADER = 24
_LABELS = 150
_SUFFIXES = (".png", ".jpg", ".jpeg")

MARK = "robustseg"
"""The comment in the file of a preview sheet; it identifies files that this command may replace."""


def write_preview(
    photo: NDArray[np.uint8], protocol: Protocol, out: Path, seed: int = 0, threads: int = 1
) -> None:
    """Write a sheet of a photo under every corruption and severity of a protocol.

    Args:
        photo: uint8 HxWx3 RGB.
        protocol: The protocol.
        out: The file, PNG or JPEG. An earlier sheet is replaced.
        seed: Seed of the corruptions' random numbers.
        threads: CPU threads of a corruption.

    Raises:
        FileError: The suffix of `out` is neither .png nor .jpg, another file exists there, or it
            cannot be written.
        CorruptionError: The photo cannot be corrupted.
    """
    check_sheet(out)
    announce_compiling()
    write_sheet(contact_sheet(photo, protocol, seed, threads), out)


def contact_sheet(
    photo: NDArray[np.uint8], protocol: Protocol, seed: int = 0, threads: int = 1
) -> Image.Image:
    """Draw `photo` (uint8 HxWx3 RGB) with a row for each corruption, a column for each severity.

    The first column has the clean photo. The photo is corrupted at its own size, because severities
    are in pixels, and then shrunk to its cell.
    """
    height, width = photo.shape[:2]
    scale = min(1.0, _WIDEST / width)
    cell = (round(width * scale), round(height * scale))
    right, down = cell[0] + _MARGIN, cell[1] + _MARGIN
    columns = ("clean", *(f"severity {severity}" for severity in protocol.severities))
    sheet = Image.new(
        "RGB",
        (_LABELS + right * len(columns), _HEADER + down * len(protocol.perturbations)),
        "white",
    )
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for column, name in enumerate(columns):
        draw.text((_LABELS + column * right, 4), name, "black", font)
    clean = Image.fromarray(photo).resize(cell, Image.Resampling.BOX)
    for row, perturbation in enumerate(protocol.perturbations):
        top = _HEADER + row * down
        draw.text((4, top + cell[1] // 2 - 16), perturbation.name, "black", font)
        draw.text((4, top + cell[1] // 2), perturbation.category, "gray", font)
        sheet.paste(clean, (_LABELS, top))
        for column, severity in enumerate(perturbation.severities, 1):
            corrupted = corrupt(
                photo, perturbation.name, severity, seed=seed, protocol=protocol, threads=threads
            )
            shrunk = Image.fromarray(corrupted).resize(cell, Image.Resampling.BOX)
            sheet.paste(shrunk, (_LABELS + column * right, top))
    return sheet


def check_sheet(path: Path) -> None:
    """Check that a sheet can be written to a path, before drawing it.

    Raises:
        FileError: The suffix is neither .png nor .jpg, or another file exists there.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise FileError(f"{path}: name the preview sheet with the suffix .png or .jpg")
    if not os.path.lexists(path):
        return
    try:
        with Image.open(path) as picture:
            own = (
                picture.info.get("Software") == MARK or picture.info.get("comment") == MARK.encode()
            )
    except (OSError, ValueError, SyntaxError):
        own = False
    if not own:
        raise not_own(path, "a preview sheet of this command", "name")


def write_sheet(sheet: Image.Image, path: Path) -> None:
    """Write a sheet as PNG or JPEG, with a mark that `check_sheet` recognises.

    Raises:
        FileError: The file cannot be written.
    """
    about = PngInfo()
    about.add_text("Software", MARK)
    with atomic_file(path) as file:
        if path.suffix.lower() == ".png":
            sheet.save(file, pnginfo=about)
        else:
            sheet.save(file, comment=MARK)
