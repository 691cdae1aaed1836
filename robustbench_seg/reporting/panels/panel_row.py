"""The rows of a panel: a measured model, and a row of the ranking, measured or published."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.results import PERCENT, Draws, ModelScores, ScoredModel, score_interval
from robustbench_seg.store import median_seconds


@dataclass(frozen=True, eq=False)
class PanelRow:
    """A measured row of a panel: a model, of which there may be several trainings.

    Attributes:
        name: The model's name, unique within the panel.
        model: Its runs and their scores.
    """

    name: str
    model: ScoredModel

    @property
    def scores(self) -> ModelScores:
        """The model's scores, with their draws."""
        return self.model.scores

    @property
    def folder(self) -> Path:
        """The folder of the first run."""
        return self.model.folders[0]

    @property
    def record(self) -> RunRecord:
        """The run.json of the first run."""
        return self.model.records[0]

    @property
    def parameters(self) -> int | None:
        """Number of parameters of the network, where the run states it."""
        return self.record.about.params

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates for one image, where the run states them."""
        return self.record.about.macs

    @cached_property
    def seconds(self) -> float | None:
        """Median time from an image to its labels, as measured during the first run."""
        return median_seconds(self.folder)

    def limits(self, draws: Draws, within: tuple[float, float] = PERCENT) -> tuple[float, float]:
        """Return the 95 % interval of one of the `scores`; nan where there is none.

        Args:
            draws: The score.
            within: The smallest and largest value that it can have.
        """
        return score_interval(draws, self.scores.units, self.scores.degrees, limits=within)


@dataclass(frozen=True, eq=False)
class RankedRow:
    """A row of a ranking, measured or published.

    Attributes:
        rank: Such as "1" or "2="; empty without a mean.
        name: The model's name.
        cells: The row of tables/miou.csv: clean, each corruption, mean, retention; percent or nan.
        categories: The mean over the corruptions of each category, in percent.
        degradation: CD and rCD in percent with the ends of their intervals, by the columns of
            tables/degradation.csv; empty without a reference.
        measured: The measured row; None for a published one.
    """

    rank: str
    name: str
    cells: Mapping[str, float]
    categories: Mapping[str, float]
    degradation: Mapping[str, float]
    measured: PanelRow | None

    @property
    def source(self) -> Literal["measured", "published"]:
        """Column `source` of tables/miou.csv."""
        return "published" if self.measured is None else "measured"
