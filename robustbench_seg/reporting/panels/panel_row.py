"""A row of the ranking of a panel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from robustbench_seg.reporting.panels.measured_model import MeasuredModel


@dataclass(frozen=True, eq=False)
class PanelRow:
    """A row of a panel's ranking, measured or published.

    Attributes:
        rank: Such as "1" or "2="; empty without a mean.
        name: The model's name.
        cells: The row of tables/miou.csv: clean, each corruption, mean, retention; percent or nan.
        categories: The mean over the corruptions of each category, in percent.
        degradation: CD and rCD in percent with the ends of their intervals, by the columns of
            tables/degradation.csv; empty without a reference.
        measured: The measured model; None for a published result.
    """

    rank: str
    name: str
    cells: Mapping[str, float]
    categories: Mapping[str, float]
    degradation: Mapping[str, float]
    measured: MeasuredModel | None

    @property
    def source(self) -> Literal["measured", "published"]:
        """Column `source` of tables/miou.csv."""
        return "published" if self.measured is None else "measured"
