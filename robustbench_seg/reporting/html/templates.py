"""The templates of all pages, and their filters."""

import re
from collections.abc import Sequence
from dataclasses import astuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup, escape

from robustbench_seg.reporting.html.table import ScoreOption, ScoreValue
from robustbench_seg.text import one_line


def page_templates() -> Environment:
    """Return the Jinja environment of pages. It escapes all text and shows control characters."""
    environment = Environment(
        loader=PackageLoader("robustbench_seg.content.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["unbroken"] = _unbroken
    environment.filters["json"] = _json
    return environment


def _visible(value: object) -> object:
    """Return text without characters that change the direction of the text around them."""
    plain = isinstance(value, str) and not isinstance(value, Markup)
    return one_line(value) if plain else value  # type: ignore[arg-type]


def _unbroken(title: str) -> Markup:
    """Return a title that does not break between a number and its noun."""
    return Markup(re.sub(r"(?<=\d) (?=\w)", "\u00a0", escape(one_line(title))))


def _json(scores: Sequence[ScoreOption | ScoreValue]) -> Markup:
    """Return scores of a table or cell as JSON for an attribute in single quotes."""
    return htmlsafe_json_dumps([astuple(score) for score in scores], separators=(",", ":"))
