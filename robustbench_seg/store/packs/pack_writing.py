"""`pack` writes a run folder as one file."""

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from robustbench_seg.codec import to_table
from robustbench_seg.errors import ResultsError
from robustbench_seg.files import (
    atomic_file,
    canonical_json,
    checked_path,
    digest_bytes,
    not_own,
    open_regular,
)
from robustbench_seg.measures import MEASURES
from robustbench_seg.records.runs.run_file import RUN_FILE, read_record
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.store.packs.pack_file import (
    INDEX_FILE,
    SCORES_FILE,
    SUFFIX,
    PackedFile,
    PackIndex,
    is_pack_member,
    open_pack,
)
from robustbench_seg.store.packs.pack_scores import pack_scores, scores_text
from robustbench_seg.store.parts import part_files, read_part, states_its_run
from robustbench_seg.store.run_folder import RunFolder


def pack(run: Path | str, out: Path | str | None = None) -> Path:
    """Write a run as one file that others can read, check and rank without images.

    The file contains run.json, all parts, the seconds that their rows took, the results of each
    start on the built-in image, a table of scores, and a digest of each of these. A report, a
    comparison, a leaderboard and `read_results` read it like the folder. The same run always gives
    the same bytes.

    Args:
        run: The run folder. It may be incomplete.
        out: The file to write. None: the name of the run with the suffix .pack.zip, in the current
            folder. An earlier pack is replaced.

    Returns:
        The file.

    Raises:
        ResultsError: The folder contains no run, the run has no rows, or a part of it is
            damaged, belongs to another run, or does not name its run.
        FileError: `out` exists and is not a pack, or cannot be written.

    >>> (path,) = Path("runs").glob("all-road-*")
    >>> packed = rs.pack(path, "all-road.pack.zip")
    >>> len(rs.read_results(packed))
    12
    """
    folder = checked_path(run)
    record = read_record(folder)
    name = RunFolder.path_of(Path(), record).name
    file = Path(f"{name}{SUFFIX}") if out is None else checked_path(out)
    _check_replaceable(file)
    contents = dict(_contents(folder, record))
    files = {
        path: PackedFile(len(data), digest_bytes(data)) for path, data in sorted(contents.items())
    }
    index = PackIndex(record.key.digest, {each.name: each.law for each in MEASURES}, files)
    contents[INDEX_FILE] = (canonical_json(to_table(index)) + "\n").encode()
    with atomic_file(file) as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED) as archive:
        for path in (
            INDEX_FILE,
            RUN_FILE,
            SCORES_FILE,
            *sorted(files.keys() - {RUN_FILE, SCORES_FILE}),
        ):
            archive.writestr(_member(f"{name}/{path}"), contents[path])
    return file


def _check_replaceable(file: Path) -> None:
    if not file.exists():
        return
    try:
        with open_pack(file):
            return
    except ResultsError:
        raise not_own(file, "a pack", "file") from None


def _contents(folder: Path, record: RunRecord) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a run that belong in a pack, with their bytes."""
    yield RUN_FILE, _bytes(folder / RUN_FILE)
    parts = part_files(folder)
    if not parts:
        raise ResultsError(f"{folder}: no image is scored yet; evaluate it first")
    for part in parts:
        read_part(part, len(record.classes), run=record.key.digest, no_class=record.no_class)
        if not states_its_run(part) or not is_pack_member(f"parts/{part.name}"):
            raise ResultsError(
                f"{part} does not name its run, because an older version wrote it; evaluate the "
                "run again in another folder, then pack it"
            )
        yield f"parts/{part.name}", _bytes(part)
        timings = folder / "timings" / part.name
        if timings.is_file():
            yield f"timings/{part.name}", _bytes(timings)
    for probe in sorted((folder / "probes").glob("*.json")):
        if is_pack_member(f"probes/{probe.name}"):
            yield f"probes/{probe.name}", _bytes(probe)
    yield SCORES_FILE, scores_text(pack_scores(folder)).encode()


def _bytes(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read()
    except OSError as error:
        raise ResultsError(f"{path} cannot be read ({error.strerror}); evaluate again") from error


def _member(name: str) -> zipfile.ZipInfo:
    """Return the header of a member, independent of time and machine."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3  # marks the entry as from Unix on every system
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return info
