"""A run folder as an object: its record, its rows, its scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from robustbench_seg.measures import CONFUSION
from robustbench_seg.records.protocol import Protocol, load_protocol
from robustbench_seg.records.run_record import RunRecord, read_record
from robustbench_seg.results.clean import clean_gap_warnings
from robustbench_seg.results.read import read_counts, read_results
from robustbench_seg.results.scores import coarsest_scores, condition_scores, protocol_scores


@dataclass(frozen=True)
class Run:
    """One run: a model on a dataset.

    Attributes:
        path: Its folder.
    """

    path: Path

    @cached_property
    def record(self) -> RunRecord:
        """What was run."""
        return read_record(self.path)

    def results(self) -> pd.DataFrame:
        """A row for each image and condition; see read_results."""
        return read_results(self.path)

    def conditions(self) -> pd.DataFrame:
        """The mIoU of each condition, in percent; see results.condition_scores."""
        return condition_scores(read_counts(self.path, [CONFUSION]))

    def __repr__(self) -> str:
        record = self.record
        return f"<run {record.model} on {record.images} images of {record.dataset}: {self.path}>"


def summary_text(runs: Sequence[Run], protocol: str | Protocol) -> str:
    """For each run its scores, categories where they are whole; and what was averaged."""
    chosen = load_protocol(protocol) if isinstance(protocol, str) else protocol
    paths = [run.path for run in runs]
    conditions = condition_scores(read_counts(paths, [CONFUSION]))
    scores = protocol_scores(conditions, chosen)
    table = pd.concat(
        [
            scores[["model", "clean"]],
            coarsest_scores(conditions, chosen),
            scores[["mean", "retention"]],
        ],
        axis=1,
    )
    text = table.to_string(index=False, float_format=lambda score: f"{score:.1f}", na_rep="-")
    warnings = "".join(f"\nwarning: {gap}" for gap in clean_gap_warnings(paths))
    legend = f"mIoU in percent; retention = mean / clean. Averaged: {chosen.averaged}."
    return f"{warnings}\n{legend}\n{text}\n\n" + "\n".join(map(str, paths))
