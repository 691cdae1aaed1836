"""Parts of the work on the command line: I/N."""

import click

from robustbench_seg.records.shard import Shard, parse_shard


def shard_option(context: click.Context, parameter: click.Parameter, value: str) -> Shard:
    """A click callback: "2/8" -> Shard(2, 8)."""
    try:
        return parse_shard(value)
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None
