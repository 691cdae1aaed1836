"""Convert labels stored as colours in an RGB image to ids."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.errors import DatasetError
from robustbench_seg.text import first_items

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def is_colour(text: str) -> bool:
    """Return whether a text is a colour such as "#804080": two hex digits for each channel."""
    return bool(_COLOUR.fullmatch(text))


def ids_of_colours(
    pixels: NDArray[np.uint8], colours: Mapping[str, int], where: Path
) -> NDArray[np.int32]:
    """Look up the id of each pixel's colour.

    Args:
        pixels: uint8 HxWx3 RGB.
        colours: Maps a colour such as "#804080" to its id.
        where: The label file, for errors.

    Returns:
        int32 HxW, the ids.

    Raises:
        DatasetError: A pixel has a colour that is not in `colours`. The message names up to five.
    """
    codes = pixels.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
    known = sorted((int(colour[1:], 16), label_id) for colour, label_id in colours.items())
    known_codes, ids = np.array(known, np.int32).T
    places = np.minimum(np.searchsorted(known_codes, codes), len(known_codes) - 1)
    wrong = known_codes[places] != codes
    if wrong.any():
        raise DatasetError(f"{where}: {_unknown(codes[wrong])}")
    found: NDArray[np.int32] = ids[places]
    return found


def _unknown(codes: NDArray[Any]) -> str:
    others, counts = np.unique(codes, return_counts=True)
    # An image may have millions of colours, so only the first ones become text.
    first = zip(others[:5], counts[:5], strict=True)
    shown = first_items([f"#{code:06x} ({n} pixels)" for code, n in first], total=len(others))
    return (
        f"the colour {shown} is not in label_colours of this dataset; add it, or save "
        "the labels without smoothing and lossy compression"
    )
