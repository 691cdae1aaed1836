"""robustseg cost: parameters, operations, time and memory of models, beside the paper's."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustbench_seg.cli import options

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "params_m": "params M",
    "paper_params_m": "(paper)",
    "gmacs": "GMAC",
    "gmacs_written": "written",
    "paper_gmacs": "(paper)",
    "images_per_s": "images/s",
    "paper_images_per_s": "(paper)",
    "peak_mb": "peak MB",
    "miou": "mIoU",
    "miou_ms": "multi-scale",
}
FORMATS = {"params_m": "{:.2f}", "peak_mb": "{:.0f}", "images_per_s": "{:.3g}"}


@click.command()
@options.models(help="Name of a model card, or a card file; repeatable.  [default: every card]")
@options.size(
    "sizes",
    multiple=True,
    help="Height and width of the image; repeatable.  [default: the literature's for the card's "
    "dataset]",
)
@click.option(
    "--repeat",
    metavar="N",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Measure time and memory, too, as the median of N images; large models take minutes. "
    "--device, --precision and --threads say on what.",
)
@options.device()
@options.precision()
@options.threads()
@options.out(help="Write cost.csv, published.csv and size.svg and .png: parameters against mIoU.")
def cost(
    models: tuple[str, ...],
    sizes: tuple[tuple[int, int], ...],
    repeat: int,
    device: str,
    precision: str,
    threads: int | None,
    out: Path | None,
) -> None:
    """Count what one image costs a model, beside what the SegFormer paper says.

    \b
    params M  millions of parameters; the paper counts heads that only training
              uses, too
    GMAC      10^9 multiply-accumulates of convolutions, linear layers and
              attention, as computed here; papers call them GFLOPs
    written   the same with the decoder as the paper writes it, before folding;
              the paper's numbers for Cityscapes agree with this one at ADE20K's
              150 classes, not 19
    images/s  with --repeat: from image to labels, the whole image at once, random
              weights
    peak MB   with --repeat: memory, of the whole process or of the GPU's tensors
    mIoU      clean, in percent, as the card says; measured by its publisher
    (paper)   tables 1a and 2; its images/s are those of its own GPU

    Without --model, the networks of tables 1a, 2 and 4 that have no card follow.
    """
    from robustbench_seg.files import write_text
    from robustbench_seg.machine.progress import progress_bar
    from robustbench_seg.records.model_card import list_models, load_card
    from robustbench_seg.reporting.figures.plots import write_figure
    from robustbench_seg.reporting.figures.sizes import size_figure
    from robustbench_seg.reporting.literature.costs import published_costs
    from robustbench_seg.reporting.tables.costs import cost_table

    how = {"device": device, "precision": precision, "threads": threads}
    for model in models:
        load_card(model)  # an unknown one is said at once
    names = models or list_models()
    with progress_bar(len(names), iterable=names, unit="model", desc="cost") as bar:
        table = cost_table(bar, sizes, repeat=repeat, how=how)
    click.echo(_shown(table, ["model", "classes", "size"]))
    published = published_costs()
    if not models:
        others = published[published["card"].isna()]
        click.echo("\nPublished, of networks without a card:")
        click.echo(_shown(others, ["table", "model", "dataset"]))
    if out:
        write_text(out / "cost.csv", table.to_csv(index=False))
        write_text(out / "published.csv", published.to_csv(index=False))
        write_figure(size_figure(table), out / "size")
        click.echo(f"\n{out / 'size.png'}")


def _shown(table: "pd.DataFrame", names: list[str]) -> str:
    numbers = [name for name in COLUMNS if name in table and table[name].notna().any()]
    shown = table[[*names, *numbers]].copy()
    for name in numbers:
        text = table[name].astype(float).map(FORMATS.get(name, "{:.1f}").format)
        shown[name] = text.where(table[name].notna(), "-")
    return shown.rename(columns=COLUMNS).to_string(index=False)
