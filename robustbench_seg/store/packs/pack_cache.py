"""Unpacks a pack into the cache, once, as a run folder."""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from robustbench_seg.errors import FileError
from robustbench_seg.files import cache_folder, cannot_be_written
from robustbench_seg.store.packs.pack_file import PackFile, open_pack


def cached_folder(path: Path) -> Path:
    """Return the run folder of a pack. It is in the cache, written once and checked.

    Args:
        path: The pack.

    Raises:
        ResultsError: It is not a pack, or a member does not match its digest.
        FileError: The cache cannot be written.
    """
    with open_pack(path) as packed:
        place = cache_folder() / "packs" / packed.digest[:16]
        folder = place / packed.root
        if _is_whole(folder, packed):
            return folder
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{place.name}.") as fresh:
                _unpack(packed, Path(fresh) / place.name / packed.root)
                shutil.rmtree(place, ignore_errors=True)
                with suppress(OSError):  # another process has just written it
                    (Path(fresh) / place.name).rename(place)
        except OSError as error:
            raise cannot_be_written(place, error) from error
        if not _is_whole(folder, packed):
            raise FileError(f"{place} is in use; start again")
    return folder


def _unpack(packed: PackFile, folder: Path) -> None:
    for name, data in packed:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def _is_whole(folder: Path, packed: PackFile) -> bool:
    """Return whether the cache has a pack's run folder, with files of the expected sizes."""
    try:
        sizes = {name: (folder / name).stat().st_size for name in packed.index.files}
    except OSError:
        return False
    return sizes == {name: file.bytes for name, file in packed.index.files.items()}
