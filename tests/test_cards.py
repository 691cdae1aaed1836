import json
import math
import os
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from robustbench_seg.cards import from_table, parse, read, to_table, to_toml
from robustbench_seg.errors import CardError


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
    assert read(Outer, path, "card").name == "\u00e4"


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-16", "a"), ("utf-16-le", "a"), ("utf-16-be", "a"), ("latin-1", "\u00e4")],
)
def test_other_encodings_are_one_line(tmp_path, encoding, name):
    path = tmp_path / "a.toml"
    path.write_text(GOOD.replace('"a"', f'"{name}"'), encoding=encoding)
    with pytest.raises(CardError) as raised:
        read(Outer, path, "card")
    assert str(raised.value) == f"{path}: the card is not UTF-8 text; save it as UTF-8"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "No such file or directory"),
        (Path.mkdir, "a folder, not a file"),
        (Path.touch, "an empty file"),
        (os.mkfifo, "a pipe, socket or device, not a file"),
    ],
)
def test_what_is_no_file_is_one_line(tmp_path, make, reason):
    path = tmp_path / "a.toml"
    make(path)
    with pytest.raises(CardError) as raised:
        read(Outer, path, "card")
    assert str(raised.value) == f"{path}: the card cannot be read ({reason})"


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 100_000, "a = " + "1" * 5000, "a = 'x", "a = 2020-99-99"]
)
def test_what_the_parser_cannot_take_is_one_line(text):
    with pytest.raises(CardError, match=r"^a\.toml: not valid TOML: ") as raised:
        parse(Outer, text, "a.toml")
    assert "\n" not in str(raised.value)


def test_values_become_the_annotated_types():
    assert parse(Outer, GOOD, "a.toml") == Outer(
        name="a",
        inner=Inner((0.0, 0.5, 1.0)),
        score=76.0,
        sizes=(1, 2, 3),
        extra={"width": 3},
    )
    assert type(parse(Outer, GOOD, "a.toml").score) is float


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('nam = "a"', "a.toml: unknown key 'nam'; did you mean 'name'? Known: name, inner,"),
        ('name = "a"', "a.toml: the key 'inner' is missing"),
        ("name = 3", "a.toml: name: str wanted, int given"),
        ("sizes = [1, true]", "a.toml: sizes[1]: int wanted, bool given"),
        ('mode = "slid"', "a.toml: mode: unknown value 'slid'; did you mean 'slide'?"),
        ("inner = {mean = [1, 2]}", "a.toml: inner: mean: 3 values wanted, 2 given"),
        ("inner = 5", "a.toml: inner: Inner wanted, int given"),
        ('score = "high"', "a.toml: score: float wanted, str given"),
        ("name = ", "a.toml: not valid TOML"),
    ],
)
def test_every_mistake_is_named(text, message):
    with pytest.raises(CardError) as error:
        parse(Outer, text, "a.toml")
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([], "run.json: Everything wanted, list given"),
        ({"count": True}, "run.json: count: int wanted, bool given"),
        ({"count": None}, "run.json: count: int wanted, NoneType given"),
        ({"number": True}, "run.json: number: float wanted, bool given"),
        ({"level": True}, "run.json: level: unknown value 'True'"),
        ({"either": 1.5}, "run.json: either: int or str wanted, float given"),
        ({"file": 3}, "run.json: file: Path wanted, int given"),
        ({"inners": [{"mean": [0, 0, "x"]}]}, "run.json: inners[0]: mean[2]: float wanted, str"),
        ({"by_name": {"a": "x"}}, "run.json: by_name.a: float wanted, str given"),
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
    *(math.inf, -math.inf, 0.0, -0.0, 1e-300, 5e-324, sys.float_info.max, 0.1, 1e16, 1e22, 3.0),
]


def _text(rng: random.Random) -> str:
    return "".join(rng.choices(_NASTY, k=rng.randrange(5)))


def _record(rng: random.Random) -> Everything:
    inners = [Inner((rng.choice(_FLOATS), rng.random(), -1e-5)) for _ in range(rng.randrange(3))]
    return Everything(
        text=_text(rng),
        number=rng.choice(_FLOATS),
        count=rng.choice([0, 1, 2**70]),
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
    # None is left out of TOML; a field whose default is not None would take that.
    text = to_toml(record, remark=_text(rng), without=() if record.maybe else ("maybe",))
    copy = parse(Everything, text, "x.toml")
    assert repr(copy).replace("maybe=3", "") == repr(record).replace(f"maybe={record.maybe}", "")


def test_nan_comes_back():
    record = Everything(number=math.nan)
    assert math.isnan(parse(Everything, to_toml(record), "x").number)
    assert math.isnan(from_table(Everything, json.loads(json.dumps(to_table(record))), "x").number)


def test_every_line_of_the_remark_is_a_comment():
    text = to_toml(Inner((0.0, 0.0, 1.0)), remark='one\nmean = "x"\r\n[inner]\x00\x1b')
    assert text.startswith('# one\n# mean = "x"\n# [inner]\nmean = [\n')
    assert parse(Inner, text, "x") == Inner((0.0, 0.0, 1.0))


def test_what_a_table_cannot_hold_is_no_silent_string():
    with pytest.raises(TypeError, match="a table cannot hold complex"):
        to_table(Outer("a", Inner((0, 0, 0)), extra={"x": 1j}))
