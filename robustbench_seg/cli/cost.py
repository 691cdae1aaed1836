"""robustseg cost: parameters, operations, time and memory of models, next to the paper's."""

from pathlib import Path
from typing import Any

import click

from robustbench_seg.cli import shared_options
from robustbench_seg.cli.field_option import field_option
from robustbench_seg.records.specs.speed_spec import SpeedSpec


@click.command()
@shared_options.models(
    help="Name of a model card, or a card file; repeatable.  [default: every card]"
)
@shared_options.size(
    "sizes",
    multiple=True,
    help="Height and width of the image; repeatable.  [default: those of the literature for "
    "the dataset of the card]",
)
@field_option(
    SpeedSpec,
    "repeat",
    metavar="N",
    help="Also measure time and memory, as the median of N images, with --device, --precision "
    "and --threads. Large models take minutes.",
)
@shared_options.device()
@shared_options.precision()
@shared_options.threads()
@shared_options.out(
    help="Write cost.csv, published.csv, and a plot of mIoU against parameters (size.svg, "
    "size.png)."
)
def cost(models: tuple[str, ...], out: Path | None, **chosen: Any) -> None:
    """List the parameters and multiply-accumulates of models, with those of the SegFormer paper.

    \b
    params M      millions of parameters; the paper also counts heads that only
                  training uses
    GMAC          10^9 multiply-accumulates of convolutions, linear layers and
                  attention, as computed here; papers call them GFLOPs
    GMAC written  the same with the decoder as the paper writes it, before
                  folding; the paper's values for Cityscapes agree with it for
                  the 150 classes of ADE20K, not for 19
    images/s      with --repeat: from image to labels, the whole image at once,
                  random weights
    peak MB       with --repeat: memory of the whole process, or of the tensors
                  on the GPU
    mIoU          clean mIoU in percent, from the card; measured by its publisher,
                  or for minicity by the training of the included weights
    paper ...     tables 1a and 2; its images/s are those of its own GPU

    Without --model, the list ends with the networks of tables 1a, 2 and 4 that have no card.
    """
    from robustbench_seg.reporting.cost_report import cost as count
    from robustbench_seg.reporting.tables.costs import cost_text, published_cost_text

    table = count(models, **chosen, out=out, progress=True)
    click.echo(cost_text(table))
    if not models:
        click.echo(f"\nPublished values of networks without a card:\n{published_cost_text()}")
    if out:
        click.echo(f"\n{out / 'size.png'}")
