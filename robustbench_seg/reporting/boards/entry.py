"""An entry of a leaderboard: one model with everything that its rows and its page show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from robustbench_seg.files import canonical_json, digest_bytes
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.reporting.boards.ranking_scores import RankingScore, ranking_scores
from robustbench_seg.reporting.panels.measured_model import MeasuredModel
from robustbench_seg.reporting.panels.table_rows import class_rows, score_row, severity_rows
from robustbench_seg.results import Draws, read_model, score_interval


@dataclass(frozen=True, eq=False)
class EntryScores:
    """The scores of a model's runs under a protocol.

    Attributes:
        ranking_scores: The scores that it can be ranked by.
        draws: The bootstrap draws of each score.
        units: Number of sampling units.
        unit: What a sampling unit is, in words.
        trainings: Number of trainings that the scores average over.
        drawn: Digest of the image ids and of the kind of unit. Models with the same digest are
            drawn in pairs.
        miou: Its row of tables/miou.csv, without the name.
        severities: Its rows of tables/per_severity.csv.
        classes: Its rows of tables/per_class.csv.
        missing: Maps a corruption that lacks images to what is missing and why.
        seconds: Median seconds from an image to its labels; nan if unknown.
    """

    ranking_scores: Sequence[RankingScore]
    draws: Sequence[Draws]
    units: int
    unit: str
    trainings: int
    drawn: str
    miou: pd.DataFrame
    severities: pd.DataFrame
    classes: pd.DataFrame
    missing: Mapping[str, str]
    seconds: float


@dataclass(frozen=True, eq=False)
class Entry:
    """A model of a leaderboard.

    Attributes:
        name: Its name, unique on the board.
        folders: Its run folders, one for each training and seed.
        scores: The scores of these runs.
    """

    name: str
    folders: tuple[Path, ...]
    scores: EntryScores

    @cached_property
    def records(self) -> tuple[RunRecord, ...]:
        """The content of run.json of each run."""
        return tuple(map(read_record, self.folders))

    @property
    def record(self) -> RunRecord:
        """The content of run.json of the first run."""
        return self.records[0]

    @cached_property
    def by_key(self) -> Mapping[str, tuple[RankingScore, Draws]]:
        """Maps a key to its score and draws."""
        return {
            score.key: (score, draws)
            for score, draws in zip(self.scores.ranking_scores, self.scores.draws, strict=True)
        }

    def value(self, key: str) -> float:
        """Return the score `key`, or nan if the model has no such score."""
        return float(self.by_key[key][1][0]) if key in self.by_key else float("nan")

    def interval(self, key: str) -> tuple[float, float]:
        """Return the 95 % interval of the score `key`; nan if there is none."""
        if key not in self.by_key:
            return float("nan"), float("nan")
        score, draws = self.by_key[key]
        return score_interval(draws, self.scores.units, self.degrees, limits=score.limits)

    @property
    def degrees(self) -> int:
        """Degrees of freedom from its trainings."""
        return self.scores.trainings - 1

    @property
    def gmacs(self) -> float:
        """10^9 multiply-accumulates per image; nan if unknown."""
        macs = self.record.about.macs
        return float("nan") if macs is None else macs / 1e9

    @property
    def speed(self) -> float:
        """Images per second, as measured during the run; nan if unknown."""
        return 1 / self.scores.seconds if self.scores.seconds > 0 else float("nan")


def entry_scores(folders: Sequence[Path], protocol: Protocol) -> EntryScores:
    """Score the runs of one model under a protocol.

    Args:
        folders: The run folders of the model.
        protocol: The protocol.

    Raises:
        ResultsError: As for results.read_model.
    """
    model = read_model(list(folders), protocol)
    row = MeasuredModel(model.name, model)
    ranked = list(ranking_scores(model, protocol))
    scores = model.scores
    drawn = [list(scores.images), scores.clip]
    return EntryScores(
        ranking_scores=[score for score, _ in ranked],
        draws=[draws for _, draws in ranked],
        units=scores.units,
        unit=scores.unit,
        trainings=scores.trainings,
        drawn=digest_bytes(canonical_json(drawn).encode()),
        miou=score_row(row, protocol),
        severities=severity_rows(row, protocol),
        classes=class_rows(row, protocol),
        missing=model.missing,
        seconds=float("nan") if row.seconds is None else row.seconds,
    )
