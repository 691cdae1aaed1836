"""The published table of a benchmark, for reference if its rows are not ranked."""

from dataclasses import dataclass

from robustbench_seg.reporting.html.table import Table
from robustbench_seg.reporting.literature.published_tables import table_description
from robustbench_seg.reporting.page.perturbation_table import perturbation_table
from robustbench_seg.reporting.panels import Panel


@dataclass(frozen=True)
class BenchmarkSection:
    """The section of a benchmark's own table.

    Attributes:
        name: Name of the benchmark, such as "Cityscapes-C".
        reason: Why its rows are not ranked, after "measured by others".
        table: Model x corruption.
    """

    name: str
    reason: str
    table: Table


def benchmark_section(panel: Panel) -> BenchmarkSection | None:
    """Return the table of a protocol's benchmark; None if its rows are ranked, or there is none.

    Args:
        panel: The panel.
    """
    if panel.published.benchmark.empty:
        return None
    description = table_description(panel.published.tables[0])
    name, dataset = str(description.benchmark), str(description.dataset)
    images, own = description.images[dataset], panel.models[0].record.images
    if (panel.dataset, panel.split) == (dataset, description.split):
        reason = f"on all {images} images of the split, while the rows above are on {own}"
    else:
        reason = f"on another dataset ({dataset.capitalize()} {description.split})"
    caption = f"Published, on {name} {description.split} ({images} images)"
    return BenchmarkSection(
        name, reason, perturbation_table(panel.published.benchmark, panel, caption)
    )
