"""robustseg transfer: whether corrupted images predict real conditions."""

from pathlib import Path

import click

from robustbench_seg.cli import parsers, shared_options
from robustbench_seg.cli.csv_file import csv_writer
from robustbench_seg.records.values.choices import Resample, choices


@click.command()
@click.argument("synthetic", type=parsers.PATH, metavar="[RUNS_SYNTHETIC", required=False)
@click.argument("real", type=parsers.PATH, metavar="RUNS_REAL]", required=False)
@click.option(
    "--literature",
    metavar="SOURCE",
    help="Use this published table, such as semsegbench, instead of runs.",
)
@shared_options.scoring_protocol(
    help="Score the synthetic runs under this protocol: its name or TOML file. Also for real runs "
    "whose folders contain no protocol.  [default: the protocol of each run]"
)
@click.option(
    "--resample",
    type=click.Choice(choices(Resample)),
    default="models",
    show_default=True,
    help="Sampling unit of the bootstrap in the written table; the printed table shows both.",
)
@shared_options.csv()
@shared_options.out(
    help="Write transfer.csv, transfer.svg and transfer.png, with a point for each model."
)
def transfer(
    synthetic: Path | None,
    real: Path | None,
    literature: str | None,
    protocol: str | None,
    resample: Resample,
    csv: Path | None,
    out: Path | None,
) -> None:
    """Correlate scores on corrupted images with scores under real conditions, over models.

    RUNS_SYNTHETIC has clean and corrupted scores of the models, RUNS_REAL scores of the same
    models (by name) on real adverse images, such as --dataset acdc:night. Clean mIoU is the
    baseline that a corruption, a category or the mean has to beat.
    """
    from robustbench_seg.reporting.transfer.correlation_table import TRANSFER_COLUMNS
    from robustbench_seg.reporting.transfer_report import Transfer

    write = csv_writer(csv, TRANSFER_COLUMNS[:3])
    found = Transfer.of(
        synthetic, real, literature=literature, protocol=protocol, resample=resample
    )
    click.echo(found.text)
    if csv:  # the table needs a bootstrap, which takes time
        write(found.table)
    if out:
        click.echo(f"\n{found.write(out)}")
