"""The scores of one model, and their draws of the bootstrap."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from robustbench_seg.files import digest_json
from robustbench_seg.measures import ScoreInfo
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.results.statistics.draws import Draws
from robustbench_seg.results.statistics.sampling_units import unit_name
from robustbench_seg.results.summaries.summary import Summary

RANKING_SCORE = "miou"
"""The score that ranks models."""


@dataclass(frozen=True, eq=False)
class ScoreDraws:
    """One score of a model in every draw, in percent.

    Attributes:
        info: The description of the score.
        conditions: The score of each condition with rows; nan in every draw unless all images have
            it.
        summary: Its averages.
        trainings: Number of trainings over which it is averaged: all, or only the first one with
            its counts.
    """

    info: ScoreInfo
    conditions: Mapping[Condition, Draws]
    summary: Summary
    trainings: int = 1

    def cell(self, condition: Condition) -> Draws:
        """The score of a condition; nan in every draw if it has none."""
        return self.conditions.get(condition, np.full_like(self.summary.clean, np.nan))


@dataclass(frozen=True, eq=False)
class ModelScores:
    """The scores of one model in every draw.

    Attributes:
        by_key: Every score, by its key: scores of the measures, and derived scores.
        image_ids: Ids of the sampled images, sorted.
        clip: The dataset's number of images in a unit (see unit_of_image).
        units: Number of sampling units.
        trainings: Number of trainings over which scores are averaged. A training may have several
            runs with different seeds of the corruptions.
    """

    by_key: Mapping[str, ScoreDraws]
    image_ids: tuple[str, ...]
    clip: int
    units: int
    trainings: int

    @property
    def conditions(self) -> Mapping[Condition, Draws]:
        """The mIoU of each condition that has rows."""
        return self.by_key[RANKING_SCORE].conditions

    @property
    def summary(self) -> Summary:
        """The averages of the mIoU."""
        return self.by_key[RANKING_SCORE].summary

    @property
    def mean(self) -> Draws:
        """Mean of the mIoU over the perturbations."""
        return self.summary.mean

    def cell(self, condition: Condition) -> Draws:
        """The mIoU of a condition; nan in every draw if it has none."""
        return self.by_key[RANKING_SCORE].cell(condition)

    @property
    def degrees(self) -> int:
        """Degrees of freedom of the trainings, trainings - 1; with 0, intervals ignore them."""
        return self.trainings - 1

    def trainings_text(self, key: str) -> str | None:
        """Return how many trainings a score averages over, such as "1 of 3"; None: all of them."""
        counted = self.by_key[key].trainings
        return None if counted == self.trainings else f"{counted} of {self.trainings}"

    @cached_property
    def sample(self) -> str:
        """Digest of the image ids and the clip: models with the same digest are drawn in pairs."""
        return digest_json([list(self.image_ids), self.clip])

    @property
    def unit(self) -> str:
        """The sampling unit, in words."""
        return unit_name(self.clip)
