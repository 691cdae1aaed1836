"""Options as users write them: values of a specification, converted by the types of its fields."""

import numbers
from collections.abc import Iterable, Mapping
from dataclasses import Field, fields
from os import PathLike
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from robustbench_seg.errors import OptionError, unknown
from robustbench_seg.files import checked_path


def spec_values(
    spec: type, options: Mapping[str, object], what: str, *, further: Iterable[str] = ()
) -> dict[str, Any]:
    """Convert options to the values of a specification's fields.

    A field that is a tuple of any length accepts a single value or an iterable. A path accepts
    text, and text accepts a path. NumPy's integers become Python's. A field with metadata {"parse":
    f} accepts what f accepts. Other values do not change, because the specification checks them.

    Args:
        spec: The specification, a dataclass.
        options: Maps names of fields to values.
        what: The word for an option in errors, such as "option of train".
        further: Names of existing options that are not fields. They are left out.

    Raises:
        OptionError: An option does not exist, or a value cannot be parsed.
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


def _converted(field: Field[Any], hint: Any, value: Any) -> Any:
    kinds = {hint, *get_args(hint)}
    if get_origin(hint) is tuple and Ellipsis in kinds:
        several = isinstance(value, Iterable) and not isinstance(value, str | bytes)
        return tuple(map(_plain, value)) if several else (_plain(value),)
    if Path in kinds and value is not None:
        return checked_path(value)
    if parse := field.metadata.get("parse"):
        return parse(value)
    if str in kinds and isinstance(value, PathLike):
        return str(value)
    return _plain(value)


def _plain(value: Any) -> Any:
    """Convert a NumPy integer to a Python integer."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return int(value) if whole else value
