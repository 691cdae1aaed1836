"""Effective receptive fields as a table and as text."""

import pandas as pd

from robustbench_seg.analysis import ReceptiveFields
from robustbench_seg.text import text_table


def field_table(measured: ReceptiveFields) -> pd.DataFrame:
    """Return a row for each model and stage.

    Returns:
        Columns model; stage; radius50 and radius95 (the radii of the discs with 50 % and 95 % of
        the energy, in pixels); radius50_share and radius95_share (relative to the crop's shorter
        side); images; height; width.
    """
    height, width = measured.size
    rows = []
    for model, stages in measured.fields.items():
        for stage, field in stages.items():
            radii = {"radius50": field.radius(0.5), "radius95": field.radius(0.95)}
            shares = {f"{key}_share": value / min(measured.size) for key, value in radii.items()}
            crop = {"images": measured.images, "height": height, "width": width}
            rows.append({"model": model, "stage": stage, **radii, **shares, **crop})
    return pd.DataFrame(rows)


def field_text(measured: ReceptiveFields) -> str:
    """Return the radii as text, below a line that describes them."""
    height, width = measured.size
    head = (
        "radii in pixels that hold 50 % and 95 % of the energy, and their share of "
        f"{min(measured.size)}, the shorter side of the crop of {height}x{width}; "
        f"{measured.images} images of {measured.dataset} {measured.split}"
    )
    table = field_table(measured).drop(columns=["images", "height", "width"])
    rows = [[f"{cell:.2f}" if isinstance(cell, float) else cell for cell in row]
            for row in table.itertuples(index=False)]  # fmt: skip
    return f"{head}\n{text_table([list(table.columns), *rows], left=[0, 1])}"
