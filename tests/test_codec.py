import json
import math
import os
import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from robustbench_seg.codec import (
    Range,
    check_ranges,
    from_table,
    parse_toml,
    read_toml,
    to_table,
    to_toml,
)
from robustbench_seg.errors import CardError, OptionError


@dataclass(frozen=True)
class Inner:
    mean: tuple[float, float, float]


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner
    mode: Literal["whole", "slide"] = "whole"
    score: float | None = None
    sizes: tuple[int, ...] = ()
    extra: dict[str, Any] | None = None


@dataclass(frozen=True)
class Everything:
    text: str = ""
    number: float = 0.0
    count: int = 0
    flag: bool = True
    level: Literal[1, 2] = 1
    maybe: int | None = 3
    either: int | str = 0
    file: Path = Path()
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()
    by_name: dict[str, float] = field(default_factory=dict)
    nested: dict[str, dict[str, str]] = field(default_factory=dict)
    place: str = field(default="here", metadata={"stored": False})

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("count = -1 is out of range")


GOOD = """
name = "a"
score = 76
sizes = [1, 2, 3]
extra = {width = 3}
[inner]
mean = [0, 0.5, 1]
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_is_read_with_and_without_a_byte_order_mark(tmp_path, encoding):
    path = tmp_path / "a.toml"
    path.write_text(GOOD.replace('"a"', '"\u00e4"'), encoding=encoding)
    assert read_toml(Outer, path, "card").name == "\u00e4"


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-16", "a"), ("utf-16-le", "a"), ("utf-16-be", "a"), ("latin-1", "\u00e4")],
)
def test_other_encodings_are_one_line(tmp_path, encoding, name):
    path = tmp_path / "a.toml"
    path.write_text(GOOD.replace('"a"', f'"{name}"'), encoding=encoding)
    with pytest.raises(CardError) as raised:
        read_toml(Outer, path, "card")
    assert str(raised.value) == f"{path}: the card is not UTF-8 text; save it as UTF-8"


def test_a_missing_file_is_one_line(tmp_path):
    path = tmp_path / "a.toml"
    with pytest.raises(CardError) as raised:
        read_toml(Outer, path, "card")
    assert str(raised.value) == f"{path}: there is no such file; give the path of the card"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Path.mkdir, "a folder, not a file"),
        (Path.touch, "an empty file"),
        (os.mkfifo, "a pipe, socket or device, not a file"),
    ],
)
def test_what_is_no_file_is_one_line(tmp_path, make, reason):
    path = tmp_path / "a.toml"
    make(path)
    with pytest.raises(CardError) as raised:
        read_toml(Outer, path, "card")
    assert str(raised.value) == f"{path}: the card cannot be read ({reason})"


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 100_000, "a = " + "1" * 5000, "a = 'x", "a = 2020-99-99"]
)
def test_what_the_parser_cannot_take_is_one_line(text):
    with pytest.raises(CardError, match=r"^a\.toml: not valid TOML: ") as raised:
        parse_toml(Outer, text, "a.toml")
    assert "\n" not in str(raised.value)


def test_values_become_the_annotated_types():
    assert parse_toml(Outer, GOOD, "a.toml") == Outer(
        name="a",
        inner=Inner((0.0, 0.5, 1.0)),
        score=76.0,
        sizes=(1, 2, 3),
        extra={"width": 3},
    )
    assert type(parse_toml(Outer, GOOD, "a.toml").score) is float


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('nam = "a"', "a.toml: unknown key 'nam'; did you mean 'name'? Known: name, inner,"),
        ('name = "a"', "a.toml: the key 'inner' is missing"),
        ("name = 3", "a.toml: name: expected str, got int"),
        ("sizes = [1, true]", "a.toml: sizes[1]: expected int, got bool"),
        ('mode = "slid"', "a.toml: mode: unknown value 'slid'; did you mean 'slide'?"),
        ("inner = {mean = [1, 2]}", "a.toml: inner: mean: expected 3 values, got 2"),
        ("inner = 5", "a.toml: inner: expected Inner, got int"),
        ('score = "high"', "a.toml: score: expected float, got str"),
        ("name = ", "a.toml: not valid TOML"),
    ],
)
def test_every_mistake_is_named(text, message):
    with pytest.raises(CardError) as error:
        parse_toml(Outer, text, "a.toml")
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([], "run.json: expected Everything, got list"),
        ({"count": True}, "run.json: count: expected int, got bool"),
        ({"count": None}, "run.json: count: expected int, got NoneType"),
        ({"number": True}, "run.json: number: expected float, got bool"),
        ({"level": True}, "run.json: level: unknown value 'True'"),
        ({"either": 1.5}, "run.json: either: expected int or str, got float"),
        ({"file": 3}, "run.json: file: expected Path, got int"),
        (
            {"inners": [{"mean": [0, 0, "x"]}]},
            "run.json: inners[0]: mean[2]: expected float, got str",
        ),
        ({"by_name": {"a": "x"}}, "run.json: by_name.a: expected float, got str"),
        ({"place": "there"}, "run.json: unknown key 'place'"),
        ({"count": -1}, "run.json: count = -1 is out of range"),
    ],
)
def test_a_table_of_json_is_checked(table, message):
    with pytest.raises(CardError) as error:
        from_table(Everything, table, "run.json")
    assert str(error.value).startswith(message)


def test_null_is_none_and_a_field_that_is_not_stored_keeps_its_default():
    record = from_table(Everything, {"maybe": None, "inner": None}, "run.json")
    assert (record.maybe, record.inner, record.place) == (None, None, "here")
    assert "place" not in to_table(Everything(place="there"))


_NASTY = [
    *('"', "'", "\\", "\\n", '"""', "'''", "\n", "\r\n", "\t", "\b", "\0", "\x1b[0m", "\x7f"),
    *("\x85", "\u2028", "# no comment", "[table]", "a = 1", "=", "é", "😀", "nan", " "),
]
_FLOATS = [
    *(0.0, -0.0, 1e-300, 5e-324, sys.float_info.max, 0.1, 1e16, 1e22, 3.0),
]


def _text(rng: random.Random) -> str:
    return "".join(rng.choices(_NASTY, k=rng.randrange(5)))


def _record(rng: random.Random) -> Everything:
    inners = [Inner((rng.choice(_FLOATS), rng.random(), -1e-5)) for _ in range(rng.randrange(3))]
    return Everything(
        text=_text(rng),
        number=rng.choice(_FLOATS),
        count=rng.choice([0, 1, 2**63 - 1]),
        flag=rng.random() < 0.5,
        level=rng.choice([1, 2]),
        maybe=rng.choice([None, 3]),
        either=rng.choice([5, _text(rng)]),
        file=Path("folder with spaces") / "ü.png",
        inner=rng.choice([None, Inner((1.0, 2.0, 3.0))]),
        inners=tuple(inners),
        by_name={_text(rng): rng.choice(_FLOATS)},
        nested={_text(rng): {_text(rng): _text(rng)}},
    )


@pytest.mark.parametrize("seed", range(200))
def test_a_record_comes_back_from_json_and_toml_as_it_was(seed):
    rng = random.Random(seed)
    record = _record(rng)
    table = json.loads(json.dumps(to_table(record)))
    assert repr(from_table(Everything, table, "x.json")) == repr(record)
    # TOML leaves out None, so a field whose default is not None would get its default.
    text = to_toml(record, remark=_text(rng), without=() if record.maybe else ("maybe",))
    copy = parse_toml(Everything, text, "x.toml")
    assert repr(copy).replace("maybe=3", "") == repr(record).replace(f"maybe={record.maybe}", "")


@dataclass(frozen=True)
class Ranges:
    """Fields that accept some numbers, and one that accepts anything."""

    share: Annotated[float, Range(0, below=1)] = 0.5
    seed: Annotated[int, Range(0, 2**32 - 1)] | None = None
    sides: tuple[Annotated[int, Range(1)], ...] = ()
    by_name: Mapping[str, Annotated[int, Range(1)]] = field(default_factory=dict)
    free: Mapping[str, Any] = field(default_factory=dict)
    number: float = 0.0
    count: int = 0


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"share": 1.0}, "share = 1.0 is out of range; give 0 or more and less than 1"),
        ({"share": math.nan}, "share = nan is out of range; give a finite number"),
        ({"seed": -1}, "seed = -1 is out of range; give 0 to 4294967295"),
        ({"seed": 2**32}, "seed = 4294967296 is out of range; give 0 to 4294967295"),
        ({"seed": 1.0}, "seed: expected int, got float"),
        ({"sides": [1, 0]}, "sides[1] = 0 is out of range; give 1 or more"),
        ({"by_name": {"fog": 0}}, "by_name.fog = 0 is out of range; give 1 or more"),
        ({"number": math.inf}, "number = inf is out of range; give a finite number"),
        ({"number": 10**400}, "number is out of range; give an integer of at most 64 bits"),
        ({"count": 2**63}, "count is out of range; give an integer of at most 64 bits"),
        ({"free": {"a": [math.nan]}}, "free.a[0] = nan is out of range; give a finite number"),
        ({"free": {"a": nested(17)}}, "free.a" + 17 * "[0]" + " is nested more than 16 levels dee"),
        ({"free": {"a": date(2026, 1, 1)}}, "free.a: date is not supported; give text or a number"),
        (
            {"free": {"a": "\ud800"}},
            "free.a is not Unicode text: it contains half a surrogate pair",
        ),
        ({"free": {"\ud800": 1}}, "free is not Unicode text: it contains half a surrogate pair"),
        ({"a\nb\x1b[31m" + 99 * "c": 1}, "unknown key 'a b [31mccccc"),
    ],
)
def test_a_number_out_of_range_is_named(table, message):
    with pytest.raises(CardError) as error:
        from_table(Ranges, table, "run.json")
    assert str(error.value).startswith(f"run.json: {message}")
    assert str(error.value).isprintable()


def test_the_ends_of_a_range_are_in_it():
    for table in ({"share": 0}, {"seed": 2**32 - 1}, {"seed": 0}, {"sides": [1]}):
        from_table(Ranges, table, "x")


def test_a_record_that_was_made_in_python_is_checked_alike():
    check_ranges(Ranges(seed=1, sides=(1, 2)))
    for values in ({"share": "x"}, {"share": True}, {"share": math.nan}, {"seed": -1}):
        with pytest.raises(OptionError, match=r"^\w+ = .* is out of range; give (an integer, )?0 "):
            check_ranges(Ranges(**values))


@pytest.mark.parametrize("text", ["a = " + 9999 * "[", "a = " + 9999 * "1", "a = 1 \x00"])
def test_toml_of_unknown_origin_is_one_line(text):
    with pytest.raises(CardError, match=r"^x.toml: not valid TOML: ") as error:
        parse_toml(Everything, text, "x.toml")
    assert str(error.value).isprintable()


def test_every_line_of_the_remark_is_a_comment():
    text = to_toml(Inner((0.0, 0.0, 1.0)), remark='one\nmean = "x"\r\n[inner]\x00\x1b')
    assert text.startswith('# one\n# mean = "x"\n# [inner]\nmean = [\n')
    assert parse_toml(Inner, text, "x") == Inner((0.0, 0.0, 1.0))


def test_what_a_table_cannot_hold_is_no_silent_string():
    with pytest.raises(TypeError, match="a table cannot hold complex"):
        to_table(Outer("a", Inner((0, 0, 0)), extra={"x": 1j}))
