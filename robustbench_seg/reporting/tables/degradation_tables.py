"""degradation.csv, .md and .tex: CD of each corruption, mean CD and mean rCD with intervals."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from robustbench_seg.files import write_text
from robustbench_seg.reporting.panels import DEGRADATION_MEANS, Panel
from robustbench_seg.reporting.tables.formats import Estimate, csv, grouped_latex, markdown
from robustbench_seg.reporting.tables.joined_tables import joined
from robustbench_seg.results import DEGRADATION_CITATION


def write_degradation_tables(panels: Sequence[Panel], folder: Path) -> None:
    """Write the tables of the panels that have the reference; no files if none has.

    Args:
        panels: The panels.
        folder: Where to write.
    """
    related = [panel for panel in panels if panel.reference is not None]
    if not related:
        return
    tables = [panel.degradation for panel in related]
    write_text(folder / "degradation.csv", csv(joined(tables, DEGRADATION_MEANS)))
    shown = [table.assign(**_estimates(table)) for table in tables]
    hidden = [f"{name}_{end}" for name in ("CD", "rCD") for end in ("low", "high")]
    shown = [table.drop(columns=hidden) for table in shown]
    write_text(folder / "degradation.md", markdown(joined(shown, ("CD", "rCD"))))
    tex = [
        _latex(panel, table, f"degradation-{n}")
        for n, (panel, table) in enumerate(zip(related, shown, strict=True))
    ]
    write_text(folder / "degradation.tex", "\n".join(tex))


def _estimates(table: pd.DataFrame) -> Mapping[str, "pd.Series[Any]"]:
    """CD and rCD, each with its interval."""
    found = {}
    for name in ("CD", "rCD"):
        rows = table[[name, f"{name}_low", f"{name}_high"]].itertuples(index=False)
        found[name] = pd.Series([Estimate(*row) for row in rows], table.index, dtype=object)
    return found


def _latex(panel: Panel, table: pd.DataFrame, label: str) -> str:
    groups = {
        f"CD_{spec.name}": spec.category
        for specs in panel.protocol.by_category.values()
        for spec in specs
    }
    marks = (table["source"] == "published").map({True: " *", False: ""})
    table = table.assign(model=table["model"] + marks)[["model", *groups, "CD", "rCD"]]
    names = {column: column.removeprefix("CD_").replace("_", " ") for column in groups}
    caption = (
        f"On {panel.dataset} {panel.split} ({panel.protocol.name}{panel.class_maps}): corruption "
        f"degradation of each corruption, mean CD and mean rCD against {panel.reference}, in "
        f"percent; below 100 is better ({DEGRADATION_CITATION}). Below the means: 95 % intervals "
        f"from a bootstrap over {panel.sampling_unit}"
    )
    if marks.any():
        caption += f". * published: {panel.published.citation}"
    headers = {names[column]: category for column, category in groups.items()}
    return grouped_latex(table.rename(columns=names), headers, caption, f"tab:{label}")
