"""An entry of a leaderboard: one model with all data for its rows and its page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.reporting.boards.board_scores import BoardScore, board_scores
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.reporting.ranking.ranked_model import RankedModel
from robustbench_seg.results import (
    NO_INTERVAL,
    Draws,
    Interval,
    read_model,
    score_interval,
    score_of,
)


@dataclass(frozen=True, eq=False)
class EntryScores:
    """The scores of a model's runs under a protocol: the part of a ScoredModel that is cached.

    Attributes:
        board_scores: Maps a key to the score, for all scores by which a board can rank it.
        draws: Maps the same keys to the bootstrap draws of the score.
        units: Number of sampling units.
        trainings: Number of trainings that the scores average over.
        sample: Digest of the image ids and the clip, see ModelScores.sample.
        score_row: See RankedModel.score_row.
        severity_rows: See RankedModel.severity_rows.
        class_rows: See RankedModel.class_rows.
        missing_images: Maps an incomplete corruption to the missing images and the reason.
        seconds: Median seconds from an image to its labels; nan if unknown.
    """

    board_scores: Mapping[str, BoardScore]
    draws: Mapping[str, Draws]
    units: int
    trainings: int
    sample: str
    score_row: pd.DataFrame
    severity_rows: pd.DataFrame
    class_rows: pd.DataFrame
    missing_images: Mapping[str, str]
    seconds: float


@dataclass(frozen=True, eq=False)
class Entry(RankedModel):
    """A model of a leaderboard.

    Attributes:
        runs: The content of run.json of each run folder.
        scores: The scores of its runs.
    """

    runs: Mapping[Path, RunRecord]
    scores: EntryScores

    @property
    def folders(self) -> tuple[Path, ...]:
        """See RankedModel.folders."""
        return tuple(self.runs)

    @property
    def records(self) -> tuple[RunRecord, ...]:
        """See RankedModel.records."""
        return tuple(self.runs.values())

    @property
    def mean(self) -> float:
        """See RankedModel.mean."""
        return self.value("mean")

    @property
    def mean_interval(self) -> Interval:
        """See RankedModel.mean_interval."""
        return self.interval("mean")

    @property
    def trainings(self) -> int:
        """See RankedModel.trainings."""
        return self.scores.trainings

    @property
    def seconds(self) -> float:
        """See RankedModel.seconds."""
        return self.scores.seconds

    @property
    def score_row(self) -> pd.DataFrame:
        """See RankedModel.score_row."""
        return self.scores.score_row.assign(model=self.name)

    @property
    def severity_rows(self) -> pd.DataFrame:
        """See RankedModel.severity_rows."""
        return self.scores.severity_rows.assign(model=self.name)

    @property
    def class_rows(self) -> pd.DataFrame:
        """See RankedModel.class_rows."""
        return self.scores.class_rows.assign(model=self.name)

    @property
    def missing_images(self) -> Mapping[str, str]:
        """For clean and each perturbation without a score: the missing images and the reason."""
        found = self.scores.missing_images.items()
        return {name: what for name, what in found if math.isnan(self.value(name))}

    @property
    def degrees(self) -> int:
        """Degrees of freedom from its trainings."""
        return self.trainings - 1

    def value(self, key: str) -> float:
        """Return the score `key`, or nan if the model has no such score."""
        draws = self.scores.draws.get(key)
        return math.nan if draws is None else score_of(draws)

    def interval(self, key: str) -> Interval:
        """Return the 95 % interval of the score `key`; nan if there is none."""
        if key not in self.scores.draws:
            return NO_INTERVAL
        draws, limits = self.scores.draws[key], self.scores.board_scores[key].limits
        return score_interval(draws, self.scores.units, self.degrees, limits=limits)


def entry_scores(folders: Sequence[Path], protocol: Protocol) -> EntryScores:
    """Score the runs of one model under a protocol.

    Args:
        folders: The run folders of the model.
        protocol: The protocol.

    Raises:
        ResultsError: As for results.read_model.
    """
    model = read_model(list(folders), protocol)
    measured = MeasuredModel(model.name, protocol, model)
    found = list(board_scores(model, protocol))
    scores = model.scores
    return EntryScores(
        board_scores={score.key: score for score, _ in found},
        draws={score.key: draws for score, draws in found},
        units=scores.units,
        trainings=scores.trainings,
        sample=scores.sample,
        score_row=measured.score_row,
        severity_rows=measured.severity_rows,
        class_rows=measured.class_rows,
        missing_images=model.missing_images,
        seconds=measured.seconds,
    )
