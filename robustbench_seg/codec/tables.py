"""Frozen dataclass <-> table of plain values, every field checked on reading."""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from robustbench_seg.codec.ranges import Range
from robustbench_seg.errors import CardError, RobustsegError, unknown
from robustbench_seg.text import one_line

Record = TypeVar("Record")

MAX_DEPTH = 16
"""Maximum nesting depth of a value."""

_INTEGERS = Range(-(2**63), 2**63 - 1)


def from_table(kind: type[Record], table: object, where: str) -> Record:
    """Build a dataclass from a table.

    Args:
        kind: The dataclass.
        table: The result of a TOML or JSON parser.
        where: The table's source, named in errors.

    Raises:
        CardError: A key is unknown or missing, a value has another type than its field, or
            `__post_init__` of the dataclass raises ValueError or a RobustsegError.
    """
    if not isinstance(table, Mapping):
        raise CardError(f"{where}: expected {kind.__name__}, got {type(table).__name__}")
    fields = {_key(field): field for field in _stored(kind)}
    hints = typing.get_type_hints(kind, include_extras=True)
    values = {}
    for key, value in table.items():
        if key not in fields:
            raise CardError(f"{where}: {unknown('key', one_line(str(key), 60), fields)}")
        name = fields[key].name
        values[name] = _checked(hints[name], value, f"{where}: {key}")
    for key, field in fields.items():
        required = field.default is field.default_factory is dataclasses.MISSING
        if required and key not in table:
            raise CardError(f"{where}: the key '{key}' is missing")
    try:
        return kind(**values)
    except (ValueError, RobustsegError) as error:
        raise CardError(f"{where}: {error}") from None


def to_table(record: object) -> dict[str, Any]:
    """The table of a dataclass, for JSON or TOML; `from_table` builds an equal dataclass from it.

    Tuples become lists, dataclasses dicts, paths strings. None is kept.

    Raises:
        TypeError: A value has no counterpart in a table.
    """
    values = ((field, getattr(record, field.name)) for field in _stored(type(record)))
    return {
        _key(field): _plain(value)
        for field, value in values
        if value is not None or not field.metadata.get("when_set")
    }


def _stored(kind: type) -> list[dataclasses.Field[Any]]:
    fields = dataclasses.fields(kind)
    return [field for field in fields if field.init and field.metadata.get("stored", True)]


def _key(field: dataclasses.Field[Any]) -> str:
    return str(field.metadata.get("key", field.name))


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


def _checked(hint: Any, value: Any, where: str) -> Any:
    """The value, converted to the annotation `hint`; CardError if it does not fit."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in (Any, object):
        return _any(value, where)
    if origin is Annotated:
        number = _checked(arguments[0], value, where)
        if not arguments[1].has(number):
            raise CardError(f"{where} = {_brief(number)} is out of range; give {arguments[1]}")
        return number
    if origin is Literal:
        if not any(value == known and type(value) is type(known) for known in arguments):
            raise CardError(f"{where}: {unknown('value', _brief(value), map(str, arguments))}")
        return value
    if origin in (types.UnionType, typing.Union):
        return _one_of(arguments, value, where)
    if origin is tuple and isinstance(value, list):
        return _items(arguments, value, where)
    if origin in (dict, Mapping) and isinstance(value, dict):
        return {
            _text(key, where): _checked(arguments[1], v, f"{where}.{one_line(key, 60)}")
            for key, v in value.items()
        }
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return from_table(typing.cast(type[Any], hint), value, where)
    return _scalar(hint, value, where)


def _items(kinds: tuple[Any, ...], values: list[Any], where: str) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(values)
    elif len(kinds) != len(values):
        raise CardError(f"{where}: expected {len(kinds)} values, got {len(values)}")
    pairs = zip(kinds, values, strict=True)
    return tuple(_checked(kind, v, f"{where}[{i}]") for i, (kind, v) in enumerate(pairs))


def _scalar(hint: Any, value: Any, where: str) -> Any:
    """Check a number, text, path or truth value."""
    if type(value) is int and hint in (int, float):
        if not _INTEGERS.has(value):
            raise CardError(f"{where} is out of range; give an integer of at most 64 bits")
        return hint(value)
    if type(value) is float and hint is float and not math.isfinite(value):
        raise CardError(f"{where} = {value} is out of range; give a finite number")
    if hint is Path and type(value) is str:
        return Path(_text(value, where))
    if hint is str and type(value) is str:
        return _text(value, where)
    if typing.get_origin(hint) is None and type(value) is hint:
        return value
    raise CardError(f"{where}: expected {_spelled(hint)}, got {type(value).__name__}")


def _any(value: Any, where: str, depth: int = 0) -> Any:
    """Check a value of any type that a table can contain."""
    if depth > MAX_DEPTH:
        raise CardError(f"{where} is nested more than {MAX_DEPTH} levels deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str | int | float):
        return _checked(type(value), value, where)
    if isinstance(value, list):
        return [_any(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {
            _text(key, where): _any(item, f"{where}.{one_line(key, 60)}", depth + 1)
            for key, item in value.items()
        }
    raise CardError(f"{where}: {type(value).__name__} is not supported; give text or a number")


def _text(value: str, where: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise CardError(f"{where} is not Unicode text: it contains half a surrogate pair") from None
    return value


def _brief(value: object) -> str:
    return one_line(str(value), 60)


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
    raise CardError(f"{where}: expected {wanted}, got {type(value).__name__}")


def _spelled(hint: Any) -> str:
    if typing.get_origin(hint) in (dict, Mapping):
        return f"table of {_spelled(typing.get_args(hint)[1])}"
    if typing.get_origin(hint) is Annotated:
        return _spelled(typing.get_args(hint)[0])
    if typing.get_origin(hint) is tuple and typing.get_args(hint)[-1] is Ellipsis:
        return f"list of {_spelled(typing.get_args(hint)[0])}"
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return " or ".join(map(_spelled, typing.get_args(hint)))
    return hint.__name__ if isinstance(hint, type) else str(hint)
