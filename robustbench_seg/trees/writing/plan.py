"""The plan of a tree: the clean images of a dataset, and the conditions to write of each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from robustbench_seg.corruption import corrupt
from robustbench_seg.corruption.image_arrays import Image
from robustbench_seg.errors import TreeError
from robustbench_seg.files import digest_json, path_problem
from robustbench_seg.records.values.condition import Condition, as_png
from robustbench_seg.records.values.shard import WHOLE, Shard
from robustbench_seg.trees.manifests.tree_record import CorruptionChoice, TreeRecord, tree_record


@dataclass(frozen=True)
class CleanImage:
    """One image to corrupt.

    Attributes:
        id: Its path in the dataset's root, with forward slashes; keys the random numbers.
        read: Returns it as uint8 H x W x 3 RGB, or raises DatasetError. It must be picklable,
            because it may run in another process.
        companions: Files that other tools need next to it; maps paths in the dataset's root to
            files.
        size: Bytes of its file. None for an image that the program draws.
    """

    id: str
    read: Callable[[], Image]
    companions: Mapping[str, Path]
    size: int | None = None


@dataclass(frozen=True)
class TreePlan:
    """The corrupted images to write, and how.

    Attributes:
        out: The tree's folder.
        images: All clean images of the split.
        conditions: The conditions to write of each image.
        choice: The settings of the corruptions.
        dataset: Name of the dataset.
        split: Split of the dataset.
        clean_files: Files in `out` that belong to the tree but are not corrupted images: the clean
            images and labels of a dataset that is drawn there.
        shard: The part of the images to write here; other machines write the rest.
        png_layout: TOML (without the key `name`) that describes the folder of each condition. None:
            the dataset has a known name, or no globs can describe it.
    """

    out: Path
    images: tuple[CleanImage, ...]
    conditions: tuple[Condition, ...]
    choice: CorruptionChoice
    dataset: str
    split: str
    clean_files: tuple[str, ...] = ()
    shard: Shard = WHOLE
    png_layout: str | None = None

    @cached_property
    def record(self) -> TreeRecord:
        """The record of the tree, without its probe."""
        sizes = {image.id: image.size for image in self.images if image.size is not None}
        return tree_record(self.choice, self.dataset, self.split, self.conditions, sizes)

    @property
    def shard_images(self) -> Sequence[CleanImage]:
        """The images of the shard."""
        return self.shard.of(self.images)

    def name(self, image: CleanImage, condition: Condition) -> str:
        """Path of a corrupted image in `out`: that of its clean image, with the suffix .png."""
        return f"{condition.folder}/{as_png(image.id)}"

    def corrupted(self, image: CleanImage, pixels: Image, condition: Condition) -> Image:
        """Corrupt an image whose pixels are `pixels` (uint8 H x W x 3).

        Raises:
            CorruptionError: The image is too small for the condition.
            CardError: The protocol's parameters are not those of the corruption.
        """
        return corrupt(
            pixels,
            condition.name,
            condition.severity,
            seed=self.choice.seed,
            image_id=image.id,
            stream=self.choice.stream,
            protocol=self.choice.protocol,
        )

    def origin(self, image: CleanImage, clean: str, condition: Condition, pixels: str) -> str:
        """Compute the origin that a file of the tree states: sha256 of everything that decides its
        pixels.

        Args:
            image: The clean image.
            clean: Digest of its pixels.
            condition: The condition.
            pixels: Digest of the corrupted pixels.
        """
        name, severity = condition.name, condition.severity
        facts = {
            "image": image.id,
            "clean": clean,
            "corruption": [name, severity, self.record.laws.get(name)],
            "parameters": self.choice.protocol.perturbation(name).parameters[severity - 1],
            "draws": [self.choice.stream, self.record.stream_version, self.choice.seed],
            "pixels": pixels,
        }
        return digest_json(facts)

    def check_names(self) -> None:
        """Check the paths of the images and labels.

        Raises:
            TreeError: A path cannot be written, or two files would have the same path.
        """
        first = dict[str, str]()
        for image in self.images:
            for name in (image.id, *image.companions):
                if why := path_problem(name):
                    raise TreeError(f"the path {name!r:.200} {why}; rename the file")
        for image in self.images:
            if (other := first.setdefault(as_png(image.id), image.id)) != image.id:
                raise TreeError(
                    f"{other} and {image.id} would both become {as_png(image.id)}; rename one of "
                    "them"
                )
        for image in self.images:
            for path in image.companions:
                if path in first:
                    raise TreeError(
                        f"{first[path]} would become {path}, which belongs to the labels; keep "
                        "labels in a separate folder"
                    )

    def missing(self) -> Iterator[tuple[CleanImage, Condition]]:
        """The corrupted images of the shard that do not exist yet."""
        for image in self.shard_images:
            for condition in self.conditions:
                if not (self.out / self.name(image, condition)).exists():
                    yield image, condition
