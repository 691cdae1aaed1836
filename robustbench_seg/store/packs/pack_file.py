"""A pack: a run as one file, without images. Its content is not trusted when it is read.

    <run>/pack.json           a list of the other members, with a digest of each
    <run>/run.json            the run's record
    <run>/scores.csv          the scores of each condition, computed when the pack was written
    <run>/parts/*.parquet     the run's rows
    <run>/timings/*.parquet   the seconds that the rows took
    <run>/probes/*.json       the results of each start on the built-in image

A pack is a zip archive with uncompressed members. Parts are compressed already, any program can
look inside, one member can be read without the others, and no pack is larger after unpacking.
Unpacked by any program, it is a run folder.
"""

import re
import stat
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from robustbench_seg.codec import Range, from_table
from robustbench_seg.errors import CardError, ResultsError
from robustbench_seg.files import MAX_JSON, digest_bytes, open_regular, parse_json
from robustbench_seg.records.runs.run_file import RUN_FILE
from robustbench_seg.records.values.ranges import Positive
from robustbench_seg.store.columns import UNREADABLE
from robustbench_seg.text import one_line

SUFFIX = ".pack.zip"
FORMAT = "robustseg pack 1"
INDEX_FILE = "pack.json"
SCORES_FILE = "scores.csv"

MAX_MEMBERS = 100_000
"""Maximum number of members of a pack."""

_ROOT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,249}")
_MEMBER = re.compile(
    r"run\.json|scores\.csv|(parts|timings)/\d{5}-[0-9a-f]{16}\.parquet"
    r"|probes/[A-Za-z0-9_-]{1,100}\.json"
)
_BROKEN = (*UNREADABLE, zipfile.BadZipFile, struct.error, EOFError)


@dataclass(frozen=True)
class PackedFile:
    """A member of a pack.

    Attributes:
        bytes: Its size in bytes.
        sha256: Its digest, 64 hex digits.
    """

    bytes: Annotated[int, Range(0)]
    sha256: str


@dataclass(frozen=True)
class PackIndex:
    """The content of pack.json.

    Attributes:
        run: Digest of the run's key.
        laws: Maps each measure in scores.csv to the law version that computed its scores.
        files: The other members, by their path in the run folder.
        format: The format of the pack.
    """

    run: str
    laws: Mapping[str, Positive]
    files: Mapping[str, PackedFile]
    format: str = FORMAT


class PackFile:
    """An open pack. The names, kinds and sizes of its members are checked.

    Attributes:
        path: The file.
        root: Name of the run's folder in the archive.
        index: The content of pack.json.
        digest: sha256 of pack.json. It identifies the whole content.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile, size: int) -> None:
        """Read the index and check the members.

        Args:
            path: The file.
            archive: The open archive.
            size: Size of the file in bytes.

        Raises:
            ResultsError: It is not a pack, is damaged, or has unexpected members.
        """
        self.path = path
        self._archive = archive
        members = _checked_members(path, archive.infolist(), size)
        self.root, self._infos = members.root, members.infos
        data = self._read(members.index, MAX_JSON)
        self.index = _index(path, data)
        self.digest = digest_bytes(data)
        if named := sorted(self.index.files.keys() ^ self._infos.keys()):
            which = "names" if named[0] in self.index.files else "does not name"
            raise pack_error(path, f"its {INDEX_FILE} {which} {named[0]}")

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """Iterate over the members that pack.json lists: path in the run folder, and bytes.

        Raises:
            ResultsError: A member does not match its digest, or cannot be read.
        """
        for name, data, is_intact in self.members():
            if not is_intact:
                raise pack_error(self.path, f"{name} does not match its digest")
            yield name, data

    def members(self) -> Iterator[tuple[str, bytes, bool]]:
        """Iterate as above, and yield for each member whether it matches its digest.

        Raises:
            ResultsError: A member cannot be read.
        """
        for name, info in self._infos.items():
            data, recorded = self._read(info, info.file_size), self.index.files[name]
            yield name, data, (len(data), digest_bytes(data)) == (recorded.bytes, recorded.sha256)

    def _read(self, info: zipfile.ZipInfo, limit: int) -> bytes:
        if info.file_size > limit:
            raise pack_error(self.path, f"{info.filename} is larger than {limit >> 20} MiB")
        try:
            with self._archive.open(info) as file:
                data = file.read(info.file_size + 1)
        except _BROKEN as error:
            raise _archive_error(self.path, error) from error
        if len(data) != info.file_size:
            raise pack_error(self.path, f"{info.filename} does not have the size that it states")
        return data


@contextmanager
def open_pack(path: Path) -> Iterator[PackFile]:
    """Open a pack of unknown origin.

    Raises:
        ResultsError: It is not a pack, is damaged, or has unexpected content.
    """
    try:
        file = open_regular(path)
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be read ({error.strerror}); name a pack, or a run folder"
        ) from error
    with file:
        try:
            archive = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise _archive_error(path, error) from error
        with archive:
            yield PackFile(path, archive, path.stat().st_size)


def is_pack_member(name: str) -> bool:
    """Return whether a pack may contain the file `name`, a path relative to its run folder."""
    return _MEMBER.fullmatch(name) is not None


@dataclass(frozen=True)
class _Members:
    """The members of a pack.

    Attributes:
        root: Name of the run's folder.
        index: pack.json.
        infos: The others, by their path in the run folder.
    """

    root: str
    index: zipfile.ZipInfo
    infos: Mapping[str, zipfile.ZipInfo]


def _checked_members(path: Path, members: Sequence[zipfile.ZipInfo], size: int) -> _Members:
    """Check the members of an archive.

    Args:
        path: The pack.
        members: The members that the archive lists.
        size: Size of the archive in bytes.

    Raises:
        ResultsError: The members are not those of a pack.
    """
    if not 0 < len(members) <= MAX_MEMBERS:
        raise pack_error(path, f"it has {len(members)} members")
    roots, found = set[str](), dict[str, zipfile.ZipInfo]()
    for info in members:
        root, _, name = info.filename.partition("/")
        shown = one_line(info.orig_filename, 80)
        if info.orig_filename != info.filename or not _ROOT.fullmatch(root):
            raise pack_error(
                path, f"it has a member {shown!r}, whose path is not allowed in a pack"
            )
        if not (name == INDEX_FILE or is_pack_member(name)):
            raise pack_error(path, f"it has a member {shown!r}, which is not allowed in a pack")
        if name in found:
            raise pack_error(path, f"it has {shown!r} twice")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            what = "a link" if kind == stat.S_IFLNK else "no file"
            raise pack_error(path, f"its member {shown!r} is {what}")
        if info.flag_bits & 1 or info.compress_type != zipfile.ZIP_STORED:
            raise pack_error(path, f"its member {shown!r} is compressed or encrypted")
        if info.file_size != info.compress_size:
            raise pack_error(path, f"its member {shown!r} does not have the size that it states")
        roots.add(root)
        found[name] = info
    if sum(info.file_size for info in members) > size:
        raise pack_error(path, "it states a larger size unpacked than packed")
    for name in (INDEX_FILE, RUN_FILE, SCORES_FILE):
        if name not in found:
            raise pack_error(path, f"it has no {name}")
    if len(roots) > 1:
        raise pack_error(path, "it has several folders")
    return _Members(roots.pop(), found.pop(INDEX_FILE), found)


def _index(path: Path, data: bytes) -> PackIndex:
    try:
        table = parse_json(data)
        number = table.get("format") if isinstance(table, dict) else None
        if number != FORMAT:
            found = one_line(str(number), 40)
            raise ResultsError(
                f"{path}: a pack of format {found!r}, which this version does not know "
                f"({FORMAT!r} is the newest); use a newer version"
            )
        return from_table(PackIndex, table, INDEX_FILE)
    except (ValueError, CardError) as error:
        raise pack_error(path, f"its {INDEX_FILE} is wrong: {one_line(str(error), 200)}") from error


def pack_error(path: Path, why: str) -> ResultsError:
    """Return the error for a file that `pack` cannot have written."""
    return ResultsError(f"{path} is refused: {why}; get another copy from its author")


def _archive_error(path: Path, error: BaseException) -> ResultsError:
    why = one_line(str(error), 120) or type(error).__name__
    return pack_error(path, f"it is not a zip archive, or is damaged ({why})")
