"""The ranks of the rows of a ranking, some of them shared."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from robustbench_seg.results import shared_ranks

Row = TypeVar("Row")


def ranks(rows: Sequence[Row | None], is_tied: Callable[[Row, Row], bool]) -> tuple[str, ...]:
    """Return the rank of each row: "1", or "2=" where several rows share it.

    Args:
        rows: The rows, best first; None for a published one, which shares no rank, because its
            images are not at hand.
        is_tied: Whether two measured rows are compared and no difference is established.
    """

    def share(first: int, second: int) -> bool:
        one, other = rows[first], rows[second]
        return one is not None and other is not None and is_tied(one, other)

    return shared_ranks(len(rows), share)
