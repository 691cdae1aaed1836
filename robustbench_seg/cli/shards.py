"""shard_option, for the commands that do not yet take their options from options.py."""

from robustbench_seg.cli.options import shard_option

__all__ = ["shard_option"]
