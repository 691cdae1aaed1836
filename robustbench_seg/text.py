"""Numbers, counts and tables as text."""

import math
from collections.abc import Collection, Iterable, Sequence


def text_table(rows: Sequence[Sequence[str]], left: Collection[int] = (0,)) -> str:
    """Lines of columns, each as wide as its longest cell, two spaces apart.

    rows: cells, as many in each row; the first row is usually the head
    left: numbers of the columns whose cells are aligned to the left; the others to the right

    >>> print(text_table([["model", "mIoU"], ["a", "9.5"], ["longer", "80.0"]]))
    model   mIoU
    a        9.5
    longer  80.0
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def number(value: float, digits: int = 1) -> str:
    """Return a number with `digits` decimals; an empty text for nan.

    >>> number(1.25, 2), number(float("nan"))
    ('1.25', '')
    """
    return "" if math.isnan(value) else f"{value:.{digits}f}"


def counted(numbers: Iterable[int], one: str, several: str | None = None) -> str:
    """Return a count with its noun; several numbers where the count depends on the case.

    Args:
        numbers: The count, or all counts that occur.
        one: The noun in the singular.
        several: The noun in the plural. None: with an s.

    >>> counted([1], "image"), counted([4, 24], "image"), counted([2], "class", "classes")
    ('1 image', '4 or 24 images', '2 classes')
    """
    numbers = list(numbers)
    noun = one if numbers == [1] else several or f"{one}s"
    return f"{' or '.join(map(str, numbers))} {noun}"
