"""A board ranks the models that were scored on the same images under one protocol."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_seg.records.runs.run_record import class_maps_text
from robustbench_seg.reporting.boards.entry import Entry
from robustbench_seg.reporting.boards.ranking_scores import RankingScore, category_key
from robustbench_seg.reporting.ranking.model_ranking import ModelRanking, miou_table
from robustbench_seg.results import are_comparable, category_means, established_pairs, shared_ranks
from robustbench_seg.text import counted

RANKING_RULE = (
    "Models are sorted by the score. A paired bootstrap over the same images tests the "
    "difference of each pair, with Holm's adjustment for all pairs of the board, at a level of 5 "
    "% for all of them together. A model shares a place, marked =, with the first model of that "
    "place unless the first model is significantly better. A shared place does not mean that "
    "models are equal: these images are not enough to decide. Published rows have no scores of "
    "single images, so they are not tested and share no place. The 95 % intervals are not "
    "adjusted."
)
"""What the places of a board mean, as its pages say it."""


@dataclass(frozen=True)
class Place:
    """The place of a model in the ranking by one score.

    Attributes:
        name: Name of the model.
        rank: The rank, such as "1" or "2=".
        value: The score.
        low: Lower end of its 95 % interval; nan if there is none.
        high: Upper end, likewise.
        is_measured: Whether it is a measured model; published results never share a rank.
    """

    name: str
    rank: str
    value: float
    low: float
    high: float
    is_measured: bool


@dataclass(frozen=True, eq=False)
class Board(ModelRanking):
    """One dataset, split and protocol of a leaderboard: a ranking by each score.

    Attributes:
        images: Number of images of the evaluation, scored or not.
        entries: The measured models, the most robust first.
    """

    images: int
    entries: tuple[Entry, ...]

    @property
    def extent(self) -> str:
        """The numbers of models, images and classes, and the protocol, in one line."""
        classes = len(self.entries[0].record.classes)
        published = len(self.published.ranked)
        texts = [
            counted(len(self.entries), "measured model"),
            *([counted(published, "published row")] if published else []),
            counted(self.images, "image"),
            counted(classes, "class", "classes"),
            f"protocol {self.protocol.name} version {self.protocol.version}",
        ]
        return ", ".join(texts) + class_maps_text(entry.record for entry in self.entries)

    @property
    def citation(self) -> str:
        """A sentence about the published results that are ranked; empty if there are none."""
        return "" if self.published.ranked.empty else self.published.citation

    @cached_property
    def scores(self) -> Mapping[str, RankingScore]:
        """Maps a key to its score, for all scores that rank at least one entry."""
        return {
            key: score
            for entry in self.entries
            for key, score in entry.scores.ranking_scores.items()
        }

    @cached_property
    def miou(self) -> pd.DataFrame:
        """The rows of tables/miou.csv, the most robust first."""
        measured = [entry.scores.miou.assign(model=entry.name) for entry in self.entries]
        return miou_table(measured, self.published)

    @cached_property
    def published_rows(self) -> pd.DataFrame:
        """The published results that rank, with a column for the key of each score they have."""
        rows = self.published.ranked
        if rows.empty:
            return rows
        cells = {name: rows[name].to_numpy(float) for name in self.protocol.names}
        means = category_means(cells, self.protocol)
        return rows.assign(**{category_key(name): values for name, values in means.items()})

    @cached_property
    def rankings(self) -> Mapping[str, tuple[Place, ...]]:
        """Maps the key of a score to the places of the models that have it, best first."""
        return {key: self._ranking(key) for key in self.scores}

    def places_of(self, entry: Entry) -> Mapping[str, Place]:
        """Map the key of each score of an entry to its place."""
        return {
            key: place
            for key, places in self.rankings.items()
            for place in places
            if place.name == entry.name and place.is_measured
        }

    @cached_property
    def compared(self) -> NDArray[np.bool_]:
        """NxN: whether two of the N entries share images and conditions (paired draws)."""
        pairs = np.ones((len(self.entries), len(self.entries)), np.bool_)
        for first, one in enumerate(self.entries):
            for second, other in enumerate(self.entries[:first]):
                pairs[first, second] = pairs[second, first] = are_comparable(
                    one.record, one.scores.sample, other.record, other.scores.sample
                )
        return pairs

    def _ranking(self, key: str) -> tuple[Place, ...]:
        scored = [n for n, e in enumerate(self.entries) if not math.isnan(e.value(key))]
        entries = [self.entries[n] for n in scored]
        established = established_pairs(
            [entry.scores.draws[key] for entry in entries],
            entries[0].scores.units if entries else 0,
            [entry.degrees for entry in entries],
            compared := self.compared[np.ix_(scored, scored)],
        )
        places = [Place(e.name, "", e.value(key), *e.interval(key), True) for e in entries]
        published = self.published_rows
        if key in published:
            for row in published[published[key].notna()].to_dict("records"):
                value = float(row[key])
                places.append(Place(row["model"], "", value, math.nan, math.nan, False))
        sign = -1 if self.scores[key].higher_is_better else 1
        order = sorted(range(len(places)), key=lambda n: (sign * places[n].value, places[n].name))

        def is_tied(first: int, second: int) -> bool:
            one, other = order[first], order[second]
            if max(one, other) >= len(entries):
                return False  # a published result: its images are not at hand
            return bool(compared[one, other] and not established[one, other])

        found = shared_ranks(len(order), is_tied)
        return tuple(replace(places[n], rank=rank) for n, rank in zip(order, found, strict=True))
