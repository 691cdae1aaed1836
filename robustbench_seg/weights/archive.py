"""Checkpoints published as .tar.gz: TensorFlow's, an index and its data in one folder."""

import tarfile
import tempfile
from pathlib import Path

from robustbench_seg.errors import WeightsError

SUFFIX = ".tar.gz"


def unpacked(archive: Path) -> Path:
    """Unpack a checkpoint beside its archive, unless it is unpacked already.

    Args:
        archive: The .tar.gz file.

    Returns:
        The checkpoint's index file.

    Raises:
        WeightsError: The file is no such archive, or holds no checkpoint or several.
    """
    folder = archive.with_name(archive.name.removesuffix(SUFFIX))
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=archive.parent, prefix=f".{folder.name}.") as place:
            partial = Path(place) / folder.name
            try:
                with tarfile.open(archive, "r:gz") as opened:
                    opened.extractall(partial, filter="data")
            except (tarfile.TarError, OSError, EOFError) as error:
                raise WeightsError(
                    f"{archive}: cannot be unpacked ({error}); delete it and fetch it again"
                ) from None
            try:
                partial.rename(folder)
            except OSError:  # another process was faster
                if not folder.is_dir():
                    raise
    indices = sorted(folder.rglob("*.index"))
    if len(indices) != 1:
        raise WeightsError(f"{folder}: {len(indices)} checkpoints (*.index) in it, one wanted")
    return indices[0]
