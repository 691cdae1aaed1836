"""The geometry in which images go into a network that takes more than one."""

import re

from robustbench_seg.errors import ModelError
from robustbench_seg.records.image_size import Size, check_size

NATIVE = "native"
"""The image's own size."""

PROCESSOR = "processor"
"""Whatever the model's own image processor does: a fixed size, a shortest edge, windows."""


def input_size_text(value: object) -> str | None:
    """Check an input size, and write it in one way.

    Args:
        value: "native", "processor", a text such as "512x1024", or height and width in pixels.
            None: the model's own.

    Returns:
        The same as a text.

    Raises:
        ModelError: The value is something else, or no machine takes images of the size.

    >>> input_size_text((512, 1024)), input_size_text("512X1024"), input_size_text("native")
    ('512x1024', '512x1024', 'native')
    """
    if value is None or value in (NATIVE, PROCESSOR):
        return None if value is None else str(value)
    if isinstance(value, tuple | list) and len(value) == 2:
        value = "x".join(map(str, value))
    found = re.fullmatch(r"(\d{1,9})x(\d{1,9})", value.lower()) if isinstance(value, str) else None
    if not found:
        raise ModelError(
            f"unknown input size {value!r:.60}; give native, processor or height x width, such as "
            "512x1024"
        )
    height, width = int(found[1]), int(found[2])
    check_size((height, width))
    return f"{height}x{width}"


def sides(text: str | None) -> Size | None:
    """Height and width of an input size; None where it depends on the image or the model.

    >>> sides("512x1024"), sides("processor"), sides(None)
    ((512, 1024), None, None)
    """
    if text in (None, NATIVE, PROCESSOR):
        return None
    height, width = str(text).split("x")
    return int(height), int(width)
