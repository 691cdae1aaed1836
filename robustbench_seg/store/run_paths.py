"""Finds the runs that a caller names: run folders, packs, and folders of them."""

from collections.abc import Iterable
from pathlib import Path

from robustbench_seg.errors import ResultsError
from robustbench_seg.files import checked_path
from robustbench_seg.records.runs.run_file import RUN_FILE
from robustbench_seg.store.packs.pack_cache import cached_folder
from robustbench_seg.store.packs.pack_file import SUFFIX

Paths = Path | str | Iterable[Path | str]
"""Runs that a caller names: run folders, packs, or folders of them."""


def run_paths(paths: Paths) -> list[Path]:
    """Return the paths that a caller gives as a list.

    Raises:
        ResultsError: `paths` is neither a path nor an iterable.
        FileError: An element is not a path.
    """
    if isinstance(paths, Path | str):
        return [Path(paths)]
    if not isinstance(paths, Iterable):
        raise ResultsError(f"expected paths of run folders, got {type(paths).__name__}")
    return [checked_path(path) for path in paths]


def list_runs(paths: Paths) -> list[Path]:
    """List runs without reading them.

    Args:
        paths: Each is a run folder, a pack, or a folder of them.

    Returns:
        Run folders and packs, each once.

    Raises:
        ResultsError: A path is none of these, or none is given.
        FileError: As for run_paths.
    """
    runs = dict[Path, None]()
    for path in run_paths(paths):
        if (path / RUN_FILE).exists() or path.is_file():
            runs[path] = None
            continue
        if not path.is_dir():
            raise ResultsError(
                f"{path}: no such folder or pack; name run folders or packs, or a folder of them"
            )
        inside = {run.parent for run in path.glob(f"*/{RUN_FILE}")}
        inside |= {pack for pack in path.glob(f"*{SUFFIX}") if pack.is_file()}
        if not inside:
            raise ResultsError(
                f"{path}: neither a run folder (no {RUN_FILE} in it or in its folders) nor a pack"
            )
        runs.update(dict.fromkeys(sorted(inside)))
    if not runs:
        raise ResultsError(
            "no run folders are given; name run folders or packs, or a folder of them"
        )
    return list(runs)


def run_folder(run: Path) -> Path:
    """Return the folder of a run; a pack is unpacked into the cache.

    Args:
        run: A run folder or a pack.

    Raises:
        ResultsError: It is a file, but not a pack.
        FileError: The cache cannot be written.
    """
    return cached_folder(run) if run.is_file() else run


def find_runs(paths: Paths) -> list[Path]:
    """List run folders.

    Args:
        paths: Each is a run folder, a pack, or a folder of them.

    Returns:
        Each once; for a pack the folder in the cache.

    Raises:
        ResultsError: As for list_runs and run_folder.
        FileError: As for list_runs and run_folder.
    """
    return list(dict.fromkeys(map(run_folder, list_runs(paths))))
