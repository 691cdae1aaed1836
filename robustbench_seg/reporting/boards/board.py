"""A board ranks the models that were scored on the same images under one protocol."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.run_record import class_maps_text
from robustbench_seg.reporting.boards.entry import Entry, EntryScores
from robustbench_seg.reporting.boards.entry_cache import cached_scores
from robustbench_seg.reporting.boards.ranked_scores import RankedScore
from robustbench_seg.reporting.literature.published_rows import PublishedRows
from robustbench_seg.reporting.panels.model_groups import ModelGroup, Paths, group_models
from robustbench_seg.reporting.panels.ranks import ranks
from robustbench_seg.results import established_pairs
from robustbench_seg.text import counted


@dataclass(frozen=True)
class BoardRow:
    """A row of the ranking by one score.

    Attributes:
        name: Name of the model.
        rank: Such as "1" or "2=".
        value: The score.
        low: Lower end of its 95 % interval; nan if there is none.
        high: Upper end, likewise.
        is_measured: Whether it is a measured model; published rows never share a rank.
    """

    name: str
    rank: str
    value: float
    low: float
    high: float
    is_measured: bool


@dataclass(frozen=True, eq=False)
class Board:
    """One ranking of a leaderboard.

    Attributes:
        dataset: Name of the dataset.
        split: Its split.
        protocol: The protocol.
        images: Number of images of the evaluation, scored or not.
        subset: Text that distinguishes it from other boards of the same dataset, split and
            protocol; empty if there is no other.
        entries: The measured models, the most robust first.
        published: Published rows: those that rank, and the others of the dataset.
    """

    dataset: str
    split: str
    protocol: Protocol
    images: int
    subset: str
    entries: tuple[Entry, ...]
    published: PublishedRows

    @property
    def name(self) -> str:
        """Dataset, split, subset if there is one, and protocol."""
        subset = f", {self.subset}" if self.subset else ""
        return f"{self.dataset} {self.split}{subset} ({self.protocol.name})"

    @property
    def extent(self) -> str:
        """The numbers of models, images and classes, and the protocol, in one line."""
        classes = len(self.entries[0].record.classes)
        beside = len(self.published.ranked)
        texts = [
            counted(len(self.entries), "measured model"),
            *([counted(beside, "published row")] if beside else []),
            counted(self.images, "image"),
            counted(classes, "class", "classes"),
            f"protocol {self.protocol.name} version {self.protocol.version}",
        ]
        return ", ".join(texts) + class_maps_text(entry.record for entry in self.entries)

    @property
    def citation(self) -> str:
        """A sentence about the published rows that are ranked; empty if there are none."""
        return "" if self.published.ranked.empty else self.published.citation

    @cached_property
    def scores(self) -> Mapping[str, RankedScore]:
        """Maps a key to its score, for all scores that rank an entry."""
        return {score.key: score for entry in self.entries for score in entry.scores.ranked}

    @cached_property
    def miou(self) -> pd.DataFrame:
        """The rows of tables/miou.csv, the most robust first."""
        measured = [entry.scores.miou.assign(model=entry.name) for entry in self.entries]
        ranked = self.published.ranked
        table = pd.concat([*measured, ranked] if len(ranked) else measured, ignore_index=True)
        order = table.sort_values(["mean", "model"], ascending=[False, True], kind="stable")
        return order.reset_index(drop=True)

    @cached_property
    def rankings(self) -> Mapping[str, tuple[BoardRow, ...]]:
        """Maps the key of a score to the rows that have it, best first."""
        return {key: self._ranking(key) for key in self.scores}

    @cached_property
    def compared(self) -> NDArray[np.bool_]:
        """NxN: whether two of the N entries share images and conditions, to be drawn in pairs."""
        pairs = np.ones((len(self.entries), len(self.entries)), np.bool_)
        for first, one in enumerate(self.entries):
            for second, other in enumerate(self.entries[:first]):
                same = one.scores.drawn == other.scores.drawn and not any(
                    difference.of_images and difference.kind != "extent"
                    for difference in one.record.differences(other.record)
                )
                pairs[first, second] = pairs[second, first] = same
        return pairs

    def _ranking(self, key: str) -> tuple[BoardRow, ...]:
        have = [n for n, e in enumerate(self.entries) if not math.isnan(e.value(key))]
        entries = [self.entries[n] for n in have]
        established = established_pairs(
            [entry.by_key[key][1] for entry in entries],
            entries[0].scores.units if entries else 0,
            [entry.degrees for entry in entries],
            compared := self.compared[np.ix_(have, have)],
        )
        rows = [BoardRow(e.name, "", e.value(key), *e.interval(key), True) for e in entries]
        published = self.published.ranked
        if key in published:
            for row in published[published[key].notna()].to_dict("records"):
                value = float(row[key])
                rows.append(BoardRow(row["model"], "", value, math.nan, math.nan, False))
        sign = -1 if self.scores[key].higher_is_better else 1
        order = sorted(range(len(rows)), key=lambda n: (sign * rows[n].value, rows[n].name))

        def is_tied(one: int, other: int) -> bool:
            return bool(compared[one, other] and not established[one, other])

        found = ranks([n if rows[n].is_measured else None for n in order], is_tied)
        return tuple(replace(rows[n], rank=rank) for n, rank in zip(order, found, strict=True))


def read_boards(runs: Paths, protocol: Protocol | None = None) -> list[Board]:
    """Score runs and group them: one board for each dataset, split, set of files and protocol.

    Args:
        runs: Packs or run folders, or folders of them.
        protocol: Score all runs under this one. None: each under its own.

    Returns:
        The boards, in the order of their first runs. A run that is broken, whose protocol is not
        available, or whose classes differ from those of the others is left out with a warning.

    Raises:
        ResultsError: There is no run, or none can be scored.
    """
    return [_board(group) for group in group_models(runs, protocol, cached_scores)]


def _board(group: ModelGroup[EntryScores]) -> Board:
    entries = [
        Entry(name, tuple(model.folders), model.scored)
        for name, model in zip(group.names, group.models, strict=True)
    ]

    def order(entry: Entry) -> tuple[bool, float, str]:
        mean = entry.value("mean")
        return math.isnan(mean), -mean, entry.name

    return Board(
        dataset=group.record.dataset,
        split=group.record.split,
        protocol=group.protocol,
        images=group.record.images,
        subset=group.subset,
        entries=tuple(sorted(entries, key=order)),
        published=group.published,
    )
