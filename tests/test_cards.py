from dataclasses import dataclass
from typing import Any, Literal

import pytest

from robustbench_seg.cards import parse
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


GOOD = """
name = "a"
score = 76
sizes = [1, 2, 3]
extra = {width = 3}
[inner]
mean = [0, 0.5, 1]
"""


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
