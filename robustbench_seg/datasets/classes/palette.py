"""Colours for classes without colours."""


def voc_palette(count: int) -> tuple[tuple[int, int, int], ...]:
    """Generate distinct colours: the colour map of PASCAL VOC, without its black at 0.

    The bits of an index, starting at the lowest, alternate between red, green and blue, starting at
    their highest.

    Args:
        count: Number of colours.

    Returns:
        RGB colours, 0..255.

    >>> voc_palette(3)
    ((128, 0, 0), (0, 128, 0), (128, 128, 0))
    """
    return tuple(_colour(index) for index in range(1, count + 1))


def _colour(index: int) -> tuple[int, int, int]:
    red, green, blue = (
        sum((index >> (3 * bit + channel) & 1) << (7 - bit) for bit in range(8))
        for channel in range(3)
    )
    return red, green, blue
