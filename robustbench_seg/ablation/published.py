"""The paper's scores of an ablation, from the published tables."""

from collections.abc import Mapping

from robustbench_seg.records.specs.ablation_spec import AblationSpec
from robustbench_seg.reporting.literature.published_tables import published_table


def published_scores(spec: AblationSpec) -> Mapping[str, float | None]:
    """The paper's mIoU, in percent, of each model that an ablation tests, in order."""
    return {
        model: published_score(spec.ablation.table, row, spec.ablation.score)
        for variant in spec.variants
        for model, row in variant.tests.items()
    }


def published_score(table: str, row: Mapping[str, str], column: str) -> float | None:
    """Look up the score that a table of the paper prints.

    Args:
        table: Name of the published table.
        row: Maps columns to cells; identifies the row.
        column: Column of the score.

    Returns:
        The score in percent. None if there is no such row.
    """
    found = published_table(table).astype(dict.fromkeys(row, str))
    for name, value in row.items():
        found = found[found[name] == value]
    return float(found[column].iloc[0]) if len(found) else None
