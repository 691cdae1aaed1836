"""What is asked for: the clean images of a dataset, and the conditions to make of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from robustbench_seg.corruption.engine import corrupt
from robustbench_seg.corruption.pixels import Image
from robustbench_seg.records.protocol import Condition, Protocol, as_png
from robustbench_seg.records.shard import WHOLE, Shard
from robustbench_seg.trees.record import TreeRecord, tree_record


@dataclass(frozen=True)
class CleanImage:
    """One image to corrupt.

    Attributes:
        id: Its path in the dataset's root, with forward slashes; keys the random numbers.
        read: Gives it as uint8 H x W x 3 RGB, or raises DatasetError. It must pickle, for it may
            run in another process.
        companions: What other tools need beside it: path in the dataset's root -> file.
    """

    id: str
    read: Callable[[], Image]
    companions: Mapping[str, Path]


@dataclass(frozen=True)
class Generation:
    """A corrupted dataset to be made in `out`.

    Attributes:
        out: The tree's folder.
        images: All clean images of the split.
        conditions: What becomes of each.
        protocol: Where the parameters come from.
        stream: "fast" or "reference".
        seed: 0 to 2^32 - 1.
        dataset: Name of the dataset.
        split: Which part of it.
        own: Files in `out` that belong to the tree but are not made here: clean images drawn there.
        shard: The part of the images that is made here, for other machines to make the rest.
    """

    out: Path
    images: tuple[CleanImage, ...]
    conditions: tuple[Condition, ...]
    protocol: Protocol
    stream: str
    seed: int
    dataset: str
    split: str
    own: tuple[str, ...] = ()
    shard: Shard = WHOLE

    @cached_property
    def record(self) -> TreeRecord:
        """What decides the pixels of the tree; its probe is not made yet."""
        how = self.protocol, self.stream, self.seed, self.dataset, self.split
        return tree_record(*how, self.conditions)

    @property
    def mine(self) -> Sequence[CleanImage]:
        """The images of the shard."""
        return self.shard.of(self.images)

    def name(self, image: CleanImage, condition: Condition) -> str:
        """Path of a variant in `out`: the image's own, as PNG."""
        return f"{condition.folder}/{as_png(image.id)}"

    def variant(self, image: CleanImage, pixels: Image, condition: Condition) -> Image:
        """The variant of an image with these pixels (uint8 H x W x 3).

        Raises:
            CorruptionError: The image is too small for the condition.
            CardError: The protocol's parameters are not those of the corruption.
        """
        return corrupt(
            pixels,
            condition.name,
            condition.severity,
            seed=self.seed,
            image_id=image.id,
            stream=self.stream,
            protocol=self.protocol,
        )

    def missing(self) -> Iterator[tuple[CleanImage, Condition]]:
        """The variants that are not there yet."""
        for image in self.mine:
            for condition in self.conditions:
                if not (self.out / self.name(image, condition)).exists():
                    yield image, condition
