"""Archives that are not packs: refused in one line, with nothing written."""

import json
import stat
import struct
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "reporting"))  # makes fake_runs importable

from fake_runs import steady, write_run

import robustbench_seg as rs
from robustbench_seg.cli.main import main
from robustbench_seg.errors import ResultsError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ROBUSTSEG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    """A pack."""
    folder = tmp_path_factory.mktemp("whole")
    return rs.pack(write_run(folder, "alpha", steady), folder / "a.zip").read_bytes()


@pytest.fixture
def pack(whole, tmp_path) -> Path:
    (path := tmp_path / "a.zip").write_bytes(whole)
    return path


def root_of(pack: Path) -> str:
    with zipfile.ZipFile(pack) as archive:
        return archive.namelist()[0].partition("/")[0]


def add(pack: Path, name: str, data: bytes = b"x", **fields: object) -> None:
    info = zipfile.ZipInfo("a")
    info.filename = name  # unchanged; the constructor would change it
    for field, value in fields.items():
        setattr(info, field, value)
    with zipfile.ZipFile(pack, "a") as archive:
        archive.writestr(info, data, info.compress_type)


def check_refused(pack: Path, match: str, cache: Path) -> None:
    """By each reader, in one line, with nothing left behind."""
    before = sorted(set(pack.parent.rglob("*")) - {cache, *cache.rglob("*")})
    for read in (rs.read_results, rs.verify):
        with pytest.raises(ResultsError, match=match) as error:
            read(pack)
        assert "\n" not in str(error.value)
        assert str(error.value).startswith(str(pack))
    result = CliRunner().invoke(main, ["verify", str(pack)])
    assert result.exit_code == 2
    assert "\n" not in result.stderr.partition("robustseg: ")[2].strip()
    assert sorted(set(pack.parent.rglob("*")) - {cache, *cache.rglob("*")}) == before
    assert not cache.exists() or list(cache.rglob("*.parquet")) == []


@pytest.mark.parametrize(
    "name",
    [
        *("../evil", "/etc/evil", "ROOT/../../evil", "ROOT/parts/../../../evil", "C:\\evil"),
        *("ROOT/parts/..", "ROOT//run.json", "./run.json", "ROOT/parts/00000-x\x1b[31m.parquet"),
        *(".hidden/run.json", "ROOT/pictures/truth.png", "ROOT/parts/00000-AAAA.parquet"),
        "ROOT/parts/",
    ],
)
def test_paths_that_no_pack_has(pack, cache, name):
    add(pack, name.replace("ROOT", root_of(pack)))
    check_refused(
        pack, "is refused: it has a member '.*', (whose path|which) is not allowed", cache
    )


def test_a_name_that_ends_in_a_zero(pack, cache):
    data = pack.read_bytes().replace(b"/run.json", b"/run\0json")
    pack.write_bytes(data)
    check_refused(pack, "is refused: ", cache)


def test_links(pack, cache):
    name = f"{root_of(pack)}/probes/a.json"
    add(pack, name, b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16)
    check_refused(pack, "is a link", cache)


def test_devices(pack, cache):
    name = f"{root_of(pack)}/probes/a.json"
    add(pack, name, b"", external_attr=(stat.S_IFCHR | 0o666) << 16)
    check_refused(pack, "is no file", cache)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_bombs(pack, cache, method):
    """A megabyte of zeros in a kilobyte: nothing compressed is ever read."""
    add(pack, f"{root_of(pack)}/probes/a.json", bytes(1 << 20), compress_type=method)
    check_refused(pack, "is compressed or encrypted", cache)


def members(data: bytes) -> list[int]:
    """The offset of the central directory."""
    places, at = [], data.find(b"PK\x01\x02")
    while at >= 0:
        places.append(at)
        at = data.find(b"PK\x01\x02", at + 4)
    return places


def test_members_that_say_that_they_are_huge(pack, cache):
    """Stored members of one gigabyte each in a file of some kilobytes."""
    data = bytearray(pack.read_bytes())
    for at in members(data):
        struct.pack_into("<II", data, at + 20, 1 << 30, 1 << 30)
    pack.write_bytes(data)
    check_refused(pack, "larger size unpacked than packed", cache)


def test_a_size_that_is_not_that_of_the_bytes(pack, cache):
    data = bytearray(pack.read_bytes())
    struct.pack_into("<I", data, members(data)[1] + 24, 7)
    pack.write_bytes(data)
    check_refused(pack, "does not have the size that it states", cache)


def test_several_members_of_the_same_bytes(pack, cache):
    """Entries of the directory that all lead to one place: a bomb without compression."""
    data = bytearray(pack.read_bytes())
    places = members(data)
    (where,) = struct.unpack_from("<I", data, places[1] + 42)
    for at in places[2:]:
        struct.pack_into("<I", data, at + 42, where)
    pack.write_bytes(data)
    check_refused(pack, "is refused: ", cache)


def test_the_same_name_twice(pack, cache):
    with pytest.warns(UserWarning, match="Duplicate"):
        add(pack, f"{root_of(pack)}/run.json")
    check_refused(pack, "it has '.*run.json' twice", cache)


def test_the_same_file_in_two_folders(pack, cache):
    add(pack, "other/run.json")
    check_refused(pack, "it has 'other/run.json' twice", cache)


def test_two_folders(pack, cache):
    add(pack, "other/probes/a.json")
    check_refused(pack, "it has several folders", cache)


def test_a_member_that_the_index_does_not_name(pack, cache):
    add(pack, f"{root_of(pack)}/probes/a.json")
    check_refused(pack, "its pack.json does not name probes/a.json", cache)


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.999])
def test_truncated(pack, cache, share):
    data = pack.read_bytes()
    pack.write_bytes(data[: int(share * len(data))])
    match = "an empty file" if share == 0 else "is refused: it is not a zip archive, or is damaged"
    check_refused(pack, match, cache)


def test_encrypted(pack, cache):
    data = bytearray(pack.read_bytes())
    for at in members(data):
        data[at + 8] |= 1
    pack.write_bytes(data)
    check_refused(pack, "is compressed or encrypted", cache)


@pytest.mark.parametrize("name", ["pack.json", "run.json", "scores.csv"])
def test_without(pack, cache, name):
    with zipfile.ZipFile(pack) as archive:
        contents = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(pack, "w") as archive:
        for each, data in contents.items():
            if not each.endswith(f"/{name}"):
                archive.writestr(each, data)
    check_refused(pack, f"it has no {name}", cache)


@pytest.mark.parametrize(
    ("index", "match"),
    [
        (b"{", "its pack.json is wrong"),
        (b"[" * 100_000, "its pack.json is wrong: it is nested too deeply"),
        (b"[]", "a pack of format 'None', which this version does not know"),
        (b'{"format": "robustseg pack 99"}', "'robustseg pack 99', which this version does not"),
        (b'{"format": "robustseg pack 1"}', "its pack.json is wrong"),
        (b'{"format": "robustseg pack 1", "run": "", "laws": {}, "files": {"../x": {}}}', "wrong"),
    ],
)
def test_an_index_that_is_none(pack, cache, index, match):
    with zipfile.ZipFile(pack) as archive:
        contents = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(pack, "w") as archive:
        for each, data in contents.items():
            archive.writestr(each, index if each.endswith("pack.json") else data)
    check_refused(pack, match, cache)


def test_every_flipped_bit_is_noticed_or_harmless(pack, cache, whole):
    """At some sixty places: the rows stay the same, or the pack is refused."""
    wanted = rs.read_results(pack).drop(columns="run")
    for place in range(0, len(whole), max(1, len(whole) // 60)):
        data = bytearray(whole)
        data[place] ^= 1 << (place % 8)
        pack.write_bytes(data)
        for folder in (cache / "packs").glob("*"):
            folder.rename(cache / f"{place}-{folder.name}")
        try:
            found = rs.read_results(pack).drop(columns="run")
        except ResultsError:
            continue
        assert all((a == b).all() for a, b in zip(found["matrix"], wanted["matrix"], strict=True))


def test_an_index_of_other_sizes(pack, cache):
    with zipfile.ZipFile(pack) as archive:
        contents = {each: archive.read(each) for each in archive.namelist()}
    (name,) = (each for each in contents if each.endswith("pack.json"))
    table = json.loads(contents[name])
    table["files"]["run.json"]["bytes"] = -1
    contents[name] = json.dumps(table).encode()
    with zipfile.ZipFile(pack, "w") as archive:
        for each, data in contents.items():
            archive.writestr(each, data)
    check_refused(pack, "its pack.json is wrong", cache)
