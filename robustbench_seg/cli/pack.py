"""robustseg pack: write a run folder as one file."""

from pathlib import Path

import click

from robustbench_seg.cli import parsers


@click.command()
@click.argument("run", metavar="RUN", type=parsers.PATH)
@click.option(
    "--out",
    metavar="FILE",
    type=parsers.PATH,
    help="File to write.  [default: <name of the run>.pack.zip in the current folder]",
)
def pack(run: Path, out: Path | None) -> None:
    """Write the run folder RUN as one file that others can check, report and rank.

    The file contains the record of the run with its command, all counts, run times and digests, but
    no image. The same run always gives the same bytes.
    """
    from robustbench_seg.files import digest_file
    from robustbench_seg.store import pack as write

    file = write(run, out)
    click.echo(f"{file}: {file.stat().st_size / 1e6:.1f} MB, sha256 {digest_file(file)}")
