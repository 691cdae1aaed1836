"""robustseg cost: parameters, operations, time and memory of models, beside the paper's."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustbench_seg.cli.sizes import parse_size

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "params_m": "params M",
    "paper_params_m": "(paper)",
    "gmacs": "GMAC",
    "gmacs_written": "written",
    "paper_gmacs": "(paper)",
    "seconds": "seconds",
    "peak_mb": "peak MB",
}


@click.command()
@click.option(
    "--model",
    "models",
    metavar="M",
    multiple=True,
    help="Name of a model card or a card file; repeatable.  [default: those of the paper's tables]",
)
@click.option(
    "--size",
    "sizes",
    metavar="HxW",
    multiple=True,
    callback=parse_size,
    default=("512x512", "1024x2048"),
    show_default=True,
    help="Repeatable.",
)
@click.option(
    "--repeat",
    metavar="N",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Measure time and memory, too: the median of N images (large models take minutes).",
)
@click.option("--device", default="cpu", show_default=True, help="With --repeat.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "bf16", "fp16"]),
    default="float32",
    show_default=True,
    help="With --repeat.",
)
@click.option("--threads", metavar="N", type=click.IntRange(1), help="With --repeat.")
@click.option("--out", metavar="CSV", type=click.Path(path_type=Path), help="Write the table, too.")
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
    seconds   with --repeat: from image to labels, the whole image at once, random
              weights
    peak MB   with --repeat: memory, of the whole process or of the GPU's tensors
    """
    import pandas as pd

    from robustbench_seg.analysis import count_cost, measure_speed, shape_of
    from robustbench_seg.files import write_text
    from robustbench_seg.model_cards import load_card
    from robustbench_seg.reporting.costs import published_costs

    published = published_costs()
    told = [name for name, size in published if size in sizes] or [name for name, _ in published]
    names = models or tuple(dict.fromkeys(told))
    rows = []
    for name, card in [(name, load_card(name)) for name in names]:
        network = shape_of(card)
        for size in sizes:
            counted, said = count_cost(network, size), published.get((card.name, size))
            row = {
                "model": card.name,
                "classes": card.classes,
                "size": f"{size[0]}x{size[1]}",
                "params_m": counted.params / 1e6,
                "paper_params_m": said and said.params,
                "gmacs": counted.macs / 1e9,
                "gmacs_written": counted.macs_written / 1e9,
                "paper_gmacs": said and said.gmacs,
            }
            if repeat:
                how = {"device": device, "precision": precision, "threads": threads}
                speed = measure_speed(name, size, repeat=repeat, **how)  # type: ignore[arg-type]
                row |= {"seconds": speed.seconds, "peak_mb": speed.peak / 1e6, **how}
            rows.append(row)
    table = pd.DataFrame(rows)
    click.echo(_shown(table))
    if out:
        write_text(out, table.to_csv(index=False))


def _shown(table: "pd.DataFrame") -> str:
    columns = [name for name in ("model", "classes", "size", *COLUMNS) if name in table]
    digits = {"params_m": 2, "peak_mb": 0, "seconds": 3}
    shown = table[columns].copy()
    for name in COLUMNS.keys() & set(columns):
        numbers = table[name].astype(float)
        shown[name] = numbers.map(f"{{:.{digits.get(name, 1)}f}}".format).where(
            numbers.notna(), "-"
        )
    return shown.rename(columns=COLUMNS).to_string(index=False)
