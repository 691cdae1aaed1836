"""robustseg erf: the effective receptive fields of models, stage by stage."""

from pathlib import Path
from typing import Any

import click

from robustbench_seg.cli import shared_options
from robustbench_seg.cli.field_option import field_option
from robustbench_seg.records.specs.receptive_field_spec import ReceptiveFieldSpec


@click.command()
@shared_options.models(required=True)
@shared_options.data()
@shared_options.dataset()
@shared_options.split()
@field_option(
    ReceptiveFieldSpec,
    "images",
    metavar="N",
    help="Number of images, evenly spaced in the split.",
)
@shared_options.size(
    help="Size of the central crop.  [default: the largest that fits, up to 1024x1024]"
)
@shared_options.weights()
@shared_options.device()
@shared_options.out(default=Path("erf"), help="Folder for erf.csv, erf.svg and erf.png.")
def erf(out: Path, **chosen: Any) -> None:
    """Measure the effective receptive fields of models: for each stage, and for the head.

    The energy of a pixel is |gradient| of the central unit with respect to it, averaged over
    images. The output is a figure like figure 3 of the SegFormer paper, and the radii that contain
    50 % and 95 % of the energy.
    """
    from robustbench_seg.reporting.receptive_field_report import erf as measure
    from robustbench_seg.reporting.tables.receptive_fields import field_text

    measured = measure(**chosen, out=out, progress=True)
    click.echo(f"{field_text(measured)}\n\n{out / 'erf.png'}")
