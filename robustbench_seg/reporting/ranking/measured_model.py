"""A measured model with all its scores, and its rows of tables."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.ranking.ranked_model import RankedModel
from robustbench_seg.reporting.ranking.table_columns import (
    CLASS_COLUMNS,
    MIOU_COLUMNS,
    SEVERITY_COLUMNS,
)
from robustbench_seg.results import (
    MEAN_COLUMNS,
    MEASURED,
    PERCENT,
    RUNS_COLUMN,
    Draws,
    Interval,
    ModelScores,
    ScoredModel,
    miou_columns,
    runs_text,
    score_interval,
    score_of,
    with_class_map,
)
from robustbench_seg.store import median_seconds


@dataclass(frozen=True, eq=False)
class MeasuredModel(RankedModel):
    """A model with all scores of its runs.

    Attributes:
        protocol: The protocol of its scores.
        scored: Its scores and counts, under its own name.
    """

    protocol: Protocol
    scored: ScoredModel

    @property
    def folders(self) -> tuple[Path, ...]:
        """See RankedModel.folders."""
        return self.scored.folders

    @property
    def records(self) -> tuple[RunRecord, ...]:
        """See RankedModel.records."""
        return self.scored.records

    @property
    def scores(self) -> ModelScores:
        """The model's scores, with their draws."""
        return self.scored.scores

    @property
    def miou_draws(self) -> Mapping[str, Draws]:
        """The draws of the scores of `miou`."""
        summary = self.scores.summary
        means = dict(zip(MEAN_COLUMNS, (summary.mean, summary.retention), strict=True))
        return {CLEAN.name: summary.clean, **summary.perturbations, **means}

    @cached_property
    def miou(self) -> Mapping[str, float]:
        """Its row of tables/miou.csv: clean, each perturbation, mean and retention, in percent."""
        return {name: score_of(draws) for name, draws in self.miou_draws.items()}

    @property
    def mean(self) -> float:
        """See RankedModel.mean."""
        return self.miou["mean"]

    @property
    def mean_interval(self) -> Interval:
        """See RankedModel.mean_interval."""
        return self.interval(self.scores.mean)

    @property
    def images(self) -> int:
        """Number of images that were scored clean."""
        return self.scored.image_counts.get(CLEAN, 0)

    @property
    def trainings(self) -> int:
        """See RankedModel.trainings."""
        return self.scores.trainings

    @cached_property
    def seconds(self) -> float:
        """See RankedModel.seconds."""
        seconds = median_seconds(self.folder)
        return math.nan if seconds is None else seconds

    def interval(self, draws: Draws, limits: tuple[float, float] = PERCENT) -> Interval:
        """Return the 95 % interval of one of the `scores`; nan if there is none.

        Args:
            draws: The score.
            limits: The smallest and largest possible value.
        """
        return score_interval(draws, self.scores.units, self.scores.degrees, limits=limits)

    @property
    def score_row(self) -> pd.DataFrame:
        """See RankedModel.score_row."""
        row = {**self._cells, "source": MEASURED, "images": self.images, **self.miou}
        columns = [*MIOU_COLUMNS, *miou_columns(self.protocol), RUNS_COLUMN]
        return with_class_map(pd.DataFrame([row], columns=columns), self.record)

    @property
    def severity_rows(self) -> pd.DataFrame:
        """See RankedModel.severity_rows."""
        categories = {CLEAN.name: CLEAN.name}
        categories |= {each.name: each.category for each in self.protocol.perturbations}
        rows = []
        for condition in (CLEAN, *self.protocol.conditions()):
            if condition not in self.scored.image_counts:
                continue
            draws = self.scores.cell(condition)
            low, high = self.interval(draws)
            rows.append(
                {
                    **self._cells,
                    "corruption": condition.name,
                    "category": categories[condition.name],
                    "severity": condition.severity,
                    "scored": condition in self.protocol.scored_conditions,
                    "images": self.scored.image_counts[condition],
                    "miou": score_of(draws),
                    "ci_low": low,
                    "ci_high": high,
                }
            )
        return with_class_map(pd.DataFrame(rows, columns=list(SEVERITY_COLUMNS)), self.record)

    @property
    def class_rows(self) -> pd.DataFrame:
        """See RankedModel.class_rows."""
        leading = pd.DataFrame([self._cells])
        table = leading.merge(self.scored.class_iou, how="cross")[list(CLASS_COLUMNS)]
        return with_class_map(table, self.record)

    @property
    def _cells(self) -> Mapping[str, object]:
        """The cells that all its rows have, in every table."""
        return {
            "model": self.name,
            "dataset": self.record.dataset,
            "split": self.record.split,
            "protocol": self.protocol.name,
            RUNS_COLUMN: runs_text(self.folders),
        }
