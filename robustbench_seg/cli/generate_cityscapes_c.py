"""robustseg generate-cityscapes-c: write corrupted copies of a dataset to disk."""

from typing import TYPE_CHECKING, Any

import click

from robustbench_seg.cli import shared_options
from robustbench_seg.cli.field_option import field_option
from robustbench_seg.records.specs.tree_spec import TreeSpec, tree_spec

if TYPE_CHECKING:
    from tqdm import tqdm

    from robustbench_seg.trees.plan_summary import PlanSummary


@click.command("generate-cityscapes-c")
@shared_options.data()
@shared_options.out(required=True)
@shared_options.dataset()
@shared_options.split()
@shared_options.corruptions(help="Corruption to apply; repeatable.  [default: all]")
@shared_options.severities(help="Severity to apply; repeatable.  [default: all]")
@shared_options.protocol()
@shared_options.stream()
@shared_options.seed()
@field_option(TreeSpec, "workers", help="Number of processes.  [default: one per core]")
@shared_options.shard(
    help="Process only the I-th of N parts of the images; verify merges the finished parts."
)
@field_option(TreeSpec, "keep_going", help="Skip images that cannot be read, and exit with 1.")
def generate_cityscapes_c(**chosen: Any) -> None:
    """Write every image of a dataset under every corruption and severity.

    OUT/<corruption>/<severity>/ has the layout of the dataset, with a relative link to its labels,
    so any tool can read it as the dataset. All images are PNG files: a .jpg becomes a .png. If a
    TOML file describes the dataset, each folder also gets one. OUT/manifest.json is written last,
    with the digest of every file. minicity has no files, so it is first drawn into OUT/clean.

    If you start the command again, it writes only missing images; other corruptions or severities
    are added.
    """
    from robustbench_seg.corruption.compiling import announce_compiling
    from robustbench_seg.errors import IncompleteError
    from robustbench_seg.trees.generate import generate_cityscapes_c as generate

    announce_compiling()
    spec, shown = tree_spec(**chosen), _Progress()
    try:
        manifest = generate(spec=spec, announce=shown.start, progress=shown.advance)
    except IncompleteError as error:
        shown.close()
        for reason in error.reasons:
            click.echo(f"left out: {reason}", err=True)
        raise
    finally:
        shown.close()
    out, shard = spec.out, spec.shard
    if shard.count == 1:
        click.echo(f"{out}: {len(manifest.files)} files, described in {out / 'manifest.json'}")
    else:
        click.echo(
            f"{out}: {len(manifest.files)} files of shard {shard.index} of {shard.count}; when all "
            f"shards are finished, run robustseg verify {out}"
        )


class _Progress:
    """A summary of the work, and then a progress bar."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._left_out = 0

    def start(self, summary: "PlanSummary") -> None:
        """Print the summary of the plan and show the bar."""
        from robustbench_seg.machine.progress import progress_bar

        click.echo(summary)
        # All conditions of a clean image arrive at once, so the rate is not smoothed.
        self._bar = progress_bar(summary.missing, unit="images", smoothing=0)

    def advance(self, made: int, left_out: int) -> None:
        """Count created images and files left out."""
        if self._bar is None:
            return
        self._left_out += left_out
        if self._left_out:
            self._bar.set_postfix({"left out": self._left_out}, refresh=False)
        self._bar.update(made)

    def close(self) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
