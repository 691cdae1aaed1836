"""parse_size, for the commands that do not yet take their options from options.py."""

from robustbench_seg.cli.options import parse_size

__all__ = ["parse_size"]
