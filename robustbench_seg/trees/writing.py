"""Writing a corrupted dataset: images x conditions -> DIR/<corruption>/<severity>/<image>.png.

Each clean image is read once, in one of several processes, and corrupted under every condition.
What a file holds depends on the tree's record, its clean image and its condition alone, and a file
appears whole or not at all. So any number of workers, and any number of interrupted starts, end in
the same tree.
"""

import dataclasses
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path

from robustbench_seg.corruption import library_differences, probe
from robustbench_seg.corruption.pixels import Image, digest_pixels
from robustbench_seg.errors import CorruptionError, DatasetError
from robustbench_seg.files import (
    cannot_be_written,
    digest_bytes,
    digest_file,
    path_problem,
    write_bytes,
)
from robustbench_seg.machine.locks import presence, turn
from robustbench_seg.records.image_path import as_png
from robustbench_seg.records.protocol import Condition
from robustbench_seg.records.shard import WHOLE
from robustbench_seg.trees.links import make_link, plan_links
from robustbench_seg.trees.manifest import (
    MANIFEST,
    RECORD_FILE,
    Digests,
    Manifest,
    begin_or_continue,
    read_manifest,
    read_shard,
    shard_manifests,
    write_manifest,
)
from robustbench_seg.trees.plan import CleanImage, TreePlan
from robustbench_seg.trees.png import encode_png, read_pixels, read_with_origin
from robustbench_seg.trees.pool import run
from robustbench_seg.trees.unprobed import check_unprobed

log = logging.getLogger(__name__)


class ForeignImageError(CorruptionError):
    """A file in a tree that this program has not made; it is kept, and nothing vouches for it."""


@dataclass(frozen=True)
class ImageResult:
    """What a worker has written of one clean image.

    Attributes:
        files: Its files and their digests.
        left_out: Files that could not be made, and why.
        made: How many of `files` are new.
    """

    files: Mapping[str, Digests]
    left_out: Mapping[str, str]
    made: int


def write_tree(
    plan: TreePlan,
    *,
    workers: int = 1,
    keep_going: bool = False,
    progress: Callable[[int, int], object] = lambda made, left_out: None,
) -> Manifest:
    """Make what is missing of a corrupted dataset, then write its manifest.

    A tree may grow: starting again with other corruptions or severities adds them. Files that are
    there already are kept as they are. Whatever is raised, finished files stay and no manifest is
    written.

    Args:
        plan: What to make.
        workers: How many processes.
        keep_going: Leave out what cannot be made; the manifest's `left_out` names it.
        progress: Called after each image with the numbers of files made and of files left out.

    Returns:
        The manifest.

    Raises:
        CorruptionError: `out` holds another tree, or a condition gives other pixels than when the
            tree was begun.
        FileError: A file cannot be written.
        DatasetError: An image cannot be read.
    """
    _check_names(plan.images)
    out, choice = plan.out, plan.choice
    digests = probe(plan.conditions, choice.protocol, choice.stream, choice.seed)
    wanted = dataclasses.replace(plan.record, probe=digests)
    files = dict[str, Digests]()
    left_out = dict[str, str]()

    def take(result: ImageResult) -> None:
        files.update(result.files)
        left_out.update(result.left_out)
        progress(result.made, len(result.left_out))

    try:
        out.mkdir(parents=True, exist_ok=True)
        with presence(out) as sweep:
            known = _known(plan)
            begun = begin_or_continue(out, wanted, lambda begun: check_unprobed(plan, begun, known))
            if versions := library_differences(begun.libraries, wanted.libraries):
                log.warning(
                    "%s goes on under other versions (%s): the pixels are the same", out, versions
                )
            links = _link(plan)
            files |= {name: _digests(out / name) for name in plan.clean_files}
            work = _ImageJob(plan, keep_going, known)
            run(work, len(plan.shard_images), workers, take)
            record = dataclasses.replace(
                begun, laws=wanted.laws, probe=wanted.probe, source_sizes=_sizes(plan, files)
            )
            made = Manifest(**vars(record), files=files, links=links, left_out=left_out)
            if plan.shard == WHOLE:
                sweep()
            with turn(out / RECORD_FILE):
                return _write_merged_manifest(plan, made)
    except OSError as error:
        # Of two paths the second is the one that is written.
        where = error.filename2 or error.filename or out
        raise cannot_be_written(Path(where), error) from error


@dataclass(frozen=True)
class _ImageJob:
    """What every worker knows. `known`: digests of files that an earlier start has recorded."""

    plan: TreePlan
    keep_going: bool
    known: Mapping[str, Digests]

    def __call__(self, index: int, stopped: Callable[[], bool]) -> ImageResult:
        """Write the image `index` under all conditions, until `stopped`."""
        plan, image = self.plan, self.plan.shard_images[index]
        pixels = _CleanPixels(image)
        files = dict[str, Digests]()
        left_out = dict[str, str]()
        made = 0
        for condition in plan.conditions:
            if stopped():
                break
            name = plan.name(image, condition)
            try:
                found = self._present(image, condition, pixels)
                files[name] = found or self._make(image, condition, pixels)
                made += found is None
            except (DatasetError, CorruptionError) as error:
                if not self.keep_going or isinstance(error, ForeignImageError):
                    raise
                left_out[name] = str(error)
        return ImageResult(files, left_out, made)

    def _make(self, image: CleanImage, condition: Condition, clean: "_CleanPixels") -> Digests:
        """Write an image; where a file is there that nothing vouches for, compare it instead."""
        plan = self.plan
        path = plan.out / plan.name(image, condition)
        corrupted = plan.corrupted(image, clean.pixels, condition)
        pixels = digest_pixels(corrupted)
        if path.exists():
            with suppress(OSError):  # a broken one is replaced
                found = _digests(path)
                if found.pixels == pixels:
                    return found
                raise ForeignImageError(
                    f"{path} is not what is made of {image.id} now, and no manifest describes it; "
                    "remove it and start again, or choose another folder"
                )
        data = encode_png(corrupted, plan.origin(image, clean.digest, condition, pixels))
        write_bytes(path, data)
        return Digests(digest_bytes(data), pixels)

    def _present(
        self, image: CleanImage, condition: Condition, clean: "_CleanPixels"
    ) -> Digests | None:
        """The digests of a file that is there already; None if there is none that is known.

        A file is known if an earlier start has recorded it, or if it says itself that it was made
        of this clean image in this very way: an interrupted start has left it.
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
    """The pixels of a clean image: read once, and not at all where no condition needs them."""

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


def _digests(path: Path) -> Digests:
    return Digests(digest_file(path), digest_pixels(read_pixels(path)))


def _known(plan: TreePlan) -> Mapping[str, Digests]:
    """The digests that earlier starts have recorded."""
    parts = [read_shard(path).files for path in shard_manifests(plan.out).values()]
    if (plan.out / MANIFEST).exists():
        parts.append(read_manifest(plan.out).files)
    return {name: digests for part in reversed(parts) for name, digests in part.items()}


def _write_merged_manifest(plan: TreePlan, made: Manifest) -> Manifest:
    """Write what was made, and what an earlier start has recorded besides."""
    out, shard = plan.out, plan.shard
    # Read only now: another process may have added other corruptions in the meantime.
    parts = shard_manifests(out)
    if shard != WHOLE:
        if shard in parts:
            made = read_shard(parts[shard]).joined(made)
        write_manifest(out, made, shard)
        return made
    standing = [read_manifest(out)] if (out / MANIFEST).exists() else []
    standing += [read_shard(path) for path in parts.values()]
    made = reduce(Manifest.joined, [*standing, made])
    write_manifest(out, made)
    for path in parts.values():
        path.unlink(missing_ok=True)
    return made


def _sizes(plan: TreePlan, files: Mapping[str, Digests]) -> Mapping[str, int]:
    """The sizes of the clean images of which there are files."""
    conditions = plan.conditions
    return {
        image.id: image.size
        for image in plan.shard_images
        if image.size is not None and any(plan.name(image, c) in files for c in conditions)
    }


def _link(plan: TreePlan) -> Mapping[str, str]:
    """Put the labels beside the images of every condition; path in `out` -> target, relative."""
    names = [as_png(image.id) for image in plan.images]
    wanted = plan_links(names, (image.companions for image in plan.images))
    links = dict[str, str]()
    for condition in plan.conditions:
        for name, target in wanted.items():
            path = plan.out / condition.folder / name
            if (relative := make_link(path, target)) is None:
                log.warning(
                    "%s: this disk keeps no links, so the labels are left out; link or copy %s "
                    "there for other tools, evaluate does not need them",
                    path,
                    target,
                )
                return links
            links[f"{condition.folder}/{name}"] = relative
    return links


def _check_names(images: tuple[CleanImage, ...]) -> None:
    first = dict[str, str]()
    for image in images:
        for name in (image.id, *image.companions):
            if why := path_problem(name):
                raise CorruptionError(f"the path {name!r:.200} {why}; rename the file")
    for image in images:
        if (other := first.setdefault(as_png(image.id), image.id)) != image.id:
            raise CorruptionError(
                f"{other} and {image.id} would both become {as_png(image.id)}; rename one"
            )
    for image in images:
        for path in image.companions:
            if path in first:
                raise CorruptionError(
                    f"{first[path]} would become {path}, where labels lie; keep labels in a folder "
                    "of their own"
                )
