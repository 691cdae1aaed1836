"""Charts of one model: its mIoU over severity, for each corruption."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN, Condition
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


def severity_charts(per_severity: pd.DataFrame, protocol: Protocol) -> list[PageFigure]:
    """Draw the mIoU of one model over severity, a small chart for each corruption.

    Args:
        per_severity: Its rows of tables/per_severity.csv; severity 0 is clean.
        protocol: The protocol with the corruptions and the scored severities.
    """
    columns = ("corruption", "severity", "miou", "ci_low", "ci_high")
    points = {
        Condition(str(name), int(severity)): _Point(int(severity), float(miou), low, high)
        for name, severity, miou, low, high in per_severity[list(columns)].itertuples(index=False)
        if not math.isnan(miou)
    }
    highest = max([10.0, *(point.miou for point in points.values())])
    limit = min(100.0, 10 * math.ceil(highest / 10))
    figures = []
    for perturbation in protocol.perturbations:
        conditions = (CLEAN, *protocol.conditions([perturbation.name]))
        own = [points[condition] for condition in conditions if condition in points]
        chart = _Chart(perturbation, own, limit)
        figures.append(PageFigure(perturbation.name.replace("_", " "), chart.svg()))
    return figures


@dataclass(frozen=True)
class _Chart:
    """The chart of a corruption.

    Attributes:
        perturbation: The corruption.
        points: Its scores, clean first.
        limit: The mIoU at the upper end.
    """

    perturbation: Perturbation
    points: Sequence[_Point]
    limit: float

    def svg(self) -> Markup:
        """The chart with the text for screen readers."""
        marks = [
            *self._band(),
            *self._unscored(),
            *self._horizontal_lines(),
            *self._severities(),
            *self._line(),
        ]
        texts = "; ".join(f"{p.severity or 'clean'}: {number(p.miou)}" for p in self.points)
        name = self.perturbation.name.replace("_", " ")
        label = f"mIoU in percent by severity under {name}: {texts}"
        size = _LEFT + _WIDTH + 2, _TOP + _HEIGHT + 16
        return svg_element(*size, label, "".join(marks), "curve")

    @property
    def _step(self) -> float:
        """The distance between two severities."""
        return (_WIDTH - 8) / len(self.perturbation.severities)

    def _x(self, severity: int) -> float:
        return _LEFT + 4 + severity * self._step

    def _y(self, miou: float) -> float:
        return _TOP + _HEIGHT * (1 - miou / self.limit)

    def _unscored(self) -> list[str]:
        """The grey background of severities that are not scored."""
        unscored = set(self.perturbation.severities) - set(self.perturbation.scored)
        return [
            f'<rect class="off" x="{self._x(severity) - self._step / 2:.1f}" y="{_TOP}" '
            f'width="{self._step:.1f}" height="{_HEIGHT}"/>'
            for severity in unscored
        ]

    def _horizontal_lines(self) -> list[str]:
        marks = []
        for value in (0.0, self.limit / 2, self.limit):
            y = self._y(value)
            marks.append(f'<path class="grid" d="M{_LEFT} {y:.1f}h{_WIDTH}"/>')
            marks.append(f'<text class="y" x="{_LEFT - 4}" y="{y + 3:.1f}">{value:g}</text>')
        return marks

    def _severities(self) -> list[str]:
        """The label of each severity and, if there is a score, its dot."""
        known, marks = {point.severity: point for point in self.points}, []
        for severity in (0, *self.perturbation.severities):
            x = self._x(severity)
            label = severity or "clean"
            marks.append(f'<text class="x" x="{x:.1f}" y="{_TOP + _HEIGHT + 11}">{label}</text>')
            if severity in known:
                kind = "dot" if severity in (0, *self.perturbation.scored) else "dot hollow"
                y = self._y(known[severity].miou)
                marks.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="2.3"/>')
        return marks

    def _band(self) -> list[str]:
        """The 95 % intervals of neighbouring severities, as an area."""
        band = [point for point in self.points if not math.isnan(point.low)]
        if len(band) < 2:
            return []
        ends = [f"{self._x(p.severity):.1f} {self._y(p.high):.1f}" for p in band]
        ends += [f"{self._x(p.severity):.1f} {self._y(p.low):.1f}" for p in reversed(band)]
        return [f'<path class="band" d="M{"L".join(ends)}z"/>']

    def _line(self) -> list[str]:
        if len(self.points) < 2:
            return []
        line = "L".join(f"{self._x(p.severity):.1f} {self._y(p.miou):.1f}" for p in self.points)
        return [f'<path class="line" d="M{line}"/>']
