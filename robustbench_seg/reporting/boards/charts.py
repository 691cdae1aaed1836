"""Charts of a leaderboard as SVG. Matplotlib would take about a second for each chart."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup, escape

from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.text import number, one_line

_Position = Callable[[float, float], tuple[float, float]]

_WIDTH, _HEIGHT = 132.0, 74.0
"""Size of a curve's plot, in units of the SVG."""


@dataclass(frozen=True)
class Point:
    """A model in a scatter plot.

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


def front(costs: Mapping[str, float], scores: Mapping[str, float]) -> frozenset[str]:
    """Return the models that no other model beats in both cost and score; nan is left out.

    Args:
        costs: Maps the name of a model to its cost; lower is better.
        scores: Maps the name to its score; higher is better.
    """
    known = [n for n in costs if not math.isnan(costs[n]) and not math.isnan(scores[n])]
    best, found = -math.inf, set[str]()
    for name in sorted(known, key=lambda n: (costs[n], -scores[n], n)):
        if scores[name] > best:
            best = scores[name]
            found.add(name)
    return frozenset(found)


@dataclass(frozen=True)
class Curve:
    """The plot of one corruption."""

    title: str
    svg: Markup


def curves(severities: pd.DataFrame, protocol: Protocol) -> list[Curve]:
    """Draw the mIoU of one model over severity, a small plot for each corruption.

    Args:
        severities: Its rows of tables/per_severity.csv; severity 0 is clean.
        protocol: Names the corruptions and the severities that count towards the score.
    """
    points = {
        (str(row["corruption"]), int(row["severity"])): row for row in severities.to_dict("records")
    }
    values = [float(row["miou"]) for row in points.values()]
    top = max([10.0, *(v for v in values if not math.isnan(v))])
    top = min(100.0, 10 * math.ceil(top / 10))
    return [
        Curve(spec.name.replace("_", " "), _curve(spec, points, top))
        for spec in protocol.perturbations
    ]


def _curve(
    spec: Perturbation, points: Mapping[tuple[str, int], Mapping[object, object]], top: float
) -> Markup:
    left, upper, step = 24.0, 6.0, (_WIDTH - 8) / len(spec.severities)

    def position(severity: int, value: float) -> tuple[float, float]:
        return left + 4 + severity * step, upper + _HEIGHT * (1 - value / top)

    marks, band, line, texts = [], list[tuple[float, ...]](), list[str](), []
    for severity in set(spec.severities) - set(spec.scored):
        x, _ = position(severity, 0)
        marks.append(
            f'<rect class="off" x="{x - step / 2:.1f}" y="{upper}" width="{step:.1f}" '
            f'height="{_HEIGHT}"/>'
        )
    for value in (0.0, top / 2, top):
        _, y = position(0, value)
        marks.append(f'<path class="grid" d="M{left} {y:.1f}h{_WIDTH}"/>')
        marks.append(f'<text class="y" x="{left - 4}" y="{y + 3:.1f}">{value:g}</text>')
    for severity in (0, *spec.severities):
        row = points.get((spec.name if severity else CLEAN.name, severity))
        x, _ = position(severity, 0)
        label = severity or "clean"
        marks.append(f'<text class="x" x="{x:.1f}" y="{upper + _HEIGHT + 11}">{label}</text>')
        value = float(str(row["miou"])) if row else math.nan
        if row is None or math.isnan(value):
            continue
        x, y = position(severity, value)
        low, high = float(str(row["ci_low"])), float(str(row["ci_high"]))
        if not math.isnan(low):
            band.append((x, position(severity, high)[1], position(severity, low)[1]))
        scored = severity == 0 or severity in spec.scored
        line.append(f"{x:.1f} {y:.1f}")
        kind = "dot" if scored else "dot hollow"
        marks.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="2.3"/>')
        texts.append(f"{label}: {number(value)}")
    if len(band) > 1:
        ends = [f"{x:.1f} {high:.1f}" for x, high, _ in band]
        ends += [f"{x:.1f} {low:.1f}" for x, _, low in reversed(band)]
        marks.insert(0, f'<path class="band" d="M{"L".join(ends)}z"/>')
    if len(line) > 1:
        marks.append(f'<path class="line" d="M{"L".join(line)}"/>')
    label = f"mIoU in percent by severity under {spec.name.replace('_', ' ')}: {'; '.join(texts)}"
    return _svg(left + _WIDTH + 2, upper + _HEIGHT + 16, label, "".join(marks), "curve")


def scatter(points: Sequence[Point], axis: str, *, more_is_better: bool) -> Markup:
    """Draw scores against a cost on a logarithmic axis.

    Models on the front are labelled; the names of the others appear on hover.

    Args:
        points: The models.
        axis: The cost with its unit.
        more_is_better: Whether a larger x is better, as for a speed.

    Returns:
        An SVG element.
    """
    width, height, left, upper = 470.0, 300.0, 34.0, 10.0
    xs = [point.x for point in points]
    low, high = min(xs) / 1.5, max(xs) * 1.5
    bottom = 10 * math.floor(min(p.y for p in points) / 10)
    top = max(bottom + 10, 10 * math.ceil(max(p.y for p in points) / 10))

    def position(x: float, y: float) -> tuple[float, float]:
        across = (math.log(x) - math.log(low)) / (math.log(high) - math.log(low))
        return left + width * across, upper + height * (1 - (y - bottom) / (top - bottom))

    marks = []
    for value in range(bottom, top + 1, 10 if top - bottom > 20 else 5):
        _, y = position(low, value)
        marks.append(f'<path class="grid" d="M{left} {y:.1f}h{width}"/>')
        marks.append(f'<text class="y" x="{left - 5}" y="{y + 4:.1f}">{value:g}</text>')
    for x_tick in _ticks(low, high):
        x, _ = position(x_tick, bottom)
        marks.append(f'<path class="grid" d="M{x:.1f} {upper}v{height}"/>')
        marks.append(f'<text class="x" x="{x:.1f}" y="{upper + height + 15}">{x_tick:g}</text>')
    best = sorted((p for p in points if p.is_front), key=lambda point: point.x)
    if best:
        marks.append(_steps(best, position, high if not more_is_better else low, more_is_better))
    for point in sorted(points, key=lambda point: point.is_front):
        x, y = position(point.x, point.y)
        kind = "dot best" if point.is_front else "dot"
        title = escape(f"{one_line(point.name)}: {point.y:.1f} at {point.x:.3g}")
        marks.append(
            f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{title}</title>'
            "</circle>"
        )
    marks += _labels(best, position, left + width)
    marks.append(f'<text class="x" x="{left + width / 2}" y="{upper + height + 32}">{axis}</text>')
    names = ", ".join(point.name for point in best)
    label = f"mIoU in percent against {axis}, {len(points)} models. On the line: {names}."
    return _svg(left + width + 8, upper + height + 38, label, "".join(marks), "scatter")


def _labels(best: Sequence[Point], position: _Position, right: float) -> list[str]:
    """Return the labels of models on the front, without those that would cover another."""
    texts, taken = [], list[tuple[float, float, float]]()
    for point in sorted(best, key=lambda point: -point.y):
        x, y = position(point.x, point.y)
        name = one_line(point.name, 28)
        length = 6.2 * len(name)
        start = x + 7 if x + 7 + length < right else x - 7 - length
        if any(abs(y - v) < 11 and start < u + w and u < start + length for u, v, w in taken):
            continue
        taken.append((start, y, length))
        texts.append(f'<text class="name" x="{start:.1f}" y="{y - 5:.1f}">{escape(name)}</text>')
    return texts


def _steps(best: Sequence[Point], position: _Position, end: float, more_is_better: bool) -> str:
    ordered = list(reversed(best)) if more_is_better else list(best)
    path = list[str]()
    for point in ordered:
        x, y = position(point.x, point.y)
        path.append(f"H{x:.1f}V{y:.1f}" if path else f"M{x:.1f} {y:.1f}")
    x, _ = position(end, 0)
    return f'<path class="front" d="{"".join(path)}H{x:.1f}"/>'


def _ticks(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [factor * 10.0**decade for decade in decades for factor in (1, 2, 5)]
    return [tick for tick in ticks if low <= tick <= high]


def _svg(width: float, height: float, label: str, content: str, kind: str) -> Markup:
    return Markup(
        f'<svg class="{kind}" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(one_line(label))}">{content}</svg>'
    )
