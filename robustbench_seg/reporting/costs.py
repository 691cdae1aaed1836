"""What models cost, as a table and a figure."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from robustbench_seg.files import write_text
from robustbench_seg.machine.progress import progress_bar
from robustbench_seg.records.model_card import list_models, load_card
from robustbench_seg.reporting.figures.plots import write_figure
from robustbench_seg.reporting.figures.sizes import size_figure
from robustbench_seg.reporting.literature.costs import Size, published_costs
from robustbench_seg.reporting.tables.costs import cost_table


def cost(
    models: Sequence[str] = (),
    sizes: Sequence[Size] = (),
    *,
    repeat: int = 0,
    device: str = "cpu",
    precision: str = "float32",
    threads: int | None = None,
    out: Path | str | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Count what one image costs each model, beside what the SegFormer paper says.

    Args:
        models: Names of model cards, or card files. None: every card.
        sizes: Heights and widths of the image. None: those of the literature, see cost_table.
        repeat: Number of images to measure time and memory on. 0: neither is measured.
        device: Torch device of that measurement.
        precision: Number format of that measurement: "float32", "bf16" or "fp16".
        threads: CPU threads of that measurement. None: torch's own number.
        out: Folder for cost.csv, published.csv and the figure size.svg and size.png. None: no
            files.
        progress: Whether to show a bar on stderr.

    Returns:
        A row for each model and size, with the columns of cost_table.

    Raises:
        ModelError: A card is unknown, a size is too small, or a model cannot be measured.
    """
    for model in models:
        load_card(model)  # an unknown one is an error before any is counted
    names = list(models) or list_models()
    with progress_bar(
        len(names), iterable=names, unit="model", desc="cost", disable=not progress
    ) as bar:
        table = cost_table(
            bar, sizes, repeat=repeat, device=device, precision=precision, threads=threads
        )
    if out is not None:
        folder = Path(out)
        write_text(folder / "cost.csv", table.to_csv(index=False))
        write_text(folder / "published.csv", published_costs().to_csv(index=False))
        write_figure(size_figure(table), folder / "size")
    return table
