"""What a generated tree is asked to hold: the options of generate-cityscapes-c as one value."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypedDict, Unpack

from robustbench_seg.codec import check_ranges
from robustbench_seg.errors import OptionError, unknown
from robustbench_seg.files import checked_path
from robustbench_seg.records.values.choices import Stream, check_choice
from robustbench_seg.records.values.ranges import Workers
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
    dataset: str = "cityscapes"
    split: str = "val"
    corruptions: tuple[str, ...] = ()
    severities: tuple[int, ...] = ()
    protocol: str = "cityscapes-c"
    stream: Stream = "fast"
    seed: int = 0
    workers: Workers | None = None
    shard: Shard = WHOLE
    keep_going: bool = False

    def __post_init__(self) -> None:
        check_choice("stream", self.stream, Stream)
        check_ranges(self)


class TreeOptions(TypedDict, total=False):
    """Fields of TreeSpec except dataset and protocol, as a person writes them."""

    out: str | Path
    data: str | Path | None
    split: str
    corruptions: Iterable[str]
    severities: Iterable[int]
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
    """Build a TreeSpec from keyword options, with strings for paths and any iterables.

    Args:
        dataset: Name of the dataset, or its TOML file.
        protocol: Name of the protocol, or its TOML file.
        **options: The other fields of TreeSpec.

    Raises:
        OptionError: An option does not exist, or `out` is missing.
    """
    names = [each.name for each in fields(TreeSpec)]
    values: dict[str, Any] = {"dataset": str(dataset), "protocol": str(protocol), **options}
    for name in values:
        if name not in names:
            raise OptionError(unknown("option of generate_cityscapes_c", name, names))
    if values.get("out") is None:
        raise OptionError("a tree needs the option out; give a folder")
    for name in ("out", "data"):
        if values.get(name) is not None:
            values[name] = checked_path(values[name])
    for name in ("corruptions", "severities"):
        values[name] = tuple(values.get(name, ()))
    return TreeSpec(**values)
