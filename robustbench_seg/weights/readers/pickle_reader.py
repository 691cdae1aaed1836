"""Reads pickles without Python's unpickler: nothing in a file is imported, called or constructed.

A pickle is a program for a stack machine. Plain values (numbers, text, lists, tuples, dicts) are
returned unchanged. An import becomes a `Name`, and a call or construction becomes a `Record` of the
name and the arguments, unless the caller converts it. The size of a pickle limits the memory that
it can use, because `pickletools` reads no more than the file.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

MAX_DEPTH = 10_000
"""Maximum number of open marks."""


@dataclass(frozen=True)
class Name:
    """The name of something that a pickle would import, such as "collections.OrderedDict"."""

    text: str


@dataclass(eq=False)
class Record:
    """The description of an object that a pickle would construct.

    Attributes:
        kind: Name of its class or of the function that would construct it.
        arguments: The arguments of the class or function.
        items: Its items, for a kind of dict.
    """

    kind: str
    arguments: tuple[Any, ...] = ()
    items: dict[Any, Any] = field(default_factory=dict)


class Stream(Protocol):
    """The methods of a file or a memory map that the reader uses."""

    def read(self, size: int, /) -> bytes:  # noqa: D102
        ...

    def readline(self) -> bytes:  # noqa: D102
        ...


Construct = Callable[[str, tuple[Any, ...]], Any]
"""Function from a name and arguments to a value, or None for a Record."""

CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
IGNORED = {"PROTO", "FRAME"}
GETS = {"GET", "BINGET", "LONG_BINGET"}
PUTS = {"PUT", "BINPUT", "LONG_BINPUT"}
LITERALS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BYTEARRAY8"),
}


def read_values(stream: Stream, persistent: Callable[[Any], Any], construct: Construct) -> Any:
    """Read one pickle.

    Args:
        stream: A stream at the pickle's first byte; afterwards it is after the last.
        persistent: Function from a persistent id to a value.
        construct: See Construct.

    Returns:
        The pickle's value. Sets become lists.

    Raises:
        Exception: The pickle is damaged. The type is undefined.
    """
    return _Machine(persistent, construct).run(stream)


class _Machine:
    """The stack, the stacks below open marks, and the memo of a pickle."""

    def __init__(self, persistent: Callable[[Any], Any], construct: Construct) -> None:
        self._persistent, self._construct = persistent, construct
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []
        self._memo = dict[object, Any]()

    def run(self, stream: Stream) -> Any:
        for opcode, argument, _ in pickletools.genops(cast(Any, stream)):
            name = opcode.name
            if name == "STOP":
                return self._stack.pop()
            if name in LITERALS:
                self._stack.append(argument)
            elif name in CONSTANTS:
                self._stack.append(CONSTANTS[name])
            elif name in PUTS:
                self._memo[argument] = self._stack[-1]
            elif name in GETS:
                self._stack.append(self._memo[argument])
            elif name not in IGNORED:
                getattr(self, f"_{name.lower()}")(argument)
        raise EOFError("the pickle has no end")

    def _marked(self) -> list[Any]:
        """Pop the items above the last mark, and the mark."""
        values, self._stack = self._stack, self._below.pop()
        return values

    def _call(self, function: Any, arguments: Any) -> None:
        kind = function.text if isinstance(function, Name) else _kind(function)
        arguments = tuple(arguments)
        value = self._construct(kind, arguments) if isinstance(function, Name) else None
        self._stack.append(Record(kind, arguments) if value is None else value)

    def _mark(self, _: Any) -> None:
        if len(self._below) >= MAX_DEPTH:
            raise ValueError("nested too deeply")
        self._below.append(self._stack)
        self._stack = []

    def _pop(self, _: Any) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._marked()

    def _pop_mark(self, _: Any) -> None:
        self._marked()

    def _dup(self, _: Any) -> None:
        self._stack.append(self._stack[-1])

    def _memoize(self, _: Any) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def _empty_list(self, _: Any) -> None:
        self._stack.append([])

    _empty_set = _empty_list

    def _list(self, _: Any) -> None:
        values = self._marked()
        self._stack.append(values)

    _frozenset = _list

    def _append(self, _: Any) -> None:
        value = self._stack.pop()
        _extend(self._stack[-1], [value])

    def _appends(self, _: Any) -> None:
        values = self._marked()
        _extend(self._stack[-1], values)

    _additems = _appends

    def _empty_tuple(self, _: Any) -> None:
        self._stack.append(())

    def _tuple(self, _: Any) -> None:
        values = self._marked()
        self._stack.append(tuple(values))

    def _tuple1(self, _: Any) -> None:
        self._stack[-1:] = [(self._stack[-1],)]

    def _tuple2(self, _: Any) -> None:
        self._stack[-2:] = [(self._stack[-2], self._stack[-1])]

    def _tuple3(self, _: Any) -> None:
        self._stack[-3:] = [(self._stack[-3], self._stack[-2], self._stack[-1])]

    def _empty_dict(self, _: Any) -> None:
        self._stack.append({})

    def _dict(self, _: Any) -> None:
        values = self._marked()
        self._stack.append({})
        _set_items(self._stack[-1], values)

    def _setitem(self, _: Any) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        _set_items(self._stack[-1], [key, value])

    def _setitems(self, _: Any) -> None:
        values = self._marked()
        _set_items(self._stack[-1], values)

    def _global(self, argument: str) -> None:
        self._stack.append(Name(argument.replace(" ", ".", 1)))

    def _stack_global(self, _: Any) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._stack.append(Name(f"{module}.{name}"))

    def _reduce(self, _: Any) -> None:
        arguments, function = self._stack.pop(), self._stack.pop()
        self._call(function, arguments)

    _newobj = _reduce

    def _newobj_ex(self, _: Any) -> None:
        self._stack.pop()  # drop the keyword arguments
        self._reduce(None)

    def _inst(self, argument: str) -> None:
        values = self._marked()
        self._call(Name(argument.replace(" ", ".", 1)), values)

    def _obj(self, _: Any) -> None:
        function, *values = self._marked()
        self._call(function, values)

    def _build(self, _: Any) -> None:
        self._stack.pop()  # ignore the state of an object
        _ = self._stack[-1]

    def _persid(self, argument: str) -> None:
        self._stack.append(self._persistent(argument))

    def _binpersid(self, _: Any) -> None:
        self._stack.append(self._persistent(self._stack.pop()))


def _kind(value: Any) -> str:
    return value.kind if isinstance(value, Record) else type(value).__name__


def _extend(target: Any, values: list[Any]) -> None:
    if isinstance(target, list):
        target.extend(values)
    elif not isinstance(target, Record):
        raise TypeError(f"a {type(target).__name__} holds no items")


def _set_items(target: Any, values: list[Any]) -> None:
    items = target.items if isinstance(target, Record) else target
    if not isinstance(items, dict) or len(values) % 2:
        raise TypeError(f"a {type(target).__name__} holds no items with keys")
    for key, value in zip(values[::2], values[1::2], strict=True):
        # Other keys do not name tensors, and hashing a tuple may take forever.
        if isinstance(key, str | bytes | int | float) or key is None:
            items[key] = value
