"""robustseg verify: check a generated tree against its manifest, or a pack against its digests."""

from pathlib import Path

import click

from robustbench_seg.cli import parsers


@click.command()
@click.argument("path", metavar="DIR|FILE", type=parsers.PATH)
def verify(path: Path) -> None:
    """Check every file of a generated tree DIR, or of a pack FILE.

    The files of a tree are compared with its manifest; manifests of a tree that was made with
    --shard are merged first, if all are there. For a pack, the command checks every digest, that
    the parts belong to the run, and that the scores follow from the parts.

    Lists every missing, altered, foreign or contradicted file, and exits with 1 if there is any.
    """
    from robustbench_seg.errors import IncompleteError
    from robustbench_seg.machine.progress import progress_bar
    from robustbench_seg.text import counted
    from robustbench_seg.verification import verify as check

    with progress_bar(0, unit="files") as bar:
        found = check(path, progress=bar.update, announce=bar.reset)
    if found.merged:
        click.echo(f"{path}: its shards are merged in {path / 'manifest.json'}")
    for problem in found.problems:
        click.echo(problem)
    if not found.problems:
        what = "files are as they were made"
        if path.is_file():
            what += ", its parts are of its run, and its scores follow from them"
        click.echo(f"{path}: all {found.files} {what}")
    elif path.is_file():
        problems = counted(len(found.problems), "problem")
        raise IncompleteError(
            f"{path}: {problems}; get the pack again from its author, or make it again from the "
            "run folder"
        )
    else:
        raise IncompleteError(
            f"{path}: {len(found.problems)} files are not as {path / 'manifest.json'} says; "
            "start generate-cityscapes-c on it again, which makes what is missing and records what "
            "an interrupted start has left; remove what is altered or foreign after that"
        )
