"""Parses the initial weights of encoders, as given on the command line."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from robustbench_seg.errors import OptionError


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
                "two values without V=; give one for all networks, or write V=W for each"
            )
        else:
            for_all = text
    return for_all, by_network
