"""A scatter chart of scores against a cost, with the Pareto front as a line."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from robustbench_seg.reporting.html.figure import svg_element
from robustbench_seg.text import one_line

_WIDTH, _HEIGHT = 470.0, 300.0
"""Size of the plot without its labels, in units of the SVG."""

_LEFT, _TOP = 34.0, 10.0
"""The upper left corner of the plot."""

_Position = Callable[[float, float], tuple[float, float]]
"""Maps (cost, score) to the position in the SVG, from the left and the top."""


@dataclass(frozen=True)
class Point:
    """A model in a scatter chart.

    Attributes:
        name: Its name.
        x: Its cost.
        y: Its score, in percent.
        is_front: Whether no model is both cheaper and better.
    """

    name: str
    x: float
    y: float
    is_front: bool


def scatter_chart(points: Sequence[Point], axis: str, *, more_is_better: bool) -> Markup:
    """Draw scores against a cost on a logarithmic axis.

    Models on the front are labelled; the names of the others appear on hover.

    Args:
        points: The models.
        axis: The cost with its unit.
        more_is_better: Whether a larger x is better, as for a speed.

    Returns:
        An SVG element.
    """
    xs = [point.x for point in points]
    low, high = min(xs) / 1.5, max(xs) * 1.5
    bottom = 10 * math.floor(min(p.y for p in points) / 10)
    top = max(bottom + 10, 10 * math.ceil(max(p.y for p in points) / 10))

    def position(x: float, y: float) -> tuple[float, float]:
        across = (math.log(x) - math.log(low)) / (math.log(high) - math.log(low))
        return _LEFT + _WIDTH * across, _TOP + _HEIGHT * (1 - (y - bottom) / (top - bottom))

    front = sorted((p for p in points if p.is_front), key=lambda point: point.x)
    marks = [*_horizontal_lines(position, low, bottom, top), *_vertical_lines(position, low, high)]
    if front:
        marks.append(_front_line(front, position, low if more_is_better else high, more_is_better))
    marks += [_dot(point, position) for point in sorted(points, key=lambda point: point.is_front)]
    marks += _labels(front, position, _LEFT + _WIDTH)
    marks.append(
        f'<text class="x" x="{_LEFT + _WIDTH / 2}" y="{_TOP + _HEIGHT + 32}">{axis}</text>'
    )
    names = ", ".join(point.name for point in front)
    label = f"mIoU in percent against {axis}, {len(points)} models. On the line: {names}."
    size = _LEFT + _WIDTH + 8, _TOP + _HEIGHT + 38
    return svg_element(*size, label, "".join(marks), "scatter")


def _horizontal_lines(position: _Position, left: float, bottom: int, top: int) -> list[str]:
    """The lines of round scores from `bottom` to `top`, with their labels."""
    marks = []
    for value in range(bottom, top + 1, 10 if top - bottom > 20 else 5):
        _, y = position(left, value)
        marks.append(f'<path class="grid" d="M{_LEFT} {y:.1f}h{_WIDTH}"/>')
        marks.append(f'<text class="y" x="{_LEFT - 5}" y="{y + 4:.1f}">{value:g}</text>')
    return marks


def _vertical_lines(position: _Position, low: float, high: float) -> list[str]:
    """The lines of round costs from `low` to `high`, with their labels."""
    marks = []
    for value in _round_costs(low, high):
        x, _ = position(value, 0)
        marks.append(f'<path class="grid" d="M{x:.1f} {_TOP}v{_HEIGHT}"/>')
        marks.append(f'<text class="x" x="{x:.1f}" y="{_TOP + _HEIGHT + 15}">{value:g}</text>')
    return marks


def _dot(point: Point, position: _Position) -> str:
    """The mark of a model, with its name on hover."""
    x, y = position(point.x, point.y)
    kind = "dot best" if point.is_front else "dot"
    title = escape(f"{one_line(point.name)}: {point.y:.1f} at {point.x:.3g}")
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{title}</title></circle>'


def _labels(front: Sequence[Point], position: _Position, right: float) -> list[str]:
    """Return the labels of models on the front, without labels that would overlap."""
    texts, taken = [], list[tuple[float, float, float]]()
    for point in sorted(front, key=lambda point: -point.y):
        x, y = position(point.x, point.y)
        name = one_line(point.name, 28)
        length = 6.2 * len(name)
        start = x + 7 if x + 7 + length < right else x - 7 - length
        if any(abs(y - v) < 11 and start < u + w and u < start + length for u, v, w in taken):
            continue
        taken.append((start, y, length))
        texts.append(f'<text class="name" x="{start:.1f}" y="{y - 5:.1f}">{escape(name)}</text>')
    return texts


def _front_line(
    front: Sequence[Point], position: _Position, end: float, more_is_better: bool
) -> str:
    """The stairs from the cheapest model of the front to the cost `end`."""
    ordered = list(reversed(front)) if more_is_better else list(front)
    path = list[str]()
    for point in ordered:
        x, y = position(point.x, point.y)
        path.append(f"H{x:.1f}V{y:.1f}" if path else f"M{x:.1f} {y:.1f}")
    x, _ = position(end, 0)
    return f'<path class="front" d="{"".join(path)}H{x:.1f}"/>'


def _round_costs(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten between two costs."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [factor * 10.0**decade for decade in decades for factor in (1, 2, 5)]
    return [tick for tick in ticks if low <= tick <= high]
