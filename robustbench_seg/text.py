"""Numbers, counts and tables as text."""

import math
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path


def one_line(text: str, longest: int | None = None) -> str:
    r"""Return text of any origin as one printable line.

    Line breaks, control characters (which act on a terminal) and direction marks (which hide the
    order of a text) become spaces; several spaces become one. Invalid characters become the
    replacement character. Other text does not change.

    Args:
        text: The text.
        longest: Maximum number of characters; a longer text ends in "...". None: no limit.

    >>> one_line("a\tb\x1b[31m\u202ec"), one_line("abcdef", longest=5)
    ('a b [31m c', 'ab...')
    """
    line = text if text.isprintable() else " ".join("".join(map(_visible_character, text)).split())
    return line if longest is None or len(line) <= longest else f"{line[: longest - 3]}..."


def _visible_character(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Cs":
        return "\ufffd"
    return " " if kind in _UNSEEN and character not in _JOINERS else character


_UNSEEN = {"Cc", "Cf", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d"}
"""Zero-width joiners: they are part of words in several scripts, and of emoji."""


def escaped(text: str) -> str:
    r"""Escape line breaks and all other characters that are not printable.

    >>> escaped("a\nb")
    'a\\nb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def printable(path: Path | str) -> str:
    r"""Return a path as text that is valid UTF-8.

    >>> printable("caf\udce9")
    'caf\\udce9'
    """
    return str(path).encode(errors="backslashreplace").decode()


def text_table(rows: Sequence[Sequence[str]], left: Collection[int] = (0,)) -> str:
    """Align a table in columns, each as wide as its longest cell, two spaces apart.

    Args:
        rows: Cells, the same number in each row; the first row is usually the header.
        left: Indices of the left-aligned columns; the others are right-aligned.

    Returns:
        A line for each row.

    >>> print(text_table([["model", "mIoU"], ["a", "9.5"], ["longer", "80.0"]]))
    model   mIoU
    a        9.5
    longer  80.0
    """
    rows = [[one_line(cell) for cell in row] for row in rows]
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
    """Return a number with `digits` decimals; an empty text for nan. Zero has no sign.

    >>> number(1.25, 2), number(-0.04), number(float("nan"))
    ('1.25', '0.0', '')
    """
    return "" if math.isnan(value) else f"{value:z.{digits}f}"


def counted(numbers: int | Iterable[int], one: str, several: str | None = None) -> str:
    """Return a count with its noun, or several counts that occur.

    Args:
        numbers: The count, or all counts that occur.
        one: The noun in the singular.
        several: The noun in the plural. None: with an s.

    >>> counted(1, "image"), counted([4, 24], "image"), counted(2, "class", "classes")
    ('1 image', '4 or 24 images', '2 classes')
    """
    numbers = list(numbers) if isinstance(numbers, Iterable) else [numbers]
    noun = one if numbers == [1] else several or f"{one}s"
    return f"{' or '.join(map(str, numbers))} {noun}"


def enumeration(items: Sequence[str]) -> str:
    """Join items as in a sentence.

    >>> enumeration(["a"]), enumeration(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def first_items(items: Sequence[str], count: int = 5, total: int | None = None) -> str:
    """List the first items, and count the others.

    Args:
        items: The items; at least the first ones.
        count: Maximum number of items to list.
        total: Number of all items. None: `items` are all.

    >>> first_items(["road", "sky"]), first_items(["road", "sky", "car", "bus"], 2)
    ('road, sky', 'road, sky and 2 more')
    """
    others = (len(items) if total is None else total) - count
    return ", ".join(items[:count]) + (f" and {others} more" if others > 0 else "")
