"""A fact about a run, a model or a report, as a page lists it."""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Fact(NamedTuple):
    """A fact.

    Attributes:
        name: Its name, such as "weights".
        text: Its value.
    """

    name: str
    text: str


def known_facts(values: Iterable[tuple[str, object]]) -> list[Fact]:
    """Return a fact for each name and value, without those whose value is None or empty."""
    return [Fact(name, fact_text(value)) for name, value in values if value not in (None, {}, "")]


def fact_text(value: object) -> str:
    """Return the value of a fact as text: a mapping as its pairs, anything else as JSON."""
    if isinstance(value, Mapping):
        pairs = ((key, inner) for key, inner in value.items() if inner is not None)
        return ", ".join(f"{key} {fact_text(inner)}" for key, inner in pairs)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
