"""The rows of a measured model in the tables miou.csv, per_severity.csv and per_class.csv."""

from collections.abc import Mapping

import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.results import MEASURED, miou_columns, score_of, with_class_map

MIOU_COLUMNS = ("model", "source", "dataset", "split", "protocol", "images")
"""The columns of tables/miou.csv before the scores.

source is "measured" or "published"; images is the number of images that were scored clean. The
columns clean, each corruption in protocol order, mean and retention follow, in percent. Where a row
has a class map, each of these three tables ends with the column class_map, its name.
"""

SEVERITY_COLUMNS = (
    "model",
    "dataset",
    "split",
    "protocol",
    "corruption",
    "category",
    "severity",
    "scored",
    "images",
    "miou",
    "ci_low",
    "ci_high",
)
"""The columns of tables/per_severity.csv: a row for each model and condition.

severity is 0 for clean; scored tells whether the protocol averages the severity; miou and the ends
of its 95 % interval are in percent, nan where images are missing.
"""

CLASS_COLUMNS = ("model", "dataset", "split", "protocol", "corruption", "severity", "class", "iou")
"""The columns of tables/per_class.csv: a row for each model, condition and class.

iou is in percent, nan where the class does not occur or images are missing.
"""


def score_row(model: MeasuredModel, protocol: Protocol) -> pd.DataFrame:
    """Return the row of tables/miou.csv: MIOU_COLUMNS and the scores."""
    leading = {**_leading_cells(model, protocol), "source": MEASURED, "images": model.images}
    columns = [*MIOU_COLUMNS, *miou_columns(protocol)]
    return with_class_map(pd.DataFrame([{**leading, **model.miou}], columns=columns), model.record)


def severity_rows(model: MeasuredModel, protocol: Protocol) -> pd.DataFrame:
    """Return the rows of tables/per_severity.csv, in protocol order: SEVERITY_COLUMNS."""
    categories = {CLEAN.name: CLEAN.name}
    categories |= {each.name: each.category for each in protocol.perturbations}
    rows = []
    for condition in (CLEAN, *protocol.conditions()):
        if condition not in model.scored.image_counts:
            continue
        draws = model.scores.cell(condition)
        low, high = model.limits(draws)
        rows.append(
            {
                **_leading_cells(model, protocol),
                "corruption": condition.name,
                "category": categories[condition.name],
                "severity": condition.severity,
                "scored": condition in protocol.scored_conditions,
                "images": model.scored.image_counts[condition],
                "miou": score_of(draws),
                "ci_low": low,
                "ci_high": high,
            }
        )
    return with_class_map(pd.DataFrame(rows, columns=list(SEVERITY_COLUMNS)), model.record)


def class_rows(model: MeasuredModel, protocol: Protocol) -> pd.DataFrame:
    """Return the rows of tables/per_class.csv: CLASS_COLUMNS."""
    leading = pd.DataFrame([_leading_cells(model, protocol)])
    table = leading.merge(model.scored.class_iou, how="cross")[list(CLASS_COLUMNS)]
    return with_class_map(table, model.record)


def _leading_cells(model: MeasuredModel, protocol: Protocol) -> Mapping[str, object]:
    return {
        "model": model.name,
        "dataset": model.record.dataset,
        "split": model.record.split,
        "protocol": protocol.name,
    }
