"""TOML text -> frozen dataclass, every field checked; and back.

A field's annotation says what is accepted: str, int, float, bool, Literal[...], X | None,
tuple[X, ...], dict[str, X], Any, or another dataclass (a TOML table). An unknown key is an error
that names the nearest known one; so a misspelt setting never becomes a silent default.
"""

import dataclasses
import json
import tomllib
import types
import typing
from collections.abc import Collection
from typing import Any, Literal, TypeVar

from robustbench_seg.errors import CardError, unknown

Card = TypeVar("Card")


def parse(kind: type[Card], text: str, where: str) -> Card:
    """Read the TOML `text` as a `kind`; `where` names its source in errors (CardError)."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CardError(f"{where}: not valid TOML: {error}") from None
    return from_table(kind, table, where)


def from_table(kind: type[Card], table: dict[str, Any], where: str) -> Card:
    """Build the dataclass `kind` from a parsed TOML table."""
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
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
    return kind(**values)


def to_toml(card: Any, remark: str = "", without: Collection[str] = ()) -> str:
    """The TOML of a dataclass, tables last; what is None or False is left out.

    remark:  a comment that it begins with
    without: fields that are left out
    """
    head, tables = [f"# {remark}"] if remark else [], []
    for name, value in vars(card).items():
        if name in without or value is None or value is False:
            continue
        if dataclasses.is_dataclass(value):
            tables += ["", f"[{name}]"]
            tables += [f"{k} = {_toml(v)}" for k, v in vars(value).items() if v is not None]
        else:
            head.append(f"{name} = {_toml(value)}")
    return "\n".join([*head, *tables, ""])


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml(item)}' for key, item in value.items())} }}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, bool | int | float | str):
        # JSON's spelling of these is TOML's, too.
        return json.dumps(value, ensure_ascii=False)
    raise TypeError(f"no TOML for {type(value).__name__}")


def _checked(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if origin is Literal:
        if value not in arguments:
            raise CardError(f"{where}: {unknown('value', str(value), map(str, arguments))}")
        return value
    if origin in (types.UnionType, typing.Union):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return _checked(inner, value, where)
    if origin is tuple and isinstance(value, list):
        if arguments[-1] is Ellipsis:
            arguments = (arguments[0],) * len(value)
        elif len(arguments) != len(value):
            raise CardError(f"{where}: {len(arguments)} values wanted, {len(value)} given")
        pairs = zip(arguments, value, strict=True)
        return tuple(_checked(kind, v, f"{where}[{i}]") for i, (kind, v) in enumerate(pairs))
    if origin is dict and isinstance(value, dict):
        return {key: _checked(arguments[1], v, f"{where}.{key}") for key, v in value.items()}
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return from_table(typing.cast(type[Any], hint), value, where)
    if hint is float and type(value) is int:
        return float(value)
    if origin is None and type(value) is hint:
        return value
    raise CardError(f"{where}: {_spelled(hint)} wanted, {type(value).__name__} given")


def _spelled(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint)
