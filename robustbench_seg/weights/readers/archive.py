"""Checkpoints published as .tar.gz: TensorFlow's, an index and its data in one folder."""

import gzip
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from robustbench_seg.errors import WeightsError
from robustbench_seg.weights.readers.first_bytes import check_file
from robustbench_seg.weights.readers.size_limit import check_unpacked_size

SUFFIX = ".tar.gz"


def unpacked(archive: Path) -> Path:
    """Unpack a checkpoint next to its archive, unless it is already unpacked.

    Args:
        archive: The .tar.gz file.

    Returns:
        The checkpoint's index file.

    Raises:
        WeightsError: The file is not such an archive, or contains no checkpoint or several.
    """
    folder = archive.with_name(archive.name.removesuffix(SUFFIX))
    if not folder.is_dir():
        check_file(archive)
        try:
            with tempfile.TemporaryDirectory(
                dir=archive.parent, prefix=f".{folder.name}."
            ) as place:
                partial = Path(place) / folder.name
                _unpack(archive, partial)
                try:
                    partial.rename(folder)
                except OSError:  # another process has already unpacked it
                    if not folder.is_dir():
                        raise
        except WeightsError:
            raise
        except Exception as error:  # tarfile and zlib raise errors of many types for damaged files
            raise WeightsError(
                f"{archive}: cannot be unpacked ({str(error) or type(error).__name__}); delete it "
                "and download it again"
            ) from error
    indices = sorted(folder.rglob("*.index"))
    if len(indices) != 1:
        raise WeightsError(f"{folder}: expected one checkpoint (*.index) in it, got {len(indices)}")
    return indices[0]


def _unpack(archive: Path, folder: Path) -> None:
    with gzip.open(archive) as raw:
        stream: Any = _Bounded(raw, archive)
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            tar.extractall(folder, members=_files(tar), filter="data")


def _files(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members that take no more space than their bytes in the archive."""
    for member in tar:
        if member.issparse():
            raise tarfile.TarError(f"{member.name[:80]!r} is a sparse file")
        yield member


class _Bounded:
    """The stream of an archive, which raises an error if it is far larger than its file."""

    def __init__(self, raw: gzip.GzipFile, archive: Path) -> None:
        self._raw, self._archive, self._size = raw, archive, 0

    def read(self, size: int) -> bytes:
        data = self._raw.read(size)
        self._size += len(data)
        check_unpacked_size(self._archive, self._size)
        return data
