"""A measured model of a panel."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.results import PERCENT, Draws, ModelScores, ScoredModel, score_interval
from robustbench_seg.store import median_seconds


@dataclass(frozen=True, eq=False)
class MeasuredModel:
    """A model with its runs, of which there may be several trainings.

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
