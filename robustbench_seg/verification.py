"""`verify` checks a generated tree, or a pack of a run, against its digests."""

from collections.abc import Callable
from pathlib import Path

from robustbench_seg.files import checked_path
from robustbench_seg.records.values.verification import Verification
from robustbench_seg.store import verify_pack
from robustbench_seg.trees import verify as verify_tree


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
        progress: Called after files were checked, with the number of files since the last call.
        announce: Called once, before the first file is checked, with the number of files.

    Returns:
        The problems, the number of files, and whether manifests were merged.

    Raises:
        TreeError: A tree has no manifest, or shards are missing.
        CardError: The manifest lacks something or is wrong.
        ResultsError: A file is not a pack, is damaged, or has unexpected content.
    """
    path = checked_path(path)
    check = verify_pack if path.is_file() else verify_tree
    return check(path, progress, announce)
