"""Writes one clean image of a tree under all its conditions, in one of several processes."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from robustbench_seg.corruption.image_arrays import Image, digest_pixels
from robustbench_seg.errors import CorruptionError, DatasetError, TreeError
from robustbench_seg.files import digest_bytes, digest_file, write_bytes
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.trees.manifests.manifest import Digests
from robustbench_seg.trees.writing.plan import CleanImage, TreePlan
from robustbench_seg.trees.writing.png import encode_png, read_pixels, read_with_origin


@dataclass(frozen=True)
class ImageResult:
    """The files that a worker has written for one clean image.

    Attributes:
        files: Maps paths in the tree to digests of the files.
        left_out: Maps paths in the tree to the reasons why the files are missing.
        new: Number of `files` that did not exist before.
    """

    files: Mapping[str, Digests]
    left_out: Mapping[str, str]
    new: int


@dataclass(frozen=True)
class ImageJob:
    """The work on one clean image; every worker has a copy.

    Attributes:
        plan: The plan of the tree.
        keep_going: Whether to leave out an image that cannot be created.
        known: Maps paths in the tree to digests that an earlier start has recorded.
    """

    plan: TreePlan
    keep_going: bool
    known: Mapping[str, Digests]

    def __call__(self, index: int, stopped: Callable[[], bool]) -> ImageResult:
        """Write the image at `index` of the shard under all conditions, until `stopped`."""
        plan, image = self.plan, self.plan.shard_images[index]
        pixels = _CleanPixels(image)
        files = dict[str, Digests]()
        left_out = dict[str, str]()
        new = 0
        for condition in plan.conditions:
            if stopped():
                break
            name = plan.name(image, condition)
            try:
                found = self._present(image, condition, pixels)
                files[name] = found or self._write(image, condition, pixels)
                new += found is None
            except (DatasetError, CorruptionError) as error:
                if not self.keep_going:
                    raise
                left_out[name] = str(error)
        return ImageResult(files, left_out, new)

    def _write(self, image: CleanImage, condition: Condition, clean: "_CleanPixels") -> Digests:
        """Write an image, or compare it with an existing file of unknown origin."""
        plan = self.plan
        path = plan.out / plan.name(image, condition)
        corrupted = plan.corrupted(image, clean.pixels, condition)
        pixels = digest_pixels(corrupted)
        if path.exists():
            with suppress(OSError):  # a damaged one is replaced
                found = image_digests(path)
                if found.pixels == pixels:
                    return found
                raise TreeError(
                    f"{path} differs from what {image.id} now gives, and no manifest describes "
                    "it; remove it and run again, or choose another folder"
                )
        data = encode_png(corrupted, plan.origin(image, clean.digest, condition, pixels))
        write_bytes(path, data)
        return Digests(digest_bytes(data), pixels)

    def _present(
        self, image: CleanImage, condition: Condition, clean: "_CleanPixels"
    ) -> Digests | None:
        """The digests of an existing file whose origin is known, else None.

        The origin is known if an earlier start has recorded the file, or if the text in the file
        states that an interrupted start created it from this clean image in the same way.
        """
        name = self.plan.name(image, condition)
        path = self.plan.out / name
        if not path.exists():
            return None
        if recorded := self.known.get(name):
            return recorded
        try:
            corrupted, origin = read_with_origin(path)
            if not origin:
                return None
            found = Digests(digest_file(path), digest_pixels(corrupted))
        except OSError:
            return None
        expected = self.plan.origin(image, clean.digest, condition, found.pixels)
        return found if origin == expected else None


class _CleanPixels:
    """The pixels of a clean image: read once, and only if a condition needs them."""

    def __init__(self, image: CleanImage) -> None:
        self._image = image

    @cached_property
    def pixels(self) -> Image:
        """uint8 H x W x 3 RGB; DatasetError if it cannot be read."""
        return self._image.read()

    @cached_property
    def digest(self) -> str:
        """Their digest."""
        return digest_pixels(self.pixels)


def image_digests(path: Path) -> Digests:
    """The digests of an image file; OSError if it cannot be read."""
    return Digests(digest_file(path), digest_pixels(read_pixels(path)))
