"""The rows of tables/drops.csv: the mIoU lost to real adverse conditions at the same places."""

from collections.abc import Sequence

import pandas as pd

from robustbench_seg.reporting.panels.panel import Panel
from robustbench_seg.results import DROP_METRIC, SubsetScore, subset_scores

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
)
"""The columns of tables/drops.csv: a row for each model and condition.

images is the number of places that both runs have; clear and adverse are the mIoU in percent of the
references and of the same places under the condition; drop is clear - adverse in points, with the
ends of its 95 % interval.
"""


def panel_subset_scores(panels: Sequence[Panel]) -> Sequence[SubsetScore]:
    """Score the subsets of the measured rows of all panels."""
    return subset_scores([model.scored.folders for panel in panels for model in panel.measured])


def drop_rows(panels: Sequence[Panel], subsets: Sequence[SubsetScore]) -> Sequence[pd.DataFrame]:
    """Return the rows of tables/drops.csv for each panel.

    Args:
        panels: The panels.
        subsets: Their scores of subsets; see panel_subset_scores.

    Returns:
        A table with the columns DROP_COLUMNS for each panel. It is empty unless the references of
        its dataset were also scored.
    """
    tables = []
    for panel in panels:
        names = {model.scored.folders: model.name for model in panel.measured}
        rows = []
        for score in subsets:
            if score.metric == DROP_METRIC and score.runs in names:
                where = (score.dataset, panel.split, panel.protocol.name, score.images)
                values = (score.clear, score.adverse, float(score.draws[0]), *score.interval)
                rows.append((names[score.runs], *where, *values))
        tables.append(pd.DataFrame(rows, columns=list(DROP_COLUMNS)))
    return tables
