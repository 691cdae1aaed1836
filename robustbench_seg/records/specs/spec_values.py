"""Options as users write them: values of a specification, converted by the types of its fields."""

import numbers
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from os import PathLike
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from robustbench_seg.errors import OptionError, unknown
from robustbench_seg.files import checked_path
from robustbench_seg.text import one_line


def spec_values(
    spec: type, options: Mapping[str, object], what: str, *, further: Iterable[str] = ()
) -> dict[str, Any]:
    """Convert options to the values of a specification's fields.

    A field that is a tuple of any length accepts a single value or an iterable. A path accepts
    text, and text accepts a path. NumPy's integers become Python's. A field with metadata {"parse":
    f} accepts what f accepts. Other values do not change, because the specification checks numbers
    and choices.

    Args:
        spec: The specification, a dataclass.
        options: Maps names of fields to values.
        what: The word for an option in errors, such as "option of train".
        further: Names of existing options that are not fields. They are left out.

    Raises:
        OptionError: An option does not exist, a value cannot be parsed, is not text or a flag
            although it has to be, or is None although there is another default.
        FileError: The value of a path is not a path.
    """
    known = {each.name: each for each in fields(spec)}
    names, hints = [*known, *further], get_type_hints(spec)
    for name in options:
        if name not in names:
            raise OptionError(unknown(what, name, names))
    return {
        name: _converted(known[name], hints[name], value)
        for name, value in options.items()
        if name in known
    }


def check_given_alone(*arguments: object, options: Mapping[str, object]) -> None:
    """Check that a function that got a specification got nothing else.

    Args:
        *arguments: Its arguments that the specification replaces. None: not given.
        options: Its keyword options.

    Raises:
        OptionError: One of them is given.
    """
    if options or any(argument is not None for argument in arguments):
        raise OptionError("give a specification or options, not both")


def as_tuple(value: Any) -> tuple[Any, ...]:
    """Return several values as a tuple, and a single value as a tuple of one.

    >>> as_tuple("fog"), as_tuple(["fog", "snow"])
    (('fog',), ('fog', 'snow'))
    """
    several = isinstance(value, Iterable) and not isinstance(value, str | bytes)
    return tuple(value) if several else (value,)


def _converted(field: Field[Any], hint: Any, value: Any) -> Any:
    kinds = {hint, *get_args(hint)}
    if get_origin(hint) is tuple and Ellipsis in kinds:
        several = tuple(_plain(each, kinds) for each in as_tuple(value))
        for each in several:
            _check_text(field.name, kinds, each)
        return several
    if Path in kinds and value is not None:
        return checked_path(value)
    if parse := field.metadata.get("parse"):
        return parse(value)
    value = _plain(value, kinds)
    _check_type(field, kinds, value)
    return value


def _plain(value: Any, kinds: set[Any]) -> Any:
    """Convert a NumPy integer to a Python integer, and a path to text where text is wanted."""
    if str in kinds and isinstance(value, PathLike):
        return str(value)
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return int(value) if whole else value


def _check_type(field: Field[Any], kinds: set[Any], value: object) -> None:
    """Check that an option is text or a flag if it has to be. The specification checks the rest."""
    if value is None:
        if not kinds & {NoneType, Path} and field.default is not MISSING:
            raise OptionError(f"{field.name} is None; give a value, or leave it out")
        return
    _check_text(field.name, kinds, value)
    if bool in kinds and not isinstance(value, bool):
        shown = one_line(repr(value), 60)
        raise OptionError(f"{field.name} = {shown} is neither True nor False; give one")


def _check_text(name: str, kinds: set[Any], value: object) -> None:
    if str in kinds and not isinstance(value, str):
        raise OptionError(f"{name} = {one_line(repr(value), 60)} is not text; give a string")
