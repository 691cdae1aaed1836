"""robustseg report: runs -> tables, figures and one HTML page."""

from pathlib import Path

import click

from robustbench_seg.cli import parsers, shared_options


@click.command()
@click.argument("runs", nargs=-1, required=True, type=parsers.PATH, metavar="RUNS...")
@shared_options.out(required=True)
@shared_options.reference()
@shared_options.scoring_protocol()
@click.option(
    "--no-pictures",
    is_flag=True,
    help="Leave out sample images; many datasets do not allow sharing their frames.",
)
@click.option(
    "--intervals",
    is_flag=True,
    help="Add the 95 % interval of each score to tables/miou.md and miou.tex.",
)
def report(
    runs: tuple[Path, ...],
    out: Path,
    reference: str | None,
    protocol: str | None,
    no_pictures: bool,
    intervals: bool,
) -> None:
    """Write a report of RUNS: run folders or packs, or folders of them.

    OUT/index.html is one file that opens offline. OUT/tables has the main scores as CSV, LaTeX and
    Markdown and every score in scores.parquet; OUT/figures has every figure as SVG and PNG.
    """
    from robustbench_seg.machine.start import prepared_process

    with prepared_process(network=False):
        from robustbench_seg.reporting.page_report import Report

    written = Report.write(
        runs,
        out,
        reference=reference,
        protocol=protocol,
        pictures=not no_pictures,
        intervals=intervals,
    )
    click.echo(written.text)
