"""Checks a generated tree against its manifest."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from robustbench_seg.corruption.image_arrays import digest_pixels
from robustbench_seg.files import checked_path, digest_file
from robustbench_seg.records.values.verification import Problem, Verification
from robustbench_seg.trees.manifests.manifest import Digests, read_manifest
from robustbench_seg.trees.manifests.tree_files import MANIFEST, RECORD_FILE
from robustbench_seg.trees.writing.merging import merge_shards
from robustbench_seg.trees.writing.png import read_pixels


def verify_tree(
    folder: Path | str,
    progress: Callable[[int], object] = lambda files: None,
    announce: Callable[[int], object] = lambda files: None,
) -> Verification:
    """Check every file of a generated tree against its manifest.

    The manifests of a tree that was written in shards are merged first.

    Args:
        folder: The tree.
        progress: Called after checking files, with the number of files since the last call.
        announce: Called once, before the first file is checked, with the number of files.

    Returns:
        The problems, the number of files, and whether manifests were merged.

    Raises:
        TreeError: There is no manifest, or shards are missing.
        CardError: The manifest lacks something or is wrong.
    """
    folder = checked_path(folder)
    merged = merge_shards(folder)
    manifest = read_manifest(folder)
    announce(len(manifest.files))
    known = manifest.files.keys() | manifest.links.keys()
    problems = [Problem(name, "foreign") for name in _files(folder) if name not in known]
    problems += [Problem(name, "missing", reason) for name, reason in manifest.left_out.items()]
    problems += filter(None, (_check_link(folder, *link) for link in manifest.links.items()))
    with ThreadPoolExecutor() as pool:  # hashlib lets other threads run
        checks = pool.map(lambda item: _check_file(folder, *item), manifest.files.items())
        for problem in checks:
            progress(1)
            if problem is not None:
                problems.append(problem)
    return Verification(tuple(sorted(problems)), len(manifest.files), merged)


def _files(folder: Path) -> Iterator[str]:
    """All files and links below `folder` except manifest and record; links are not followed."""
    for root, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(root, name))]
        for name in files + links:
            path = (Path(root) / name).relative_to(folder).as_posix()
            if path not in (MANIFEST, RECORD_FILE):
                yield path


def _check_file(folder: Path, name: str, recorded: Digests) -> Problem | None:
    path = folder / name
    if not path.is_file():
        return Problem(name, "missing")
    try:
        if digest_file(path) == recorded.file:
            return None
        if path.suffix == ".toml":
            return Problem(name, "altered", "other bytes")
        same = digest_pixels(read_pixels(path)) == recorded.pixels
    except OSError as error:
        return Problem(name, "altered", f"cannot be read: {error}")
    return Problem(name, "altered", "other bytes, but the same pixels" if same else "other pixels")


def _check_link(folder: Path, name: str, target: str) -> Problem | None:
    path = folder / name
    if not path.is_symlink():
        return Problem(name, "altered", "no link") if path.exists() else Problem(name, "missing")
    if os.readlink(path) != target:
        return Problem(name, "altered", f"leads to {os.readlink(path)}, not {target}")
    if not path.exists():
        return Problem(name, "missing", f"the source's {target} is missing")
    return None
