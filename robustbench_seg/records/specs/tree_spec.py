"""The options of generate-cityscapes-c as one value."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

from robustbench_seg.codec import check_ranges
from robustbench_seg.errors import OptionError
from robustbench_seg.records.specs.spec_values import spec_values
from robustbench_seg.records.values.choices import Stream, check_choices
from robustbench_seg.records.values.defaults import DATASET, PROTOCOL, SPLIT
from robustbench_seg.records.values.ranges import CorruptionSeed, Workers
from robustbench_seg.records.values.shard import WHOLE, Shard


@dataclass(frozen=True)
class TreeSpec:
    """Which images to corrupt, how, and where to write them.

    Attributes:
        out: Folder to write to.
        data: Root folder of the dataset. None means its default, for Cityscapes
            $CITYSCAPES_DATASET.
        dataset: Name of the dataset, or its TOML file.
        split: Split of the dataset.
        corruptions: Names of corruptions. Empty means all of the protocol.
        severities: Severities, 1 to 5. Empty means all.
        protocol: Name of the protocol, or its TOML file.
        stream: "fast" or "reference".
        seed: Seed of the corruptions, 0 to 2^32 - 1.
        workers: Number of processes, 1 to 256. None means one per core.
        shard: The part of the images to write. `verify` merges complete parts.
        keep_going: Whether to skip images that cannot be read.

    Raises:
        OptionError: The stream is unknown, or a number is out of range.

    >>> spec = rs.TreeSpec(Path("city-c"), dataset="minicity", corruptions=("fog",))
    >>> spec.split, spec.stream, spec.seed
    ('val', 'fast', 0)
    """

    out: Path
    data: Path | None = None
    dataset: str = DATASET
    split: str = SPLIT
    corruptions: tuple[str, ...] = ()
    severities: tuple[int, ...] = ()
    protocol: str = PROTOCOL
    stream: Stream = "fast"
    seed: CorruptionSeed = 0
    workers: Workers | None = None
    shard: Shard = WHOLE
    keep_going: bool = False

    def __post_init__(self) -> None:
        check_choices(self)
        check_ranges(self)


class TreeOptions(TypedDict, total=False):
    """Fields of TreeSpec except dataset and protocol, as users write them."""

    out: str | Path
    data: str | Path | None
    split: str
    corruptions: str | Iterable[str]
    severities: int | Iterable[int]
    stream: Stream
    seed: int
    workers: int | None
    shard: Shard
    keep_going: bool


def tree_spec(
    dataset: str | Path = TreeSpec.dataset,
    protocol: str | Path = TreeSpec.protocol,
    **options: Unpack[TreeOptions],
) -> TreeSpec:
    """Build a TreeSpec from keyword options, as users write them.

    Args:
        dataset: Name of the dataset, or its TOML file.
        protocol: Name of the protocol, or its TOML file.
        **options: The other fields of TreeSpec.

    Raises:
        OptionError: An option does not exist, or `out` is missing.
    """
    given = {"dataset": dataset, "protocol": protocol, **options}
    values = spec_values(TreeSpec, given, "option of generate_cityscapes_c")
    if values.get("out") is None:
        raise OptionError("out is missing; give a folder for the tree")
    return TreeSpec(**values)
