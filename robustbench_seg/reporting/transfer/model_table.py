"""Models with their scores on corrupted and on real images."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.results import category_means, mean_of_averaged
from robustbench_seg.text import counted

FEWEST_MODELS = 3
"""Minimum number of models; a correlation over fewer is meaningless."""


@dataclass(frozen=True, eq=False)
class ModelTable:
    """Models with their scores, in percent and without gaps.

    Attributes:
        title: The source of the models, in words.
        protocol: The protocol of the corrupted images.
        names: The names of the models.
        families: The family of each model; models of one family are not independent.
        flagged: Whether the audit flags a model's cells.
        predictors: mean, clean, the categories and the corruptions, a row for each model.
        targets: Scores under real conditions, a row for each model.
    """

    title: str
    protocol: Protocol
    names: tuple[str, ...]
    families: tuple[str, ...]
    flagged: tuple[bool, ...]
    predictors: pd.DataFrame
    targets: pd.DataFrame

    @classmethod
    def of_rows(
        cls, title: str, rows: pd.DataFrame, targets: Sequence[str], protocol: Protocol
    ) -> "ModelTable":
        """Take models from a table.

        Args:
            title: Which models they are.
            rows: Columns model, family, flagged, clean, the corruptions of the protocol, and the
                targets. A row with a missing score is left out.
            targets: Columns of scores under real conditions.
            protocol: The protocol.

        Raises:
            ResultsError: There are too few models.
        """
        rows = rows.dropna(subset=[CLEAN.name, *protocol.names, *targets])
        if len(rows) < FEWEST_MODELS:
            raise ResultsError(
                f"{counted(len(rows), 'model')} with all scores on corrupted and on real images: "
                f"{', '.join(rows['model']) or 'none'}; a correlation needs {FEWEST_MODELS} or more"
            )
        cells = {name: rows[name].to_numpy(float) for name in protocol.names}
        predictors = {
            "mean": mean_of_averaged(cells, protocol),
            CLEAN.name: rows[CLEAN.name].to_numpy(float),
            **category_means(cells, protocol),
            **cells,
        }
        return cls(
            title,
            protocol,
            tuple(rows["model"]),
            tuple(rows["family"]),
            tuple(map(bool, rows["flagged"])),
            pd.DataFrame(predictors),
            rows[[*targets]].astype(float).reset_index(drop=True),
        )
