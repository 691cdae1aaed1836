"""The i-th of n parts of the work, for machines that do not communicate."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from robustbench_seg.errors import OptionError

Item = TypeVar("Item")


@dataclass(frozen=True, order=True)
class Shard:
    """The `index`-th of `count` parts.

    Attributes:
        index: 1 to `count`.
        count: Number of parts, at least 1.

    >>> rs.Shard(2, 3).of("abcdefg")
    'be'
    """

    index: int
    count: int

    def of(self, items: Sequence[Item]) -> Sequence[Item]:
        """Every `count`-th of `items`; all shards together contain each item once."""
        return items[self.index - 1 :: self.count]

    def subshard(self, other: "Shard") -> "Shard":
        """A shard of this shard; all parts of all shards together contain each item once.

        >>> Shard(2, 3).subshard(Shard(1, 2))
        Shard(index=2, count=6)
        """
        return Shard(self.index + self.count * (other.index - 1), self.count * other.count)

    def __str__(self) -> str:
        return f"{self.index}-of-{self.count}"


WHOLE = Shard(1, 1)


def parse_shard(text: str) -> Shard:
    """Read a shard such as "2/8", the second of eight. Raises OptionError for anything else."""
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
    if match and 1 <= int(match[1]) <= int(match[2]):
        return Shard(int(match[1]), int(match[2]))
    raise OptionError(f"'{text}' is not a shard; write I/N with I from 1 to N, such as 1/8")
