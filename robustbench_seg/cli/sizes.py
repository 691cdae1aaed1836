"""Image sizes on the command line: HxW."""

from typing import Any

import click


def parse_size(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """A click callback: "512x1024" -> (512, 1024), each of several likewise; None stays None."""
    if value is None or isinstance(value, tuple):
        return value and tuple(parse_size(context, parameter, one) for one in value)
    try:
        height, width = map(int, value.lower().split("x"))
        if min(height, width) < 1:
            raise ValueError
    except ValueError:
        raise click.BadParameter(
            f"'{value}' is no size; write height x width, such as 512x1024", context, parameter
        ) from None
    return height, width
