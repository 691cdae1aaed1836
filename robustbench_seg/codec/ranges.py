"""The numbers that a field accepts, and checks of values that Python code passes."""

import dataclasses
import math
import numbers
import types
import typing
from typing import Annotated, Any

from robustbench_seg.errors import OptionError
from robustbench_seg.text import printable


@dataclasses.dataclass(frozen=True)
class Range:
    """The numbers that a field accepts, written as `Annotated[float, Range(above=0)]`.

    Attributes:
        least: The smallest one.
        most: The largest one.
        above: All are larger than this.
        below: All are smaller than this.

    >>> str(Range(1)), str(Range(0, 100)), str(Range(0, below=1))
    ('1 or more', '0 to 100', '0 or more and less than 1')
    """

    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf
    below: float = math.inf

    def has(self, value: object) -> bool:
        """Return whether a value is a finite number within the range."""
        number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        return number and self.least <= value <= self.most and self.above < value < self.below  # type: ignore[operator]

    def __str__(self) -> str:
        if math.isfinite(self.least) and math.isfinite(self.most):
            return f"{self.least:g} to {self.most:.15g}"
        ends = (f"{self.least:g} or more", f"{self.most:g} or less")
        opens = (f"more than {self.above:g}", f"less than {self.below:g}")
        texts = zip((self.least, self.most, self.above, self.below), (*ends, *opens), strict=True)
        return " and ".join(text for end, text in texts if math.isfinite(end))


def check_ranges(record: object) -> None:
    """Raise OptionError if a field of a dataclass from Python code is outside its Range."""
    hints = typing.get_type_hints(type(record), include_extras=True)
    for name, hint in hints.items():
        value = getattr(record, name)
        if value is not None and (wanted := _outside(hint, value)):
            raise OptionError(f"{name} = {value!r} is out of range; give {wanted}")


def _outside(hint: Any, value: Any) -> str | None:
    """The range of a value, or of one of a tuple, that is outside it."""
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        if arguments[-1] is ...:
            arguments = (arguments[0],) * len(value)
        pairs = zip(arguments, value, strict=False)
        return next((wanted for kind, v in pairs if (wanted := _outside(kind, v))), None)
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return next((wanted for kind in arguments if (wanted := _outside(kind, value))), None)
    if typing.get_origin(hint) is Annotated:
        whole = arguments[0] is not int or isinstance(value, numbers.Integral)
        if not (whole and arguments[1].has(value)):
            return f"an integer, {arguments[1]}" if arguments[0] is int else str(arguments[1])
    return None


def check_text(key: str, text: str | None) -> None:
    """Raise OptionError if a text from Python code cannot be written as UTF-8."""
    if text is not None and printable(text) != text:
        raise OptionError(
            f"{key} = {printable(text)!r:.200} is not UTF-8 text; choose another text"
        )
