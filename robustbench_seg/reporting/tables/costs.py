"""The cost of models as text."""

from collections.abc import Sequence

import pandas as pd

from robustbench_seg.reporting.literature.published_costs import published_costs
from robustbench_seg.text import text_table

_HEADS = {
    "params_m": "params M",
    "paper_params_m": "paper params M",
    "gmacs": "GMAC",
    "gmacs_written": "GMAC written",
    "paper_gmacs": "paper GMAC",
    "images_per_s": "images/s",
    "paper_images_per_s": "paper images/s",
    "peak_mb": "peak MB",
    "miou": "mIoU",
    "miou_ms": "multi-scale",
}
_LEGEND = (
    "GMAC: 10^9 multiply-accumulates per image; GMAC written: the same with the decoder as the "
    "paper writes it."
)
_FORMATS = {"params_m": "{:.2f}", "peak_mb": "{:.0f}", "images_per_s": "{:.3g}"}


def cost_text(table: pd.DataFrame) -> str:
    """Return the table of `rs.cost` as text, without empty columns, with a legend below it."""
    return f"{_text(table, ['model', 'classes', 'size'])}\n\n{_LEGEND}"


def published_cost_text() -> str:
    """Return the published costs of the networks that have no card as text."""
    costs = published_costs()
    return _text(costs[costs["card"].isna()], ["table", "model", "dataset"])


def _text(table: pd.DataFrame, names: Sequence[str]) -> str:
    numbers = [name for name in _HEADS if name in table and table[name].notna().any()]
    rows = [[*names, *(_HEADS[name] for name in numbers)]]
    for row in table.to_dict("records"):
        cells = [
            "-" if pd.isna(row[name]) else _FORMATS.get(name, "{:.1f}").format(row[name])
            for name in numbers
        ]
        rows.append([*(str(row[name]) for name in names), *cells])
    left = [index for index, name in enumerate(names) if name in ("table", "model", "dataset")]
    return text_table(rows, left)
