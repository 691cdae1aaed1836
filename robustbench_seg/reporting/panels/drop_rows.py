"""The rows of tables/drops.csv: the mIoU lost to real adverse conditions at the same places."""

from collections.abc import Sequence

import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.results import DropScore, SubsetScore, runs_text, score_of

DROP_COLUMNS = (
    "model",
    "dataset",
    "split",
    "protocol",
    "images",
    "clear",
    "adverse",
    "drop",
    "ci_low",
    "ci_high",
    "runs",
)
"""The columns of tables/drops.csv: a row for each model and condition.

images is the number of places that both runs have; clear and adverse are the mIoU in percent of the
references and of the same places under the condition; drop is clear - adverse in points, with the
ends of its 95 % interval; runs names the run folders of the adverse images.
"""


def drop_rows(
    measured: Sequence[MeasuredModel], subsets: Sequence[SubsetScore], protocol: Protocol
) -> pd.DataFrame:
    """Return the rows of tables/drops.csv: DROP_COLUMNS.

    Args:
        measured: The models.
        subsets: The scores of the subsets of their datasets.
        protocol: The protocol that they are scored under.
    """
    models = {model.folders: model for model in measured}
    rows = []
    for score in subsets:
        if isinstance(score, DropScore):
            model = models[score.runs]
            where = (score.dataset, model.record.split, protocol.name, score.images)
            values = (score.clear, score.adverse, score_of(score.draws), *score.interval)
            rows.append((model.name, *where, *values, runs_text(score.runs)))
    return pd.DataFrame(rows, columns=list(DROP_COLUMNS))
