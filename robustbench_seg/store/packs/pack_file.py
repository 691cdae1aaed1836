"""A pack: a run as one file, without images. Its content is not trusted when it is read.

    <run>/pack.json           what the other members are, with a digest of each
    <run>/run.json            the run's record
    <run>/scores.csv          the scores of each condition, as whoever made the pack had them
    <run>/parts/*.parquet     its rows
    <run>/timings/*.parquet   seconds of its rows
    <run>/probes/*.json       the results of each start on the built-in image

It is a zip archive whose members are stored as they are: parts are compressed already, any program
can look inside, one member is read without the others, and no archive can be larger unpacked than
packed. Unpacked by any program it is a run folder.
"""

import re
import stat
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from robustbench_seg.codec import Range, from_table
from robustbench_seg.errors import CardError, ResultsError
from robustbench_seg.files import MAX_JSON, digest_bytes, open_regular, parse_json
from robustbench_seg.records.runs.run_file import RUN_FILE
from robustbench_seg.records.values.ranges import Positive
from robustbench_seg.store.parts import UNREADABLE
from robustbench_seg.text import one_line

SUFFIX = ".pack.zip"
FORMAT: Literal["robustseg pack 1"] = "robustseg pack 1"
INDEX_FILE = "pack.json"
SCORES_FILE = "scores.csv"

MAX_MEMBERS = 100_000
"""Upper bound of the members of a pack."""

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
        bytes: Its size.
        sha256: Its digest, as 64 hex digits.
    """

    bytes: Annotated[int, Range(0)]
    sha256: str


@dataclass(frozen=True)
class PackIndex:
    """The content of pack.json.

    Attributes:
        run: Digest of the run's key.
        laws: Law version of each measure under which scores.csv was computed.
        files: The other members, by their path in the run folder.
        format: The format of the pack.
    """

    run: str
    laws: Mapping[str, Positive]
    files: Mapping[str, PackedFile]
    format: Literal["robustseg pack 1"] = FORMAT


class PackFile:
    """An open pack whose form is checked: names, kinds and sizes of its members.

    Attributes:
        path: The file.
        root: The name of the run's folder in it.
        index: What pack.json says.
        digest: sha256 of pack.json. It names all contents.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile, size: int) -> None:
        """`size`: bytes of the file."""
        self.path = path
        self._archive = archive
        self._infos = dict[str, zipfile.ZipInfo]()
        self.root = _check_members(path, archive.infolist(), size, self._infos)
        data = self._read(self._infos.pop(INDEX_FILE), MAX_JSON)
        self.index = _index(path, data)
        self.digest = digest_bytes(data)
        if named := sorted(self.index.files.keys() ^ self._infos.keys()):
            which = "names" if named[0] in self.index.files else "does not name"
            raise refused(path, f"its {INDEX_FILE} {which} {named[0]}")

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """The members that pack.json names, each with its bytes.

        Raises:
            ResultsError: One is not as its digest says, or cannot be read.
        """
        for name, data in self.members():
            wanted = self.index.files[name]
            if (len(data), digest_bytes(data)) != (wanted.bytes, wanted.sha256):
                raise refused(self.path, f"{name} is not as its digest says")
            yield name, data

    def members(self) -> Iterator[tuple[str, bytes]]:
        """The members that pack.json names, with their unchecked bytes.

        Raises:
            ResultsError: One cannot be read.
        """
        for name, info in self._infos.items():
            yield name, self._read(info, info.file_size)

    def _read(self, info: zipfile.ZipInfo, limit: int) -> bytes:
        if info.file_size > limit:
            raise refused(self.path, f"{info.filename} is larger than {limit >> 20} MiB")
        try:
            with self._archive.open(info) as file:
                data = file.read(info.file_size + 1)
        except _BROKEN as error:
            raise _damaged(self.path, error) from error
        if len(data) != info.file_size:
            raise refused(self.path, f"{info.filename} has not the size that it says")
        return data


@contextmanager
def open_pack(path: Path) -> Iterator[PackFile]:
    """Open a pack of unknown origin.

    Raises:
        ResultsError: It is not a pack, is damaged, or has unexpected content; nothing was written.
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
            raise _damaged(path, error) from error
        with archive:
            yield PackFile(path, archive, path.stat().st_size)


def is_member(name: str) -> bool:
    """Whether a pack can have a member of this path in its run folder."""
    return _MEMBER.fullmatch(name) is not None


def _check_members(
    path: Path, members: list[zipfile.ZipInfo], size: int, found: dict[str, zipfile.ZipInfo]
) -> str:
    """Put the members into `found`, by their path in the run folder; return the folder's name.

    Args:
        path: The pack.
        members: What the archive lists.
        size: Bytes of the archive.
        found: Empty.

    Raises:
        ResultsError: They are not those of a pack.
    """
    if not 0 < len(members) <= MAX_MEMBERS:
        raise refused(path, f"it has {len(members)} members")
    roots = set[str]()
    for info in members:
        root, _, name = info.filename.partition("/")
        shown = one_line(info.orig_filename, 80)
        if info.orig_filename != info.filename or not _ROOT.fullmatch(root):
            raise refused(path, f"it has a member {shown!r}, whose path no pack has")
        if not (name == INDEX_FILE or is_member(name)):
            raise refused(path, f"it has a member {shown!r}, which no pack has")
        if name in found:
            raise refused(path, f"it has {shown!r} twice")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            what = "a link" if kind == stat.S_IFLNK else "no file"
            raise refused(path, f"its member {shown!r} is {what}")
        if info.flag_bits & 1 or info.compress_type != zipfile.ZIP_STORED:
            raise refused(path, f"its member {shown!r} is compressed or encrypted")
        if info.file_size != info.compress_size:
            raise refused(path, f"its member {shown!r} has not the size that it says")
        roots.add(root)
        found[name] = info
    if sum(info.file_size for info in members) > size:
        raise refused(path, "it says that it is larger unpacked than packed")
    for name in (INDEX_FILE, RUN_FILE, SCORES_FILE):
        if name not in found:
            raise refused(path, f"it has no {name}")
    if len(roots) > 1:
        raise refused(path, "it has several folders")
    return roots.pop()


def _index(path: Path, data: bytes) -> PackIndex:
    try:
        table = parse_json(data)
        number = table.get("format") if isinstance(table, dict) else None
        if number != FORMAT:
            found = one_line(str(number), 40)
            raise ResultsError(
                f"{path}: a pack of the format {found!r}, which this version does not know "
                f"({FORMAT!r} is the newest); use a newer version"
            )
        return from_table(PackIndex, table, INDEX_FILE)
    except (ValueError, CardError) as error:
        raise refused(path, f"its {INDEX_FILE} is wrong: {one_line(str(error), 200)}") from error


def refused(path: Path, why: str) -> ResultsError:
    """The error for a file that `pack` has not written."""
    return ResultsError(f"{path} is refused: {why}; get the pack again from whoever made it")


def _damaged(path: Path, error: BaseException) -> ResultsError:
    why = one_line(str(error), 120) or type(error).__name__
    return refused(path, f"it is no zip archive, or damaged ({why})")
