"""A board ranks the models that were scored on the same images under one protocol."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_seg.reporting.boards.board_scores import BoardScore, category_key
from robustbench_seg.reporting.boards.entry import Entry
from robustbench_seg.reporting.ranking.estimate import Estimate
from robustbench_seg.reporting.ranking.model_group import ModelGroup
from robustbench_seg.results import (
    ALPHA,
    MEASURED,
    PUBLISHED,
    Source,
    are_comparable,
    established_pairs,
    is_measured,
    shared_ranks,
)
from robustbench_seg.text import counted

RANKING_RULE = (
    "Models are sorted by the score. A paired bootstrap over the same images tests the "
    "difference of each pair, with Holm's adjustment for all pairs of the board, at a level of "
    f"{100 * ALPHA:g} % for all of them together. A model shares a rank, marked =, with the first "
    "model of that rank unless the first model is significantly better. A shared rank does not "
    "mean that models are equal: these images are too few to tell them apart. Published rows have "
    "no scores of single images, so they are not tested and share no rank. The 95 % intervals are "
    "not adjusted."
)
"""What the ranks of a board mean, as its pages say it."""


@dataclass(frozen=True, kw_only=True)
class RankedScore(Estimate):
    """A score of a model with its rank among the same scores of all models.

    Attributes:
        name: Name of the model.
        source: Whether it is a measured model or a published result, which never shares a rank.
        rank: The rank, such as "1" or "2="; empty before the models are ranked.
    """

    name: str
    source: Source
    rank: str = ""


@dataclass(frozen=True, eq=False)
class Board(ModelGroup[Entry]):
    """One group of a leaderboard, ranked by each score."""

    @property
    def extent(self) -> str:
        """The numbers of models, images and classes, and the protocol, in one line."""
        published = len(self.published.ranked)
        texts = [
            counted(len(self.models), "measured model"),
            *([counted(published, "published row")] if published else []),
            counted(self.images, "image"),
            counted(len(self.classes), "class", "classes"),
            f"protocol {self.protocol.name} version {self.protocol.version}",
        ]
        return ", ".join(texts) + self.class_maps

    @property
    def published_caption(self) -> str:
        """A sentence about the published results that are ranked; empty if there are none."""
        return "" if self.published.ranked.empty else self.published.caption

    @cached_property
    def scores(self) -> Mapping[str, BoardScore]:
        """Maps a key to its score, for all scores that at least one model has."""
        return {
            key: score for entry in self.models for key, score in entry.scores.board_scores.items()
        }

    @cached_property
    def ranks(self) -> tuple[str, ...]:
        """The rank of each row of `miou`, such as "1" or "2="; empty without a mean."""
        found = {(score.name, score.source): score.rank for score in self.rankings["mean"]}
        rows = zip(self.miou["model"], self.miou["source"], strict=True)
        return tuple(found.get(row, "") for row in rows)

    @cached_property
    def rankings(self) -> Mapping[str, tuple[RankedScore, ...]]:
        """Maps the key of a score to the scores of the models that have it, best first."""
        return {key: self._ranking(key) for key in self.scores}

    def ranked_scores(self, entry: Entry) -> Mapping[str, RankedScore]:
        """Map a key to the score of an entry, for all scores that it has."""
        return {
            key: score
            for key, ranking in self.rankings.items()
            for score in ranking
            if (score.name, score.source) == (entry.name, MEASURED)
        }

    def _ranking(self, key: str) -> tuple[RankedScore, ...]:
        """The ranking by one score."""
        places = [n for n, entry in enumerate(self.models) if not math.isnan(entry.value(key))]
        entries = [self.models[place] for place in places]
        measured = [
            RankedScore(entry.value(key), *entry.interval(key), name=entry.name, source=MEASURED)
            for entry in entries
        ]
        sign = -1 if self.scores[key].higher_is_better else 1
        scores = [*measured, *self._published_scores(key)]
        scores.sort(key=lambda score: (sign * score.value, score.name))
        tied, index = self._tied(key, places), {each.name: n for n, each in enumerate(entries)}

        def is_tied(first: int, second: int) -> bool:
            one, other = scores[first], scores[second]
            if PUBLISHED in (one.source, other.source):
                return False  # the images of a published result are not available
            return bool(tied[index[one.name], index[other.name]])

        ranks = shared_ranks(len(scores), is_tied)
        return tuple(replace(score, rank=rank) for score, rank in zip(scores, ranks, strict=True))

    def _tied(self, key: str, places: Sequence[int]) -> NDArray[np.bool_]:
        """Test the score of each pair of models at `places`.

        Returns:
            bool NxN: whether two models are compared, and neither is significantly better.
        """
        entries = [self.models[place] for place in places]
        compared = self._is_paired[np.ix_(places, places)]
        established = established_pairs(
            [entry.scores.draws[key] for entry in entries],
            entries[0].scores.units if entries else 0,
            [entry.degrees for entry in entries],
            compared,
        )
        return compared & ~established

    def _published_scores(self, key: str) -> Iterator[RankedScore]:
        """The scores of the published rows that have the score `key`."""
        if key not in self._published_rows:
            return
        names, values = self._published_rows["model"], self._published_rows[key]
        for name, value in zip(names, values.astype(float), strict=True):
            if not math.isnan(value):
                yield RankedScore(value, name=name, source=PUBLISHED)

    @cached_property
    def _is_paired(self) -> NDArray[np.bool_]:
        """NxN: whether two of the N entries share images and conditions (paired draws)."""
        pairs = np.ones((len(self.models), len(self.models)), np.bool_)
        for first, one in enumerate(self.models):
            for second, other in enumerate(self.models[:first]):
                pairs[first, second] = pairs[second, first] = are_comparable(
                    one.record, one.scores.sample, other.record, other.scores.sample
                )
        return pairs

    @cached_property
    def _published_rows(self) -> pd.DataFrame:
        """The published rows of `miou`, with a column for the key of each score that they have."""
        means = {category_key(name): values for name, values in self.category_means.items()}
        return self.miou.assign(**means)[~is_measured(self.miou)]
