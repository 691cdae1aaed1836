"""robustseg generate-cityscapes-c: a dataset -> its corrupted copies on disk."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robustbench_seg.cli import options, parsers
from robustbench_seg.records.values import ranges

if TYPE_CHECKING:
    from robustbench_seg.records.values.shard import Shard


@click.command("generate-cityscapes-c")
@options.data()
@options.out(required=True)
@options.dataset()
@options.split()
@options.corruptions(help="Corruption to make; repeatable.  [default: all]")
@options.severities(help="Severity to make; repeatable.  [default: all]")
@options.protocol()
@options.stream()
@options.seed()
@click.option(
    "--workers", type=parsers.integer(ranges.WORKERS), help="Processes.  [default: one per core]"
)
@options.shard(
    help="Make only the I-th of N parts of the images; when all are made, verify merges them."
)
@click.option("--keep-going", is_flag=True, help="Leave out images that cannot be read; exit 1.")
def generate_cityscapes_c(out: Path, shard: "Shard", **chosen: Any) -> None:
    """Write every image of a dataset under every corruption and severity.

    OUT/<corruption>/<severity>/ has the layout of the dataset itself, with a relative link to its
    labels, so that any tool reads it as the dataset. Images are always written as PNG: a .jpg
    becomes a .png. If a TOML file describes the dataset, each folder gets one too.
    OUT/manifest.json is written last, with the digest of every file. minicity, which has no files,
    is drawn into OUT/clean first.

    Started again, it makes only what is missing; with other corruptions or severities it adds them.
    """
    from contextlib import ExitStack

    from robustbench_seg.corruption.compiling import announce_compiling
    from robustbench_seg.errors import IncompleteError
    from robustbench_seg.machine.progress import progress_bar
    from robustbench_seg.trees.generate import generate_cityscapes_c as generate
    from robustbench_seg.trees.plan_summary import PlanSummary

    announce_compiling()
    with ExitStack() as stack:

        def announce(summary: PlanSummary) -> None:
            click.echo(summary)
            # Images arrive in bursts, all of one clean image at once, so the rate is not smoothed.
            bar = progress_bar(summary.missing, unit="images", smoothing=0)
            bars.append(stack.enter_context(bar))

        def show(made: int, left_out: int) -> None:
            counts["left out"] += left_out
            if counts["left out"]:
                bars[0].set_postfix(counts, refresh=False)
            bars[0].update(made)

        bars: list[Any] = []
        counts = {"left out": 0}
        try:
            manifest = generate(
                out=out,
                shard=shard,
                announce=announce,
                progress=show,
                **chosen,
            )
        except IncompleteError as error:
            stack.close()
            for reason in error.reasons:
                click.echo(f"left out: {reason}", err=True)
            raise
    if shard.count == 1:
        click.echo(f"{out}: {len(manifest.files)} files, described in {out / 'manifest.json'}")
    else:
        click.echo(
            f"{out}: {len(manifest.files)} files of shard {shard.index} of {shard.count}; when all "
            f"are finished: robustseg verify {out}"
        )
