"""Frozen dataclass <-> plain table of TOML or JSON, every field checked on reading.

A field's annotation says what is accepted: str, int, float (an int becomes one), bool,
Literal[...], X | None (None is JSON's null), tuple[X, ...], dict or Mapping[str, X], Any, Path (a
string), or another dataclass (a table). A bool is no int. An unknown key is an error that names the
nearest known one, so a misspelt setting never becomes a silent default. A dataclass checks what its
types cannot say in `__post_init__`. A field with metadata {"stored": False} is neither read nor
written; one with {"when_set": True} is not written where it is None.
"""

import dataclasses
import tomllib
import types
import typing
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import tomli_w

from robustbench_seg.errors import CardError, RobustsegError, unknown

Card = TypeVar("Card")


def parse(kind: type[Card], text: str, where: str) -> Card:
    """Read the TOML `text` as a `kind`; `where` names its source in errors (CardError)."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CardError(f"{where}: not valid TOML: {error}") from None
    return from_table(kind, table, where)


def from_table(kind: type[Card], table: Mapping[str, Any], where: str) -> Card:
    """Build a dataclass from a table.

    Args:
        kind: The dataclass.
        table: What a TOML or JSON parser returns.
        where: The table's source, named in errors.

    Raises:
        CardError: A key is unknown or missing, a value has another type than its field, or
            `__post_init__` of the dataclass raises ValueError or a RobustsegError.
    """
    if not isinstance(table, Mapping):
        raise CardError(f"{where}: {kind.__name__} wanted, {type(table).__name__} given")
    fields = {field.name: field for field in _stored(kind)}
    hints = typing.get_type_hints(kind)
    values = {}
    for key, value in table.items():
        if key not in fields:
            raise CardError(f"{where}: {unknown('key', key, fields)}")
        values[key] = _checked(hints[key], value, f"{where}: {key}")
    for name, field in fields.items():
        required = field.default is field.default_factory is dataclasses.MISSING
        if required and name not in values:
            raise CardError(f"{where}: the key '{name}' is missing")
    try:
        return kind(**values)
    except (ValueError, RobustsegError) as error:
        raise CardError(f"{where}: {error}") from None


def to_table(record: object) -> dict[str, Any]:
    """The table of a dataclass, for JSON or TOML: what `from_table` reads as an equal one.

    Tuples become lists, dataclasses dicts, paths strings. None is kept.

    Raises:
        TypeError: A value has no counterpart in a table.
    """
    values = ((field, getattr(record, field.name)) for field in _stored(type(record)))
    return {
        field.name: _plain(value)
        for field, value in values
        if value is not None or not field.metadata.get("when_set")
    }


def to_toml(record: object, remark: str = "", without: Collection[str] = ()) -> str:
    """The TOML of a dataclass. What is None is left out.

    Args:
        record: The dataclass.
        remark: A comment at the head, one or more lines; control characters become spaces.
        without: Names of fields to leave out.

    Raises:
        TypeError: A value has no counterpart in TOML, such as None in a list.
    """
    table = {name: value for name, value in to_table(record).items() if name not in without}
    comment = "".join(f"# {_printable(line)}".rstrip() + "\n" for line in remark.splitlines())
    return comment + tomli_w.dumps(_without_none(table))


def _stored(kind: type) -> list[dataclasses.Field[Any]]:
    fields = dataclasses.fields(kind)
    return [field for field in fields if field.init and field.metadata.get("stored", True)]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        return to_table(value)
    raise TypeError(f"a table cannot hold {type(value).__name__}")


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value is not None
    }


def _printable(line: str) -> str:
    return "".join(character if character.isprintable() else " " for character in line)


def _checked(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in (Any, object):
        return value
    if origin is Literal:
        if not any(value == known and type(value) is type(known) for known in arguments):
            raise CardError(f"{where}: {unknown('value', str(value), map(str, arguments))}")
        return value
    if origin in (types.UnionType, typing.Union):
        return _one_of(arguments, value, where)
    if origin is tuple and isinstance(value, list):
        if arguments[-1] is Ellipsis:
            arguments = (arguments[0],) * len(value)
        elif len(arguments) != len(value):
            raise CardError(f"{where}: {len(arguments)} values wanted, {len(value)} given")
        pairs = zip(arguments, value, strict=True)
        return tuple(_checked(kind, v, f"{where}[{i}]") for i, (kind, v) in enumerate(pairs))
    if origin in (dict, Mapping) and isinstance(value, dict):
        return {
            key: _checked(arguments[1], v, f"{where}.{_printable(key)}") for key, v in value.items()
        }
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return from_table(typing.cast(type[Any], hint), value, where)
    if hint is float and type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise CardError(f"{where}: the number is too large") from None
    if hint is Path and type(value) is str:
        return Path(value)
    if origin is None and type(value) is hint:
        return value
    raise CardError(f"{where}: {_spelled(hint)} wanted, {type(value).__name__} given")


def _one_of(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    """`value` as the first of `kinds` that it fits."""
    if value is None and type(None) in kinds:
        return None
    others = [kind for kind in kinds if kind is not type(None)]
    if len(others) == 1:
        return _checked(others[0], value, where)
    for kind in others:
        try:
            return _checked(kind, value, where)
        except CardError:
            continue
    wanted = " or ".join(map(_spelled, others))
    raise CardError(f"{where}: {wanted} wanted, {type(value).__name__} given")


def _spelled(hint: Any) -> str:
    if typing.get_origin(hint) in (dict, Mapping):
        return f"table of {_spelled(typing.get_args(hint)[1])}"
    return hint.__name__ if isinstance(hint, type) else str(hint)
