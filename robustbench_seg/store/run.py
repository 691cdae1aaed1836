"""A run folder as an object: its record and its rows."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from robustbench_seg.measures import CONFUSION
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.store.condition_scores import condition_scores
from robustbench_seg.store.tables import read_counts, read_results


@dataclass(frozen=True)
class Run:
    """One run: the results of a model on a dataset.

    Attributes:
        path: The run folder.

    >>> (path,) = Path("runs").glob("all-road-*")
    >>> run = rs.Run(path)
    >>> run.record.model, run.record.images, len(run.results())
    ('all-road', 2, 12)
    >>> run.conditions()["miou"].round(1).tolist()
    [2.6, 2.6, 2.6, 2.6, 2.6, 2.6]
    """

    path: Path

    @cached_property
    def record(self) -> RunRecord:
        """The record of the run."""
        return read_record(self.path)

    def results(self) -> pd.DataFrame:
        """Read a row for each image and condition; see read_results."""
        return read_results(self.path)

    def conditions(self) -> pd.DataFrame:
        """Score each condition: mIoU in percent; see condition_scores."""
        return condition_scores(read_counts(self.path, [CONFUSION]))

    def __repr__(self) -> str:
        record = self.record
        return f"<run {record.model} on {record.images} images of {record.dataset}: {self.path}>"
