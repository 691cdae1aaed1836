"""robustseg verify: check a generated tree against its manifest, or a pack against its digests."""

from pathlib import Path

import click

from robustbench_seg.cli import parsers


@click.command()
@click.argument("path", metavar="DIR|FILE", type=parsers.PATH)
def verify(path: Path) -> None:
    """Check every file of a generated tree DIR, or of a pack FILE.

    For a tree, the command compares the files with the manifest. It first merges the manifests of
    shards, if all shards are finished. For a pack, it checks every digest, that the parts belong to
    the run, and that the scores follow from the parts.

    Lists every missing, altered, unexpected or contradictory file, and exits with 1 if there is
    one.
    """
    from robustbench_seg.machine.progress import progress_bar
    from robustbench_seg.verification import check_verified, verification_text
    from robustbench_seg.verification import verify as check

    with progress_bar(0, unit="files") as bar:
        found = check(path, progress=bar.update, announce=bar.reset)
    click.echo(verification_text(path, found))
    check_verified(path, found)
