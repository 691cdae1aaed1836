"""Models of a published table with scores on corrupted and on real images."""

from collections.abc import Sequence

from robustbench_seg.errors import ResultsError, unknown
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.reporting.literature.catalogue import cells_are_flagged, literature
from robustbench_seg.reporting.literature.published_tables import (
    list_published_tables,
    table_description,
)
from robustbench_seg.reporting.transfer.model_table import ModelTable


def published_models(source: str) -> Sequence[ModelTable]:
    """Read the models of a published table that has scores on corrupted and on real images.

    Args:
        source: Name of the table.

    Returns:
        All models; then, if the audit flags some, those that it does not flag.

    Raises:
        ResultsError: There is no such table, or it has no scores under real conditions.
    """
    fitting = [name for name in list_published_tables() if table_description(name).real]
    if source not in fitting:
        raise ResultsError(
            f"{unknown('source of scores on corrupted and on real images', source, fitting)}"
        )
    description = table_description(source)
    protocol = load_protocol(description.protocol or "")
    rows = literature()
    rows = rows[rows["source"] == source]
    family = rows["family"].where(rows["family"] != "", rows["model"])
    rows = rows.assign(flagged=cells_are_flagged(rows), family=family)
    rows = rows.dropna(subset=[*description.real])
    rows["model"] = (rows["model"] + " " + rows["crop"]).str.strip()
    tables = [ModelTable.of_rows(f"all rows of {source}", rows, description.real, protocol)]
    if any(tables[0].flagged):
        sound = rows[~rows["flagged"]]
        title = f"rows of {source} that the audit does not flag"
        tables.append(ModelTable.of_rows(title, sound, description.real, protocol))
    return tables
