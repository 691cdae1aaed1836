"""A row of a ranking, in a report or a leaderboard."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from robustbench_seg.reporting.ranking.ranked_model import RankedModel
from robustbench_seg.results import MEASURED, PUBLISHED, Source


@dataclass(frozen=True, eq=False)
class RankingRow:
    """A row of a ranking, measured or published. All scores are in percent; nan: no score.

    Attributes:
        rank: The rank, such as "1" or "2="; empty without a mean.
        name: The model's name.
        scores: Maps clean, mean, retention and further scores to their value.
        categories: The mean over the perturbations of each category.
        limits: Maps keys of `scores` to the ends of the score's 95 % interval.
        model: The measured model; None for a published result.
        missing: The missing images of a model without a mean; None if it has one.
    """

    rank: str
    name: str
    scores: Mapping[str, float]
    categories: Mapping[str, float]
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    model: RankedModel | None = None
    missing: str | None = None

    @property
    def source(self) -> Source:
        """Column `source` of tables/miou.csv."""
        return PUBLISHED if self.model is None else MEASURED
