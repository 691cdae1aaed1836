"""The size of the images for a network that supports several sizes."""

import re

from robustbench_seg.errors import OptionError
from robustbench_seg.records.values.image_size import Size, check_size

NATIVE = "native"
"""The image's own size."""

PROCESSOR = "processor"
"""The size from the model's own image processor: fixed, by shortest edge, or windows."""


def input_size_text(value: object) -> str | None:
    """Check an input size, and convert it to a text.

    Args:
        value: "native", "processor", a text such as "512x1024", or height and width in pixels.
            None: the default of the model.

    Returns:
        The size as "native", "processor" or a text such as "512x1024"; None stays None.

    Raises:
        OptionError: The value is none of these, or the size is out of range.

    >>> input_size_text((512, 1024)), input_size_text("512X1024"), input_size_text("native")
    ('512x1024', '512x1024', 'native')
    """
    if value is None or value in (NATIVE, PROCESSOR):
        return None if value is None else str(value)
    if isinstance(value, tuple | list) and len(value) == 2:
        value = "x".join(map(str, value))
    found = re.fullmatch(r"(\d{1,9})x(\d{1,9})", value.lower()) if isinstance(value, str) else None
    if not found:
        raise OptionError(
            f"unknown input size {value!r:.60}; give native, processor or height x width, such as "
            "512x1024"
        )
    height, width = int(found[1]), int(found[2])
    check_size((height, width))
    return f"{height}x{width}"


def sides(text: str | None) -> Size | None:
    """Return the height and width of an input size, or None if the image or the model decides it.

    >>> sides("512x1024"), sides("processor"), sides(None)
    ((512, 1024), None, None)
    """
    if text in (None, NATIVE, PROCESSOR):
        return None
    height, width = str(text).split("x")
    return int(height), int(width)
