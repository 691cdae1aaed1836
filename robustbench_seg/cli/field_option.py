"""The option of a field of a specification, whose type, range and default are those of the field.

@field_option(EvaluationSpec, "batch", metavar="N", help="Windows of an image ...")
def evaluate(batch): ...
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import click

from robustbench_seg.cli.parsers import PATH, integer

Command = TypeVar("Command", bound=Callable[..., Any])


def field_option(
    spec: type, field: str, flag: str = "", **own: Any
) -> Callable[[Command], Command]:
    """Declare the option of a field.

    Args:
        spec: The specification, a dataclass.
        field: Name of the field, and so of the parameter.
        flag: The option. Empty: the name of the field.
        **own: Arguments of click.option, in place of those that follow from the field.
    """
    return option(flag or flag_of(field), field, **field_arguments(spec, field) | own)


def option(*names: str, **arguments: Any) -> Callable[[Command], Command]:
    """Declare an option as click.option does. Its help shows the default, if there is one."""
    arguments.setdefault("show_default", arguments.get("default") is not None)
    return click.option(*names, **arguments)


def flag_of(field: str) -> str:
    """Return the option that is named after a field.

    >>> flag_of("adapt_images")
    '--adapt-images'
    """
    return f"--{field.replace('_', '-')}"


def field_arguments(spec: type, field: str) -> dict[str, Any]:
    """List the arguments of click.option that follow from a field.

    A tuple of any length is a repeatable option, and a bool is a flag. A field of several types,
    such as a number or a word, is text, which a callback parses.

    Args:
        spec: The specification, a dataclass.
        field: Name of the field.

    >>> field_arguments(rs.EvaluationSpec, "measures")
    {'multiple': True, 'type': <class 'str'>}
    >>> field_arguments(rs.EvaluationSpec, "batch")
    {'type': <IntRange 1<=x<=65536>, 'default': 4}
    """
    hint = _hints(spec)[field]
    default = next(each.default for each in fields(spec) if each.name == field)
    arguments: dict[str, Any] = {}
    if get_origin(hint) is tuple and Ellipsis in get_args(hint):
        arguments["multiple"], hint = True, get_args(hint)[0]
    if hint is bool:
        return {"is_flag": True}
    arguments["type"] = _click_type(hint)
    if default is not MISSING and default not in (None, ()):
        arguments["default"] = default
    return arguments


@cache
def _hints(spec: type) -> Mapping[str, Any]:
    return get_type_hints(spec, include_extras=True)


def _click_type(hint: Any) -> Any:
    """Return the click type of the values of a field."""
    if get_origin(hint) in (Union, UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not NoneType]
        return _click_type(kinds[0]) if len(kinds) == 1 else str
    if get_origin(hint) is Literal:
        return click.Choice(get_args(hint))
    if get_origin(hint) is Annotated:
        kind, wanted = get_args(hint)
        return integer(wanted) if kind is int else kind  # the specification checks other numbers
    return PATH if hint is Path else hint
