"""robustseg compare: two models side by side, with intervals and verdicts."""

from pathlib import Path

import click

from robustbench_seg.cli import shared_options
from robustbench_seg.cli.csv_file import csv_writer


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@shared_options.runs()
@shared_options.scoring_protocol()
@shared_options.reference(show_default="B")
@shared_options.csv(help="Write a CSV file with all scores, including those at single severities.")
def compare(
    a: str,
    b: str,
    runs: tuple[Path, ...],
    protocol: str | None,
    reference: str | None,
    csv: Path | None,
) -> None:
    """Compare two models: A and B are names of models in RUNS, run folders or
    packs.

    Prints each score and the difference A - B with 95 % intervals, and for each corruption whether
    one model is significantly better. The bootstrap draws the same images for both models. Several
    runs of one name are one model if they differ only in their seeds.
    """
    from robustbench_seg.machine.start import prepared_process

    with prepared_process(network=False):
        from robustbench_seg.reporting.comparison_report import Comparison

    write = csv_writer(csv, ["model_A", "model_B", "kind"])
    found = Comparison.of_runs(
        a,
        b,
        runs=runs,
        protocol=protocol,
        reference=reference,
        ranking_score_only=csv is None,  # only this score is printed
    )
    for warning in found.warnings:
        click.echo(f"warning: {warning}")
    click.echo(found.text)
    write(found.table)
