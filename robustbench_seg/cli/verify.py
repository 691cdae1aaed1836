"""robustseg verify: a generated tree against its manifest."""

from pathlib import Path

import click

from robustbench_seg.cli import options


@click.command()
@click.argument("folder", metavar="DIR", type=options.PATH)
def verify(folder: Path) -> None:
    """Check every file of a generated tree DIR against its manifest.

    The manifests of a tree that was made with --shard are merged first, if all are there.
    Names every missing, altered or foreign file, and exits 1 if there is any.
    """
    from robustbench_seg.errors import IncompleteError
    from robustbench_seg.machine.progress import progress_bar
    from robustbench_seg.trees import verify as check

    with progress_bar(0, unit="files") as bar:
        found = check(folder, progress=bar.update, announce=bar.reset)
    if found.merged:
        click.echo(f"{folder}: its shards are merged in {folder / 'manifest.json'}")
    for problem in found.problems:
        click.echo(problem)
    if found.problems:
        raise IncompleteError(
            f"{folder}: {len(found.problems)} files are not as {folder / 'manifest.json'} says; "
            "start generate-cityscapes-c on it again, which makes what is missing and records what "
            "an interrupted start has left; remove what is altered or foreign after that"
        )
    click.echo(f"{folder}: all {found.files} files are as they were made")
