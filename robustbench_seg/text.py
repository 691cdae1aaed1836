"""Tables as text for the terminal."""

from collections.abc import Collection, Sequence


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
