"""`verify` checks a generated tree, or a pack of a run, against its digests."""

from collections.abc import Callable
from pathlib import Path

from robustbench_seg.errors import IncompleteError
from robustbench_seg.files import checked_path
from robustbench_seg.records.values.verification import Verification
from robustbench_seg.store import verify_pack
from robustbench_seg.text import counted
from robustbench_seg.trees import verify_tree


def verify(
    path: Path | str,
    progress: Callable[[int], object] = lambda files: None,
    announce: Callable[[int], object] = lambda files: None,
) -> Verification:
    """Check every file of a generated tree, or of a pack.

    Each file of a tree is compared with the manifest; the manifests of a tree that was written in
    shards are merged first. Each file of a pack is compared with its digest, each part with the
    run, and each score with the one computed from the parts.

    Args:
        path: The tree's folder, or the pack.
        progress: Called after checking files, with the number of files since the last call.
        announce: Called once, before the first file is checked, with the number of files.

    Returns:
        The problems, the number of files, and whether manifests were merged.

    Raises:
        TreeError: A tree has no manifest, or shards are missing.
        CardError: The manifest lacks something or is wrong.
        ResultsError: A file is not a pack, is damaged, or has unexpected content.

    >>> tree = rs.generate_cityscapes_c(
    ...     data="city", out="city-c", corruptions=["contrast"], severities=[3], workers=1
    ... )
    >>> rs.verify("city-c")
    Verification(problems=(), files=2, merged=False)
    """
    path = checked_path(path)
    check = verify_pack if path.is_file() else verify_tree
    return check(path, progress, announce)


def verification_text(path: Path, found: Verification) -> str:
    """Describe the result of `verify`, one line for each fact.

    Args:
        path: The tree's folder, or the pack.
        found: The result.
    """
    lines = [f"{path}: its shards are merged into {path / 'manifest.json'}"] if found.merged else []
    lines += map(str, found.problems)
    if not found.problems:
        what = "files are unchanged"
        if path.is_file():
            what += ", its parts belong to its run, and its scores follow from them"
        lines.append(f"{path}: all {found.files} {what}")
    return "\n".join(lines)


def check_verified(path: Path, found: Verification) -> None:
    """Refuse a tree or a pack in which `verify` found problems.

    Args:
        path: The tree's folder, or the pack.
        found: The result.

    Raises:
        IncompleteError: There are problems. The message says what to do.
    """
    if found.problems and path.is_file():
        problems = counted(len(found.problems), "problem")
        raise IncompleteError(
            f"{path}: {problems}; get another copy from its author, or pack the run folder again"
        )
    if found.problems:
        raise IncompleteError(
            f"{path}: {len(found.problems)} files differ from {path / 'manifest.json'}; run "
            "generate-cityscapes-c on it again, which generates missing files and records those "
            "of an interrupted run; then remove the files that are still altered or foreign"
        )
