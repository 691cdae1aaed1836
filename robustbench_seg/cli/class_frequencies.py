"""robustseg class-frequencies: count the pixels of each class in the labels of a split."""

from pathlib import Path

import click

from robustbench_seg.cli import parsers, shared_options
from robustbench_seg.records.specs.training_spec import TrainingSpec
from robustbench_seg.text import text_table


@click.command("class-frequencies")
@shared_options.dataset()
@shared_options.data()
@shared_options.split(default=TrainingSpec.split)
@click.option("--out", metavar="FILE", type=parsers.PATH, required=True, help="TOML file to write.")
def class_frequencies(dataset: str, data: Path | None, split: str, out: Path) -> None:
    """Count the pixels of each class in the labels of a split, and write them to a file.

    The attack apgd_mce_bal divides the loss of a pixel by the number of pixels of its class in the
    training labels. The file also names the dataset, the split, the number of images, the
    fingerprint of the files, and the version of robustseg.
    """
    from robustbench_seg.datasets import class_frequencies as count

    found = count(dataset, data, split, out, progress=True)
    click.echo(f"{text_table(found.table())}\n\n{out}")
