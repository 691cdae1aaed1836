"""robustseg leaderboard: a static site that ranks the models of packs."""

import os
from pathlib import Path

import click

from robustbench_seg.cli import parsers, shared_options


@click.command()
@click.argument("packs", nargs=-1, required=True, type=parsers.PATH, metavar="PACKS...")
@shared_options.out(required=True)
@shared_options.scoring_protocol()
def leaderboard(packs: tuple[Path, ...], out: Path, protocol: str | None) -> None:
    """Write a static site that ranks the models of PACKS: packs, run folders, or folders of them.

    OUT/index.html lists the boards, one for each dataset and protocol. A board ranks models by any
    score, with intervals and shared ranks, and plots scores against cost. Each model has a page,
    and each table a CSV file. All pages open offline. The command caches the scores of each run.
    """
    from robustbench_seg.machine.start import prepared_process

    with prepared_process(network=False):
        from robustbench_seg.reporting.leaderboard_report import Leaderboard

    written = Leaderboard.write(packs, out, protocol=protocol, processes=os.cpu_count() or 1)
    click.echo(written.text)
