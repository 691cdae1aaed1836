"""Types and callbacks that convert the text of an option to a value."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from robustbench_seg.codec import Range
from robustbench_seg.errors import FileError, OptionError
from robustbench_seg.files import checked_path
from robustbench_seg.records.values.image_size import check_size
from robustbench_seg.records.values.input_size import input_size_text
from robustbench_seg.records.values.shard import parse_shard
from robustbench_seg.records.values.test_time_augmentation import augment_text


def _callback(parse: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return the click callback of a function of the library, whose errors name the option."""

    def callback(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        try:
            return parse(value)
        except OptionError as error:
            raise click.BadParameter(str(error), context, parameter) from None

    return callback


parse_shard_option = _callback(parse_shard)
"""Parses "2/8" as Shard(2, 8)."""

normalise_input_size = _callback(input_size_text)
"""Normalises "512X1024"; "native", "processor" and None do not change."""

normalise_augment = _callback(augment_text)
"""Normalises "1.25,flip" to "flip,1.25"; None does not change."""


def parse_size(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Click callback that parses "512x1024", or each of several, as (512, 1024); None is kept."""
    if value is None or isinstance(value, tuple):
        return value and tuple(parse_size(context, parameter, one) for one in value)
    try:
        height, width = map(int, value.lower().split("x"))
    except ValueError:
        raise click.BadParameter(
            f"'{value}' is not a size; write height x width, such as 512x1024", context, parameter
        ) from None
    try:
        check_size((height, width))
    except OptionError as error:
        raise click.BadParameter(str(error), context, parameter) from None
    return height, width


def parse_adapt_images(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Click callback that parses "16" as 16; words are kept."""
    return _number_or_word(value, int)


def parse_temperature(context: click.Context, parameter: click.Parameter, value: str) -> Any:
    """Click callback that parses "1.5" as 1.5 and "none" as None; other words are kept."""
    return None if value == "none" else _number_or_word(value, float)


def _number_or_word(text: Any, number: type[int] | type[float]) -> Any:
    """Convert the text of a number. Other text is kept: the specification checks it."""
    try:
        return number(text)
    except ValueError:
        return text


def parse_encoders(
    texts: Iterable[str], networks: Sequence[str]
) -> tuple[str | None, dict[str, str]]:
    """Split texts into weights for all encoders and weights for single networks.

    Args:
        texts: Each is W, for all encoders that the weights fit, or V=W, for the network V only.
        networks: Names of the networks. Text before a "=" that is not among them may belong to a
            path or URL.

    Returns:
        The weights for all encoders, or None, and a mapping from the name of a network to its
        weights.

    Raises:
        OptionError: Two texts give weights for all networks.
    """
    for_all: str | None = None
    by_network = dict[str, str]()
    for text in texts:
        name, equals, weights = text.partition("=")
        is_file = text.startswith(("hf:", "http")) or Path(text).exists()
        if equals and (name in networks or not is_file):
            by_network[name] = weights
        elif for_all is not None:
            raise OptionError(
                "two weights without V=; give one for all networks, or write V=W for each"
            )
        else:
            for_all = text
    return for_all, by_network


class _Path(click.Path):
    """The type of a path that can be written into a record."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Convert the text to a path."""
        try:
            checked_path(value)
        except FileError as error:
            self.fail(str(error), param, ctx)
        return super().convert(value, param, ctx)


def integer(wanted: Range) -> click.IntRange:
    """Return the click type for an integer in a range."""
    return click.IntRange(int(wanted.least), int(wanted.most))


PATH = _Path(path_type=Path)
FOLDER = _Path(file_okay=False, path_type=Path)
