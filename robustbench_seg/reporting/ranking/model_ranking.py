"""The common base of a panel of a report and a board of a leaderboard."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.reporting.literature.published_results import PublishedResults


@dataclass(frozen=True, eq=False)
class ModelRanking:
    """Models that were scored on the same images under one protocol.

    There are two kinds. A `Panel` has all scores and draws of a few models, because the page of a
    report shows them by condition, class and image. A `Board` ranks many models by any score, and
    has only the cached scores of a leaderboard.

    Attributes:
        dataset: Name of the dataset.
        split: Its split.
        protocol: The protocol of the models.
        subset: Text that distinguishes the images and classes from those of another ranking of the
            same dataset, split and protocol, such as "50 images"; empty if there is no other.
        published: Published results: those that rank with the models, and the others on the
            dataset.
    """

    dataset: str
    split: str
    protocol: Protocol
    subset: str
    published: PublishedResults

    @property
    def name(self) -> str:
        """Dataset, split, subset if there is one, and protocol, as headings show them."""
        subset = f", {self.subset}" if self.subset else ""
        return f"{self.dataset} {self.split}{subset} ({self.protocol.name})"


def miou_table(measured: Iterable[pd.DataFrame], published: PublishedResults) -> pd.DataFrame:
    """Return the rows of tables/miou.csv, the most robust first, incomplete rows last.

    Args:
        measured: The row of each measured model.
        published: Its ranked results are among the rows.
    """
    tables = [*measured, *([published.ranked] if len(published.ranked) else [])]
    rows = pd.concat(tables, ignore_index=True)
    rows = rows.sort_values(["mean", "model"], ascending=[False, True], kind="stable")
    return rows.reset_index(drop=True)
