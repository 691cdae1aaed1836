"""robustseg demo: the whole study on the included dataset and weights."""

from pathlib import Path

import click

from robustbench_seg.cli import shared_options


@click.command()
@shared_options.out(default=Path("demo"), help="Folder for the runs and the report.")
@shared_options.limit(help="Use only the first N images, for a quick look.")
def demo(out: Path, limit: int | None) -> None:
    """Run the whole study on the built-in dataset and weights, in minutes on a laptop.

    Corrupts the street scenes of minicity (drawn by this program), segments them with the two
    included models, scores all 81 conditions and writes OUT/report/index.html. The report adds two
    recorded runs of each model from trainings with other seeds, so its intervals cover the
    randomness of training; with --limit they do not. If you start the command again, it computes
    only missing results.
    """
    from robustbench_seg.machine.start import prepared_process

    with prepared_process():
        from robustbench_seg.demo import run_demo

    click.echo(run_demo(out, limit=limit, progress=True).text)
