"""Writing a corrupted dataset: sources x conditions -> DIR/<corruption>/<severity>/<image>.png.

Each source image is read once, in one of several processes, and becomes all its variants. What a
file holds depends on the recipe, its source and its condition alone, and a file appears whole or
not at all. So any number of workers, and any number of interrupted starts, end in the same tree.
"""

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, reduce
from pathlib import Path

from robustbench_seg.corruption.engine import corrupt
from robustbench_seg.corruption.pixels import Image, digest_pixels
from robustbench_seg.errors import CorruptionError, DatasetError
from robustbench_seg.files import digest_bytes, digest_file, write_bytes
from robustbench_seg.records.protocol import Condition, Protocol, as_png
from robustbench_seg.records.shard import WHOLE, Shard
from robustbench_seg.trees.links import make_link, plan_links
from robustbench_seg.trees.locks import presence, turn
from robustbench_seg.trees.manifest import (
    MANIFEST,
    RECIPE,
    Digests,
    Manifest,
    Recipe,
    claim,
    read_manifest,
    read_shard,
    recipe,
    shard_manifests,
    write_manifest,
)
from robustbench_seg.trees.png import encode_png, read_pixels
from robustbench_seg.trees.pool import run


@dataclass(frozen=True)
class Source:
    """One image to corrupt.

    id:         its path in the dataset's root, with forward slashes; keys the fast stream
    read:       gives it as uint8 HxWx3 RGB, or raises DatasetError; must pickle, for it may run in
                another process
    companions: what other tools need beside it: path in the dataset's root -> file
    """

    id: str
    read: Callable[[], Image]
    companions: Mapping[str, Path]


@dataclass(frozen=True)
class Generation:
    """A corrupted dataset to be made in `out`.

    `shard` is the part of the sources that is made here, for other machines to make the rest.
    `own` are files in `out` that belong to the tree but are not made here: a source drawn there.
    """

    out: Path
    sources: tuple[Source, ...]
    conditions: tuple[Condition, ...]
    protocol: Protocol
    stream: str
    seed: int
    dataset: str
    split: str
    own: tuple[str, ...] = ()
    shard: Shard = WHOLE

    @cached_property
    def recipe(self) -> Recipe:
        """What decides the bytes of the tree."""
        return recipe(self.protocol, self.stream, self.seed, self.dataset, self.split)

    @property
    def mine(self) -> Sequence[Source]:
        """The sources of the shard."""
        return self.shard.of(self.sources)

    def name(self, source: Source, condition: Condition) -> str:
        """Path of a variant in `out`: the source's own, as PNG."""
        return f"{condition.folder}/{as_png(source.id)}"

    def missing(self) -> Iterator[tuple[Source, Condition]]:
        """The variants that are not there yet."""
        for source in self.mine:
            for condition in self.conditions:
                if not (self.out / self.name(source, condition)).exists():
                    yield source, condition


@dataclass(frozen=True)
class Outcome:
    """What came of one source.

    files:    its files and their digests
    left_out: those that could not be made, and why
    made:     how many of `files` are new
    """

    files: dict[str, Digests]
    left_out: dict[str, str]
    made: int


def generate(
    generation: Generation,
    *,
    workers: int = 1,
    keep_going: bool = False,
    progress: Callable[[int], object] = lambda files: None,
) -> Manifest:
    """Make what is missing of a corrupted dataset, then write its manifest.

    A tree may grow: starting again with other corruptions or severities adds them. Files that are
    there already are kept as they are.

    progress: called with a number of missing files each time as many were made or left out
    Errors: CorruptionError if `out` holds a tree with another recipe, or cannot be written;
    DatasetError if a source cannot be read, unless `keep_going`: then the manifest's `left_out`
    names it. Whatever is raised, finished files stay and no manifest is written.
    """
    _check_names(generation.sources)
    out = generation.out
    files: dict[str, Digests] = {}
    left_out: dict[str, str] = {}

    def take(outcome: Outcome) -> None:
        files.update(outcome.files)
        left_out.update(outcome.left_out)
        progress(outcome.made + len(outcome.left_out))

    try:
        out.mkdir(parents=True, exist_ok=True)
        with presence(out) as sweep:
            claim(out, generation.recipe)
            links = _link(generation)
            files |= {name: _digests(out / name) for name in generation.own}
            work = _Work(generation, keep_going, _known(generation))
            run(work, len(generation.mine), workers, take)
            made = Manifest(**vars(generation.recipe), files=files, links=links, left_out=left_out)
            if generation.shard == WHOLE:
                sweep()
            with turn(out / RECIPE):
                return _record(generation, made)
    except OSError as error:
        where, why = error.filename or out, error.strerror or error
        raise CorruptionError(
            f"{where} cannot be written: {why}; what is finished is kept: mend this and start again"
        ) from error


@dataclass(frozen=True)
class _Work:
    """What every worker knows. `known`: digests of files that an earlier start has recorded."""

    generation: Generation
    keep_going: bool
    known: dict[str, Digests]

    def __call__(self, index: int, stopped: Callable[[], bool]) -> Outcome:
        """Make all variants of the source `index`, until `stopped`."""
        generation, source = self.generation, self.generation.mine[index]
        read = cache(source.read)  # once for all variants, and not at all where none is missing
        files: dict[str, Digests] = {}
        left_out: dict[str, str] = {}
        made = 0
        for condition in generation.conditions:
            if stopped():
                break
            name = generation.name(source, condition)
            digests = self._present(name)
            if digests is None:
                try:
                    variant = corrupt(
                        read(),
                        condition.name,
                        condition.severity,
                        seed=generation.seed,
                        image_id=source.id,
                        stream=generation.stream,
                        protocol=generation.protocol,
                    )
                except (DatasetError, CorruptionError) as error:
                    if not self.keep_going:
                        raise
                    left_out[name] = str(error)
                    continue
                digests = _write(generation.out / name, variant)
                made += 1
            files[name] = digests
        return Outcome(files, left_out, made)

    def _present(self, name: str) -> Digests | None:
        """The digests of a file that is there already; None if there is none, or a broken one."""
        path = self.generation.out / name
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


def _known(generation: Generation) -> dict[str, Digests]:
    """The digests that earlier starts have recorded."""
    parts = [read_shard(path).files for path in shard_manifests(generation.out).values()]
    if (generation.out / MANIFEST).exists():
        parts.append(read_manifest(generation.out).files)
    return dict(ChainMap(*parts))


def _record(generation: Generation, made: Manifest) -> Manifest:
    """Write what was made, and what an earlier start has recorded besides."""
    out, shard = generation.out, generation.shard
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


def _link(generation: Generation) -> dict[str, str]:
    """Put the labels beside the images of every condition; path in `out` -> target, relative."""
    images = [as_png(source.id) for source in generation.sources]
    plan = plan_links(images, (source.companions for source in generation.sources))
    return {
        f"{condition.folder}/{name}": make_link(generation.out / condition.folder / name, target)
        for condition in generation.conditions
        for name, target in plan.items()
    }


def _check_names(sources: tuple[Source, ...]) -> None:
    first: dict[str, str] = {}
    for source in sources:
        if (other := first.setdefault(as_png(source.id), source.id)) != source.id:
            raise CorruptionError(
                f"{other} and {source.id} would both become {as_png(source.id)}; rename one"
            )
    for source in sources:
        for path in source.companions:
            if path in first:
                raise CorruptionError(
                    f"{first[path]} would become {path}, where labels lie; keep labels in a folder "
                    "of their own"
                )
