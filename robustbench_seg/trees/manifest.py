"""manifest.json of a generated tree: how it was made, and the digest of every file in it.

    protocol, protocol_version, severities_digest, stream, seed, dataset, split, versions
    files      relative path -> {file: sha256 of its bytes, pixels: sha256 of its decoded pixels}
    links      relative path -> target of the relative link that leads to the source's labels
    left_out   relative path -> why this file could not be made (--keep-going)

A tree's recipe is fixed before its first image is made; its manifest is written after the last.
Where several machines make a tree, each writes the manifest of its shard, manifest.I-of-N.json;
when the last of them is there, `merge_shards` makes manifest.json of them.
"""

import contextlib
import dataclasses
import importlib.metadata
import json
import os
import re
import uuid
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import cv2

from robustbench_seg import __version__
from robustbench_seg.cards import from_table
from robustbench_seg.corruption.streams import FAST_STREAM_VERSION
from robustbench_seg.errors import CorruptionError
from robustbench_seg.files import write_json
from robustbench_seg.records.protocol import Protocol
from robustbench_seg.records.shard import WHOLE, Shard
from robustbench_seg.trees.locks import presence, turn

MANIFEST = "manifest.json"
RECIPE = ".recipe.json"


@dataclass(frozen=True)
class Recipe:
    """Everything but the source's images that decides the bytes of a tree."""

    protocol: str
    protocol_version: str
    severities_digest: str
    stream: str
    seed: int
    dataset: str
    split: str
    versions: dict[str, str]

    def differences(self, other: "Recipe") -> tuple[str, ...]:
        """Where two recipes differ, as "seed is 0, not 1": `self`'s value first, then `other`'s."""
        mine, theirs = _flat(self), _flat(other)
        return tuple(
            f"{key} is {mine.get(key)}, not {theirs.get(key)}"
            for key in mine | theirs
            if mine.get(key) != theirs.get(key)
        )


@dataclass(frozen=True)
class Digests:
    """sha256 of a file's bytes, and of the shape and bytes of its decoded pixels."""

    file: str
    pixels: str


@dataclass(frozen=True)
class Manifest(Recipe):
    """A recipe and what came of it."""

    files: dict[str, Digests]
    links: dict[str, str]
    left_out: dict[str, str]

    def joined(self, other: "Manifest") -> "Manifest":
        """Both; where they differ on a path, what `other` says."""
        files = self.files | other.files
        left_out = self.left_out | other.left_out
        return dataclasses.replace(
            self,
            files=files,
            links=self.links | other.links,
            left_out={name: why for name, why in left_out.items() if name not in files},
        )


def recipe(protocol: Protocol, stream: str, seed: int, dataset: str, split: str) -> Recipe:
    """The recipe of a tree made here and now, with the versions of the libraries at hand."""
    versions = {
        "robustseg": __version__,
        "fast stream": str(FAST_STREAM_VERSION),
        "opencv": cv2.__version__,
    }
    for library in ("numpy", "numba", "scipy", "pillow", "imagecorruptions-imaug"):
        versions[library] = importlib.metadata.version(library)
    return Recipe(
        protocol=protocol.name,
        protocol_version=protocol.version,
        severities_digest=protocol.severities_digest,
        stream=stream,
        seed=seed,
        dataset=dataset,
        split=split,
        versions=versions,
    )


def claim(folder: Path, wanted: Recipe) -> None:
    """Fix the recipe of the tree in `folder`, before anything else is written there.

    CorruptionError as of `check_recipe`.
    """
    fresh = folder / f".recipe.{uuid.uuid4().hex[:8]}.partial.json"
    write_json(fresh, dataclasses.asdict(wanted))
    with contextlib.suppress(FileExistsError):
        os.link(fresh, folder / RECIPE)  # unlike a rename: of two processes, the first one decides
    fresh.unlink()
    check_recipe(folder, wanted)


def check_recipe(folder: Path, wanted: Recipe) -> None:
    """CorruptionError if a tree with another recipe stands in `folder`, or was begun there."""
    standing: list[Recipe] = []
    if (folder / RECIPE).exists():
        standing.append(from_table(Recipe, _read(folder / RECIPE), str(folder / RECIPE)))
    if (folder / MANIFEST).exists():
        standing.append(read_manifest(folder))
    for other in standing:
        if differences := other.differences(wanted):
            raise CorruptionError(
                f"{folder} holds a tree made otherwise: {'; '.join(differences)}; "
                "choose another folder, or remove this one"
            )


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a generated tree.

    CorruptionError if there is none, CardError if it does not say what it must.
    """
    path = folder / MANIFEST
    if path.is_file():
        return from_table(Manifest, _read(path), str(path))
    if shard_manifests(folder):
        raise CorruptionError(
            f"{folder} was made in shards that are not merged yet: robustseg verify {folder}"
        )
    raise CorruptionError(
        f"{folder} has no {MANIFEST}: it is no generated tree, or not finished; "
        "start generate-cityscapes-c on it again to finish it"
    )


def shard_manifests(folder: Path) -> dict[Shard, Path]:
    """The manifests of the shards that are finished and not merged."""
    found = {}
    for path in sorted(folder.glob("manifest.*-of-*.json")):
        if match := re.fullmatch(r"manifest\.(\d+)-of-(\d+)\.json", path.name):
            found[Shard(int(match[1]), int(match[2]))] = path
    return found


def read_shard(path: Path) -> Manifest:
    """Read the manifest of a shard."""
    return from_table(Manifest, _read(path), str(path))


def merge_shards(folder: Path) -> bool:
    """Make one manifest of those of all shards, and of the one that was there before.

    Returns whether there were any. CorruptionError names those that are not finished.
    """
    if not shard_manifests(folder):
        return False
    # Where no lock can tell, all shards are finished: nobody is at work.
    with presence(folder, unlocked=True) as sweep, turn(folder / RECIPE):
        _merge_shards(folder)
        sweep()
    return True


def _merge_shards(folder: Path) -> None:
    parts = shard_manifests(folder)
    counts = {shard.count for shard in parts}
    for count in counts:
        missing = [i for i in range(1, count + 1) if Shard(i, count) not in parts]
        if missing:
            raise CorruptionError(
                f"{folder}: of {count} shards {', '.join(map(str, missing))} are not finished; "
                f"start generate-cityscapes-c with --shard I/{count} for each, or without --shard"
            )
    standing = [read_manifest(folder)] if (folder / MANIFEST).exists() else []
    standing += [read_shard(path) for path in parts.values()]
    write_manifest(folder, reduce(Manifest.joined, standing))
    for path in parts.values():
        path.unlink(missing_ok=True)


def write_manifest(folder: Path, manifest: Manifest, shard: Shard = WHOLE) -> None:
    """Write `manifest` atomically, paths sorted, so that equal trees have equal manifests."""
    name = MANIFEST if shard == WHOLE else f"manifest.{shard}.json"
    table = dataclasses.asdict(manifest)
    for key in ("files", "links", "left_out"):
        table[key] = dict(sorted(table[key].items()))
    write_json(folder / name, table)


def _read(path: Path) -> dict[str, Any]:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorruptionError(f"{path} cannot be read: {error}") from None
    if not isinstance(table, dict):
        raise CorruptionError(f"{path} cannot be read: it holds no table")
    return table


def _flat(recipe: Recipe) -> dict[str, object]:
    fields = {field.name: getattr(recipe, field.name) for field in dataclasses.fields(Recipe)}
    versions = fields.pop("versions")
    return {**fields, **{f"{library}'s version": v for library, v in versions.items()}}
