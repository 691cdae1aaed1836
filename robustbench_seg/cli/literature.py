"""robustseg literature: published scores, how they were measured, and their audit."""

from pathlib import Path

import click

from robustbench_seg.cli import shared_options
from robustbench_seg.cli.csv_file import csv_writer


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@shared_options.dataset(metavar="D", default=None, help="Only rows on this dataset.")
@shared_options.scoring_protocol(help="Only rows that can be measured under this shipped protocol.")
@click.option(
    "--check",
    is_flag=True,
    help="Recompute stored summaries and claims, apply the plausibility rules, and list "
    "inconsistencies.",
)
@shared_options.csv(help="Write the rows, with every score.")
def literature(
    models: tuple[str, ...],
    dataset: str | None,
    protocol: str | None,
    check: bool,
    csv: Path | None,
) -> None:
    """Print published scores of MODEL, such as segformer-b5, or of all models.

    Scores are mIoU in percent, as the sources print them; the mean is computed from the cells
    if they are published. reports/published/SOURCE.toml describes how a source measured. A row with
    a flag is inconsistent, and no report ranks it.
    """
    from robustbench_seg.reporting.literature.audit import AUDIT_COLUMNS, audit
    from robustbench_seg.reporting.literature.catalogue import SUBJECT_COLUMNS
    from robustbench_seg.reporting.literature.catalogue import literature as published
    from robustbench_seg.reporting.tables.literature import audit_text, literature_text

    if check and (models or dataset or protocol):
        raise click.UsageError("--check covers all published tables; leave out models and filters")
    write = csv_writer(csv, AUDIT_COLUMNS if check else SUBJECT_COLUMNS)
    table = audit() if check else published(*models, dataset=dataset, protocol=protocol)
    click.echo(audit_text(table) if check else literature_text(table))
    write(table)
