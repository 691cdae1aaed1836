"""robustseg report: runs -> tables, figures and one HTML page."""

from pathlib import Path

import click


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUNS...")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to.",
)
@click.option(
    "--reference",
    metavar="M",
    help="Model that CD and rCD are relative to: one of the runs or a published row.",
)
@click.option("--protocol", metavar="P", help="Score under this one; default: each run's own.")
@click.option(
    "--no-pictures",
    is_flag=True,
    help="Leave out sample images: frames of many datasets may not be passed on.",
)
def report(
    runs: tuple[Path, ...],
    out: Path,
    reference: str | None,
    protocol: str | None,
    no_pictures: bool,
) -> None:
    """Write the report of RUNS: run folders, or folders of them.

    OUT/index.html is one file that opens offline; OUT/tables holds every number as CSV, LaTeX,
    Markdown and Parquet, OUT/figures every figure as SVG and PNG.
    """
    from robustbench_seg.records.protocol import load_protocol
    from robustbench_seg.reporting import finding, read_panels, terminal_table, write_page

    chosen = load_protocol(protocol) if protocol else None
    panels = read_panels(runs, reference=reference, protocol=chosen)
    page = write_page(panels, out, pictures=not no_pictures)
    click.echo(terminal_table(panels))
    click.echo(f"\n{finding(panels)}\n\nreport: {page}")
