"""An entry of a leaderboard: one model with all that its rows and its page show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from robustbench_seg.files import canonical_json, digest_bytes
from robustbench_seg.records.protocol import Protocol
from robustbench_seg.records.run_file import read_record
from robustbench_seg.records.run_record import RunRecord
from robustbench_seg.reporting.boards.ranked_scores import RankedScore, ranked_scores
from robustbench_seg.reporting.panels.panel import PanelRow
from robustbench_seg.reporting.panels.table_rows import class_rows, score_row, severity_rows
from robustbench_seg.results import Draws, read_model, score_interval


@dataclass(frozen=True, eq=False)
class EntryScores:
    """What is computed of the runs of a model under a protocol.

    Attributes:
        ranked: The scores that it can be ranked by.
        draws: The draws of each of them.
        units: How many sampling units were drawn from.
        unit: What they are, in words.
        trainings: How many trainings the scores are means of.
        drawn: Digest of the images' ids, and of what a unit is: models of one digest are drawn in
            pairs.
        miou: Its row of tables/miou.csv, but for the name.
        severities: Its rows of tables/per_severity.csv.
        classes: Its rows of tables/per_class.csv.
        missing: For each corruption that lacks something, what and why.
        seconds: Median time from an image to its labels; nan where it is not known.
    """

    ranked: Sequence[RankedScore]
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
        scores: What is computed of them.
    """

    name: str
    folders: tuple[Path, ...]
    scores: EntryScores

    @cached_property
    def records(self) -> tuple[RunRecord, ...]:
        """The run.json of each."""
        return tuple(map(read_record, self.folders))

    @property
    def record(self) -> RunRecord:
        """The run.json of the first run."""
        return self.records[0]

    @cached_property
    def by_key(self) -> Mapping[str, tuple[RankedScore, Draws]]:
        """Its scores and their draws, by their keys."""
        return {
            score.key: (score, draws)
            for score, draws in zip(self.scores.ranked, self.scores.draws, strict=True)
        }

    def value(self, key: str) -> float:
        """Return a score; nan where it has none."""
        return float(self.by_key[key][1][0]) if key in self.by_key else float("nan")

    def interval(self, key: str) -> tuple[float, float]:
        """Return the 95 % interval of a score; nan where there is none."""
        if key not in self.by_key:
            return float("nan"), float("nan")
        score, draws = self.by_key[key]
        return score_interval(draws, self.scores.units, self.degrees, limits=score.limits)

    @property
    def degrees(self) -> int:
        """Degrees of freedom of its trainings."""
        return self.scores.trainings - 1

    @property
    def gmacs(self) -> float:
        """10^9 multiply-accumulates for an image; nan where they are not known."""
        macs = self.record.about.macs
        return float("nan") if macs is None else macs / 1e9

    @property
    def speed(self) -> float:
        """Images a second, as measured during the run; nan where it is not known."""
        return 1 / self.scores.seconds if self.scores.seconds > 0 else float("nan")


def entry_scores(folders: Sequence[Path], protocol: Protocol) -> EntryScores:
    """Score the runs of one model under a protocol.

    Raises:
        ResultsError: As for results.read_model.
    """
    model = read_model(list(folders), protocol)
    row = PanelRow(model.name, model)
    ranked = list(ranked_scores(model, protocol))
    scores = model.scores
    drawn = [list(scores.images), scores.clip]
    return EntryScores(
        ranked=[score for score, _ in ranked],
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
