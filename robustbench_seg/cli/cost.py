"""robustseg cost: parameters, operations, time and memory of models, beside the paper's."""

from pathlib import Path
from typing import Any

import click

from robustbench_seg.cli import options, parsers
from robustbench_seg.records.values import ranges


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
    type=parsers.integer(ranges.REPEAT),
    default=0,
    show_default=True,
    help="Measure time and memory, too, as the median of N images; large models take minutes. "
    "--device, --precision and --threads say on what.",
)
@options.device()
@options.precision()
@options.threads()
@options.out(help="Write cost.csv, published.csv and size.svg and .png: parameters against mIoU.")
def cost(models: tuple[str, ...], out: Path | None, **chosen: Any) -> None:
    """Count what one image costs a model, beside what the SegFormer paper says.

    \b
    params M      millions of parameters; the paper counts heads that only
                  training uses, too
    GMAC          10^9 multiply-accumulates of convolutions, linear layers and
                  attention, as computed here; papers call them GFLOPs
    GMAC written  the same with the decoder as the paper writes it, before
                  folding; the paper's numbers for Cityscapes agree with this one
                  at ADE20K's 150 classes, not 19
    images/s      with --repeat: from image to labels, the whole image at once,
                  random weights
    peak MB       with --repeat: memory, of the whole process or of the GPU's
                  tensors
    mIoU          clean, in percent, as the card says; measured by its publisher,
                  for minicity of the one training whose weights ship
    paper ...     tables 1a and 2; its images/s are those of its own GPU

    Without --model, the networks of tables 1a, 2 and 4 that have no card follow.
    """
    from robustbench_seg.reporting.cost_report import cost as count
    from robustbench_seg.reporting.tables.costs import cost_text, published_cost_text

    table = count(models, **chosen, out=out, progress=True)
    click.echo(cost_text(table))
    if not models:
        click.echo(f"\nPublished, of networks without a card:\n{published_cost_text()}")
    if out:
        click.echo(f"\n{out / 'size.png'}")
