"""A scatter chart of scores against a cost, with the Pareto front as a line."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from robustbench_seg.reporting.html.figure import svg_element
from robustbench_seg.text import one_line

_WIDTH, _HEIGHT = 470.0, 300.0
"""Size of the plot without its labels, in units of the SVG."""

_LEFT, _TOP = 34.0, 10.0
"""The upper left corner of the plot."""


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
    axes = _Axes.around(points)
    front = sorted((p for p in points if p.is_front), key=lambda point: point.x)
    marks = [*_horizontal_lines(axes), *_vertical_lines(axes)]
    if front and more_is_better:
        marks.append(_front_line(front[::-1], axes, axes.low))
    elif front:
        marks.append(_front_line(front, axes, axes.high))
    marks += [_dot(point, axes) for point in sorted(points, key=lambda point: point.is_front)]
    marks += _labels(front, axes)
    marks.append(
        f'<text class="x" x="{_LEFT + _WIDTH / 2}" y="{_TOP + _HEIGHT + 32}">{axis}</text>'
    )
    names = ", ".join(point.name for point in front)
    label = f"mIoU in percent against {axis}, {len(points)} models. On the line: {names}."
    size = _LEFT + _WIDTH + 8, _TOP + _HEIGHT + 38
    return svg_element(*size, label, "".join(marks), "scatter")


@dataclass(frozen=True)
class _Axes:
    """The ranges of the axes.

    Attributes:
        low: The lowest cost.
        high: The highest cost.
        bottom: The lowest score.
        top: The highest score.
    """

    low: float
    high: float
    bottom: int
    top: int

    @classmethod
    def around(cls, points: Sequence[Point]) -> "_Axes":
        """Return axes with all points, and round scores at the ends."""
        xs, ys = [point.x for point in points], [point.y for point in points]
        bottom = 10 * math.floor(min(ys) / 10)
        top = max(bottom + 10, 10 * math.ceil(max(ys) / 10))
        return cls(min(xs) / 1.5, max(xs) * 1.5, bottom, top)

    def across(self, cost: float) -> float:
        """The distance of a cost from the left of the SVG; the axis is logarithmic."""
        low, high = math.log(self.low), math.log(self.high)
        return _LEFT + _WIDTH * ((math.log(cost) - low) / (high - low))

    def down(self, score: float) -> float:
        """The distance of a score from the top of the SVG."""
        return _TOP + _HEIGHT * (1 - (score - self.bottom) / (self.top - self.bottom))


def _horizontal_lines(axes: _Axes) -> list[str]:
    """The lines of round scores, with their labels."""
    marks = []
    for value in range(axes.bottom, axes.top + 1, 10 if axes.top - axes.bottom > 20 else 5):
        y = axes.down(value)
        marks.append(f'<path class="grid" d="M{_LEFT} {y:.1f}h{_WIDTH}"/>')
        marks.append(f'<text class="y" x="{_LEFT - 5}" y="{y + 4:.1f}">{value:g}</text>')
    return marks


def _vertical_lines(axes: _Axes) -> list[str]:
    """The lines of round costs, with their labels."""
    marks = []
    for value in _round_costs(axes.low, axes.high):
        x = axes.across(value)
        marks.append(f'<path class="grid" d="M{x:.1f} {_TOP}v{_HEIGHT}"/>')
        marks.append(f'<text class="x" x="{x:.1f}" y="{_TOP + _HEIGHT + 15}">{value:g}</text>')
    return marks


def _dot(point: Point, axes: _Axes) -> str:
    """The mark of a model, with its name on hover."""
    x, y = axes.across(point.x), axes.down(point.y)
    kind = "dot best" if point.is_front else "dot"
    title = escape(f"{one_line(point.name)}: {point.y:.1f} at {point.x:.3g}")
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{title}</title></circle>'


def _labels(front: Sequence[Point], axes: _Axes) -> list[str]:
    """Return the labels of models on the front, without labels that would overlap."""
    texts, taken = [], list[tuple[float, float, float]]()
    for point in sorted(front, key=lambda point: -point.y):
        x, y = axes.across(point.x), axes.down(point.y)
        name = one_line(point.name, 28)
        length = 6.2 * len(name)
        start = x + 7 if x + 7 + length < _LEFT + _WIDTH else x - 7 - length
        if any(abs(y - v) < 11 and start < u + w and u < start + length for u, v, w in taken):
            continue
        taken.append((start, y, length))
        texts.append(f'<text class="name" x="{start:.1f}" y="{y - 5:.1f}">{escape(name)}</text>')
    return texts


def _front_line(front: Sequence[Point], axes: _Axes, end: float) -> str:
    """The stairs through the front, from its cheapest model to the cost `end`."""
    path = list[str]()
    for point in front:
        x, y = axes.across(point.x), axes.down(point.y)
        path.append(f"H{x:.1f}V{y:.1f}" if path else f"M{x:.1f} {y:.1f}")
    return f'<path class="front" d="{"".join(path)}H{axes.across(end):.1f}"/>'


def _round_costs(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten between two costs."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [factor * 10.0**decade for decade in decades for factor in (1, 2, 5)]
    return [tick for tick in ticks if low <= tick <= high]
