"""robustseg demo: the whole study on what ships with the package."""

from pathlib import Path

import click

from robustbench_seg.cli import options

MODELS = ("segformer-b0-minicity", "deeplabv3plus-mobilenetv2-minicity")


@click.command()
@options.out(default=Path("demo"), help="Folder for the runs and the report.")
@options.limit(help="Use only the first N images (a quick look).")
def demo(out: Path, limit: int | None) -> None:
    """Run the whole study on the built-in dataset and weights, in minutes on a laptop.

    Corrupts the street scenes of minicity (drawn by this program), segments them with the two
    shipped models, scores all 81 conditions and writes OUT/report/index.html. Beside these runs
    the report takes two recorded ones of each model, trained with other seeds, so that what it says
    of a difference covers the luck of training; with --limit it does not. Started again, it
    computes only what is missing.
    """
    from robustbench_seg.machine.start import prepare_process

    prepare_process()

    from robustbench_seg.evaluation import evaluate
    from robustbench_seg.reporting import Report
    from robustbench_seg.results import recorded_runs

    runs = evaluate(model=MODELS, dataset="minicity", limit=limit, out=out / "runs", progress=True)
    recorded = [recorded_runs()] if limit is None else []  # they are of all images
    written = Report.write([*(run.path for run in runs), *recorded], out / "report")
    click.echo(f"{written.text}\n\nreport: {written.page}")
