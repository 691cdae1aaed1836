"""A row of the ranking of a report or a leaderboard."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic

from robustbench_seg.reporting.ranking.ranked_model import Model
from robustbench_seg.results import MEASURED, NO_INTERVAL, PUBLISHED, Interval, Source


@dataclass(frozen=True, eq=False)
class RankingRow(Generic[Model]):
    """A row of a ranking, measured or published. All scores are in percent; nan: no score.

    Attributes:
        index: Its index in `ModelGroup.miou` and in the tables that are indexed like it.
        rank: The rank, such as "1" or "2="; empty without a mean.
        name: The model's name.
        scores: Maps clean, each perturbation, mean and retention to the score.
        categories: Maps each category to the mean over its perturbations.
        model: The measured model; None for a published result.
    """

    index: int
    rank: str
    name: str
    scores: Mapping[str, float]
    categories: Mapping[str, float]
    model: Model | None

    @property
    def source(self) -> Source:
        """Column `source` of tables/miou.csv."""
        return PUBLISHED if self.model is None else MEASURED

    @property
    def mean_interval(self) -> Interval:
        """The 95 % interval of the mean; nan if there is none, as for every published result."""
        return NO_INTERVAL if self.model is None else self.model.mean_interval
