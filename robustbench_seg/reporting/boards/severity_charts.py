"""Charts of one model: its mIoU over severity, for each corruption."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.html.figure import PageFigure, svg_element
from robustbench_seg.text import number

_WIDTH, _HEIGHT = 132.0, 74.0
"""Size of the plot without its labels, in units of the SVG."""

_LEFT, _TOP = 24.0, 6.0
"""The upper left corner of the plot."""


@dataclass(frozen=True)
class _Point:
    """A score of a chart, in percent; the ends of its 95 % interval are nan without one."""

    severity: int
    miou: float
    low: float
    high: float


def severity_charts(severities: pd.DataFrame, protocol: Protocol) -> list[PageFigure]:
    """Draw the mIoU of one model over severity, a small chart for each corruption.

    Args:
        severities: Its rows of tables/per_severity.csv; severity 0 is clean.
        protocol: The protocol with the corruptions and the scored severities.
    """
    columns = ("corruption", "severity", "miou", "ci_low", "ci_high")
    points = {
        (str(name), int(severity)): _Point(int(severity), float(miou), float(low), float(high))
        for name, severity, miou, low, high in severities[list(columns)].itertuples(index=False)
        if not math.isnan(miou)
    }
    highest = max([10.0, *(point.miou for point in points.values())])
    limit = min(100.0, 10 * math.ceil(highest / 10))
    return [
        PageFigure(perturbation.name.replace("_", " "), _chart(perturbation, points, limit))
        for perturbation in protocol.perturbations
    ]


def _chart(
    perturbation: Perturbation, points: Mapping[tuple[str, int], _Point], limit: float
) -> Markup:
    """Draw the chart of a corruption.

    Args:
        perturbation: The corruption.
        points: Maps corruption and severity to the score.
        limit: The mIoU at the upper end.
    """
    step = (_WIDTH - 8) / len(perturbation.severities)
    named = (
        (perturbation.name if severity else CLEAN.name, severity)
        for severity in (0, *perturbation.severities)
    )
    own = [points[key] for key in named if key in points]

    def across(severity: int) -> float:
        return _LEFT + 4 + severity * step

    def down(miou: float) -> float:
        return _TOP + _HEIGHT * (1 - miou / limit)

    marks = [
        *_band(own, across, down),
        *_unscored(perturbation, across, step),
        *_horizontal_lines(limit, down),
        *_severities(perturbation, own, across, down),
        *_line(own, across, down),
    ]
    texts = "; ".join(f"{point.severity or 'clean'}: {number(point.miou)}" for point in own)
    label = f"mIoU in percent by severity under {perturbation.name.replace('_', ' ')}: {texts}"
    size = _LEFT + _WIDTH + 2, _TOP + _HEIGHT + 16
    return svg_element(*size, label, "".join(marks), "curve")


def _unscored(perturbation: Perturbation, across: Callable[[int], float], step: float) -> list[str]:
    """The grey background of severities that are not scored."""
    return [
        f'<rect class="off" x="{across(severity) - step / 2:.1f}" y="{_TOP}" width="{step:.1f}" '
        f'height="{_HEIGHT}"/>'
        for severity in set(perturbation.severities) - set(perturbation.scored)
    ]


def _horizontal_lines(limit: float, down: Callable[[float], float]) -> list[str]:
    marks = []
    for value in (0.0, limit / 2, limit):
        y = down(value)
        marks.append(f'<path class="grid" d="M{_LEFT} {y:.1f}h{_WIDTH}"/>')
        marks.append(f'<text class="y" x="{_LEFT - 4}" y="{y + 3:.1f}">{value:g}</text>')
    return marks


def _severities(
    perturbation: Perturbation,
    own: Sequence[_Point],
    across: Callable[[int], float],
    down: Callable[[float], float],
) -> list[str]:
    """The label of each severity and, if there is a score, its dot."""
    known, marks = {point.severity: point for point in own}, []
    for severity in (0, *perturbation.severities):
        x = across(severity)
        label = severity or "clean"
        marks.append(f'<text class="x" x="{x:.1f}" y="{_TOP + _HEIGHT + 11}">{label}</text>')
        if severity in known:
            kind = "dot" if severity in (0, *perturbation.scored) else "dot hollow"
            y = down(known[severity].miou)
            marks.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="2.3"/>')
    return marks


def _band(
    own: Sequence[_Point], across: Callable[[int], float], down: Callable[[float], float]
) -> list[str]:
    """The 95 % intervals of neighbouring severities, as an area."""
    band = [point for point in own if not math.isnan(point.low)]
    if len(band) < 2:
        return []
    ends = [f"{across(p.severity):.1f} {down(p.high):.1f}" for p in band]
    ends += [f"{across(p.severity):.1f} {down(p.low):.1f}" for p in reversed(band)]
    return [f'<path class="band" d="M{"L".join(ends)}z"/>']


def _line(
    own: Sequence[_Point], across: Callable[[int], float], down: Callable[[float], float]
) -> list[str]:
    if len(own) < 2:
        return []
    line = "L".join(f"{across(p.severity):.1f} {down(p.miou):.1f}" for p in own)
    return [f'<path class="line" d="M{line}"/>']
