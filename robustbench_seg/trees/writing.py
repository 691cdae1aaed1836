"""Writing a corrupted dataset: images x conditions -> DIR/<corruption>/<severity>/<image>.png.

Each clean image is read once, in one of several processes, and corrupted under every condition.
What a file holds depends on the tree's record, its clean image and its condition alone, and a file
appears whole or not at all. So any number of workers, and any number of interrupted starts, end in
the same tree.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from pathlib import Path

from robustbench_seg.corruption import probe
from robustbench_seg.corruption.pixels import Image, digest_pixels
from robustbench_seg.errors import CorruptionError, DatasetError
from robustbench_seg.files import cannot_be_written, digest_bytes, digest_file, write_bytes
from robustbench_seg.machine.locks import presence, turn
from robustbench_seg.records.protocol import as_png
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
from robustbench_seg.trees.png import encode_png, read_pixels
from robustbench_seg.trees.pool import run
from robustbench_seg.trees.unprobed import check_unprobed


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
    progress: Callable[[int], object] = lambda files: None,
) -> Manifest:
    """Make what is missing of a corrupted dataset, then write its manifest.

    A tree may grow: starting again with other corruptions or severities adds them. Files that are
    there already are kept as they are. Whatever is raised, finished files stay and no manifest is
    written.

    Args:
        plan: What to make.
        workers: How many processes.
        keep_going: Leave out what cannot be made; the manifest's `left_out` names it.
        progress: Called with a number of missing files each time as many were made or left out.

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
        progress(result.made + len(result.left_out))

    try:
        out.mkdir(parents=True, exist_ok=True)
        with presence(out) as sweep:
            known = _known(plan)
            begun = begin_or_continue(out, wanted, lambda begun: check_unprobed(plan, begun, known))
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
        raise cannot_be_written(Path(error.filename or out), error) from error


@dataclass(frozen=True)
class _ImageJob:
    """What every worker knows. `known`: digests of files that an earlier start has recorded."""

    plan: TreePlan
    keep_going: bool
    known: Mapping[str, Digests]

    def __call__(self, index: int, stopped: Callable[[], bool]) -> ImageResult:
        """Write the image `index` under all conditions, until `stopped`."""
        plan, image = self.plan, self.plan.shard_images[index]
        read = cache(image.read)  # once for all conditions, and not at all where none is missing
        files = dict[str, Digests]()
        left_out = dict[str, str]()
        made = 0
        for condition in plan.conditions:
            if stopped():
                break
            name = plan.name(image, condition)
            digests = self._present(name)
            if digests is None:
                try:
                    corrupted = plan.corrupted(image, read(), condition)
                except (DatasetError, CorruptionError) as error:
                    if not self.keep_going:
                        raise
                    left_out[name] = str(error)
                    continue
                digests = _write(plan.out / name, corrupted)
                made += 1
            files[name] = digests
        return ImageResult(files, left_out, made)

    def _present(self, name: str) -> Digests | None:
        """The digests of a file that is there already; None if there is none, or a broken one."""
        path = self.plan.out / name
        if not path.exists():
            return None
        try:
            return self.known.get(name) or _digests(path)
        except OSError:
            return None


def _write(path: Path, image: Image) -> Digests:
    data = encode_png(image)
    write_bytes(path, data)
    return Digests(digest_bytes(data), digest_pixels(image))


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
    links = plan_links(names, (image.companions for image in plan.images))
    return {
        f"{condition.folder}/{name}": make_link(plan.out / condition.folder / name, target)
        for condition in plan.conditions
        for name, target in links.items()
    }


def _check_names(images: tuple[CleanImage, ...]) -> None:
    first = dict[str, str]()
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
