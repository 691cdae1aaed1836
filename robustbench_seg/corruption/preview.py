"""A contact sheet: one photo under every corruption and severity of a protocol."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from robustbench_seg.corruption.engine import corrupt
from robustbench_seg.records.protocol import SEVERITIES, Protocol

_WIDEST = 320
_MARGIN = 4
_HEADER = 24
_LABELS = 150


def contact_sheet(photo: NDArray[np.uint8], protocol: Protocol, seed: int = 0) -> Image.Image:
    """Draw `photo` (uint8 HxWx3 RGB) with a row for each corruption, a column for each severity.

    The photo is corrupted at its own size, since severities are in pixels, and only then shrunk to
    its cell.
    """
    height, width = photo.shape[:2]
    scale = min(1.0, _WIDEST / width)
    cell = (round(width * scale), round(height * scale))
    right, down = cell[0] + _MARGIN, cell[1] + _MARGIN
    sheet = Image.new(
        "RGB",
        (_LABELS + right * len(SEVERITIES), _HEADER + down * len(protocol.corruptions)),
        "white",
    )
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for column, severity in enumerate(SEVERITIES):
        draw.text((_LABELS + column * right, 4), f"severity {severity}", "black", font)
    for row, spec in enumerate(protocol.corruptions):
        top = _HEADER + row * down
        draw.text((4, top + cell[1] // 2 - 16), spec.name, "black", font)
        draw.text((4, top + cell[1] // 2), spec.category, "gray", font)
        for column, severity in enumerate(SEVERITIES):
            variant = corrupt(photo, spec.name, severity, seed=seed, protocol=protocol)
            shrunk = Image.fromarray(variant).resize(cell, Image.Resampling.BOX)
            sheet.paste(shrunk, (_LABELS + column * right, top))
    return sheet
