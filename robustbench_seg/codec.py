"""Frozen dataclass <-> plain table of TOML or JSON, every field checked on reading.

A field's annotation says what is accepted: str, int, float (an int becomes one), bool,
Literal[...], X | None (None is JSON's null), tuple[X, ...], dict or Mapping[str, X], Any, Path (a
string), or another dataclass (a table). `Annotated[int, Range(1)]` says which numbers are accepted.
A bool is not an int, an int has at most 64 bits, a float is finite, and text is Unicode. An unknown
key is an error that names the nearest known one, so a misspelt setting never becomes a silent
default. A dataclass checks what its types cannot say in `__post_init__`. A field with metadata
{"stored": False} is neither read nor written; one with {"when_set": True} is not written if it is
None.
"""

import dataclasses
import math
import numbers
import tomllib
import types
import typing
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tomli_w

from robustbench_seg.errors import CardError, RobustsegError, unknown
from robustbench_seg.files import check_regular, printable
from robustbench_seg.text import one_line

Card = TypeVar("Card")

MAX_BYTES = 4 << 20
"""The largest TOML file that is read."""

MAX_DEPTH = 16
"""How deeply a value of any type may be nested."""


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
        """Whether a value is a finite number within the range."""
        number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        return number and self.least <= value <= self.most and self.above < value < self.below  # type: ignore[operator]

    def __str__(self) -> str:
        if math.isfinite(self.least) and math.isfinite(self.most):
            return f"{self.least:g} to {self.most:.15g}"
        ends = (f"{self.least:g} or more", f"{self.most:g} or less")
        opens = (f"more than {self.above:g}", f"less than {self.below:g}")
        texts = zip((self.least, self.most, self.above, self.below), (*ends, *opens), strict=True)
        return " and ".join(text for end, text in texts if math.isfinite(end))


_INTEGERS = Range(-(2**63), 2**63 - 1)


def check_ranges(record: object, error: type[RobustsegError]) -> None:
    """Raise `error` if a field of a dataclass that was made in Python is out of its Range."""
    hints = typing.get_type_hints(type(record), include_extras=True)
    for name, hint in hints.items():
        value = getattr(record, name)
        if value is not None and (wanted := _outside(hint, value)):
            raise error(f"{name} = {value!r} is out of range; give {wanted}")


def check_count(name: str, value: object, wanted: Range, error: type[RobustsegError]) -> None:
    """Raise `error` if an argument that is a count is neither None nor within `wanted`."""
    if value is not None and (outside := _outside(Annotated[int, wanted], value)):
        raise error(f"{name} = {value!r} is out of range; give {outside}")


def _outside(hint: Any, value: Any) -> str | None:
    """What is wanted of a value, or of one of a tuple, that is outside of its range."""
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


def check_text(key: str, text: str | None, error: type[RobustsegError]) -> None:
    """Raise `error` if a text that was made in Python cannot be written as UTF-8."""
    if text is not None and printable(text) != text:
        raise error(f"{key} = {printable(text)!r:.200} is not UTF-8 text; choose another")


def read(kind: type[Card], path: Path, what: str) -> Card:
    """Read a TOML file.

    Args:
        kind: The dataclass.
        path: The file, UTF-8 with or without a byte order mark.
        what: What the file is, for errors, such as "model card".

    Raises:
        CardError: The file cannot be read, is not UTF-8, or is wrong.
    """
    try:
        check_regular(path)
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a zero in the path
        why = getattr(error, "strerror", None) or error
        raise CardError(f"{path!s:.200}: the {what} cannot be read ({why})") from error
    if len(data) > MAX_BYTES:
        raise CardError(f"{path}: the {what} cannot be read (larger than {MAX_BYTES >> 20} MiB)")
    try:
        if b"\0" in data:
            raise UnicodeError  # no TOML holds a zero; UTF-16, which looks like any text, does
        text = data.decode("utf-8-sig")
    except UnicodeError as error:
        raise CardError(f"{path}: the {what} is not UTF-8 text; save it as UTF-8") from error
    return parse(kind, text, str(path))


def parse(kind: type[Card], text: str, where: str) -> Card:
    """Read the TOML `text` as a `kind`; `where` names its source in errors (CardError)."""
    try:
        table = tomllib.loads(text)
    except RecursionError as error:
        raise CardError(f"{where}: not valid TOML: it is nested too deeply") from error
    except ValueError as error:  # also of a number with thousands of digits
        raise CardError(f"{where}: not valid TOML: {one_line(str(error), 200)}") from error
    return from_table(kind, table, where)


def from_table(kind: type[Card], table: object, where: str) -> Card:
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
    hints = typing.get_type_hints(kind, include_extras=True)
    values = {}
    for key, value in table.items():
        if key not in fields:
            raise CardError(f"{where}: {unknown('key', one_line(str(key), 60), fields)}")
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
    comment = "".join(f"# {one_line(line)}".rstrip() + "\n" for line in remark.splitlines())
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


def _checked(hint: Any, value: Any, where: str) -> Any:
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
        if arguments[-1] is Ellipsis:
            arguments = (arguments[0],) * len(value)
        elif len(arguments) != len(value):
            raise CardError(f"{where}: {len(arguments)} values wanted, {len(value)} given")
        pairs = zip(arguments, value, strict=True)
        return tuple(_checked(kind, v, f"{where}[{i}]") for i, (kind, v) in enumerate(pairs))
    if origin in (dict, Mapping) and isinstance(value, dict):
        return {
            _text(key, where): _checked(arguments[1], v, f"{where}.{one_line(key, 60)}")
            for key, v in value.items()
        }
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return from_table(typing.cast(type[Any], hint), value, where)
    if type(value) is int and hint in (int, float):
        if not _INTEGERS.has(value):
            raise CardError(f"{where} is out of range: an integer of more than 64 bits")
        return hint(value)
    if type(value) is float and hint is float and not math.isfinite(value):
        raise CardError(f"{where} = {value} is out of range; give a finite number")
    if hint is Path and type(value) is str:
        return Path(_text(value, where))
    if hint is str and type(value) is str:
        return _text(value, where)
    if origin is None and type(value) is hint:
        return value
    raise CardError(f"{where}: {_spelled(hint)} wanted, {type(value).__name__} given")


def _any(value: Any, where: str, depth: int = 0) -> Any:
    """A value of any type that a table can hold."""
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
        raise CardError(f"{where} holds half a character, which is not Unicode text") from None
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
    raise CardError(f"{where}: {wanted} wanted, {type(value).__name__} given")


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
