"""A pack: one file of a run, read as the folder is, the same bytes each time."""

import hashlib
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "reporting"))  # makes fake_runs importable

from fake_runs import steady, weaker, write_pictures, write_run

import robustbench_seg as rs
from robustbench_seg.cli.main import main
from robustbench_seg.demo import recorded_runs
from robustbench_seg.errors import FileError, ResultsError
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.store.packs.pack_cache import cached_folder


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ROBUSTSEG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def run(tmp_path) -> Path:
    return write_run(tmp_path / "runs", "alpha", steady, predict=0.25)


def rewrite(pack: Path, change) -> Path:
    """The pack with other contents, all its members as plain files."""
    with zipfile.ZipFile(pack) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    change(contents)
    with zipfile.ZipFile(pack, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return pack


def with_digests(contents: dict[str, bytes]) -> None:
    """Put the digests of other contents into pack.json, as a forger would."""
    (index,) = (name for name in contents if name.endswith("/pack.json"))
    root = index.removesuffix("pack.json")
    table = json.loads(contents[index])
    table["files"] = {
        name.removeprefix(root): {"bytes": len(d), "sha256": hashlib.sha256(d).hexdigest()}
        for name, d in contents.items()
        if name != index
    }
    contents[index] = json.dumps(table).encode()


def name_of(contents: dict[str, bytes], end: str) -> str:
    return next(name for name in sorted(contents) if end in name)


def test_the_same_run_gives_the_same_bytes(run, tmp_path):
    first = rs.pack(run, tmp_path / "a.zip").read_bytes()
    copy = shutil.copytree(run, tmp_path / "elsewhere" / "of another name")
    for path in copy.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    write_pictures(copy, CLEAN)
    (copy / "parts" / ".00000-x.1234abcd.partial.parquet").write_bytes(b"of a killed process")
    assert rs.pack(copy, tmp_path / "b.zip").read_bytes() == first


def test_it_is_a_plain_archive_of_a_run_folder_without_images(run, tmp_path):
    write_pictures(run, CLEAN)
    with zipfile.ZipFile(rs.pack(run, tmp_path / "a.zip")) as archive:
        archive.extractall(tmp_path / "plain")
        names = [name.split("/", 1)[1] for name in archive.namelist()]
    assert names[:1] == ["pack.json"]
    kinds = ["pack.json", "parts", "run.json", "scores.csv", "timings"]
    assert sorted({name.split("/")[0] for name in names}) == kinds
    plain = tmp_path / "plain" / run.name
    pd.testing.assert_frame_equal(
        rs.read_results(plain).drop(columns="run"), rs.read_results(run).drop(columns="run")
    )


def test_a_pack_is_read_as_its_folder_is(run, tmp_path):
    pack = rs.pack(run, tmp_path / "packs" / "alpha.pack.zip")
    for given in (pack, tmp_path / "packs", [str(pack)]):
        pd.testing.assert_frame_equal(
            rs.read_results(given).drop(columns="run"), rs.read_results(run).drop(columns="run")
        )
    pd.testing.assert_frame_equal(rs.scores(pack), rs.scores(run))


def test_packs_compare_as_their_folders_do(run, tmp_path):
    other = write_run(tmp_path / "runs", "beta", weaker)
    packs = [str(rs.pack(each, tmp_path / f"{each.name}.zip")) for each in (run, other)]
    wanted = rs.compare("alpha", "beta", runs=tmp_path / "runs")
    pd.testing.assert_frame_equal(rs.compare(*packs, runs=packs), wanted)
    pd.testing.assert_frame_equal(rs.compare("alpha", "beta", runs=packs), wanted)


def test_a_report_reads_packs(run, tmp_path, blank_figures):
    pack = rs.pack(run, tmp_path / "a.zip")
    from_pack = rs.report(pack, tmp_path / "one", pictures=False).parent
    from_folder = rs.report(run, tmp_path / "two", pictures=False).parent
    for table in ("miou.csv", "per_severity.csv", "per_class.csv"):
        assert (from_pack / "tables" / table).read_bytes() == (
            from_folder / "tables" / table
        ).read_bytes()


def test_a_pack_that_is_known_is_not_unpacked_again(run, tmp_path, cache):
    pack = rs.pack(run, tmp_path / "a.zip")
    folder = cached_folder(pack)
    assert cache in folder.parents
    (part,) = (folder / "parts").iterdir()
    part.touch()
    os.utime(part, (1, 1))
    assert cached_folder(pack) == folder
    assert part.stat().st_mtime == 1
    part.unlink()  # a cleanup removes it in between
    assert cached_folder(pack) == folder
    assert part.stat().st_mtime > 1


def test_a_broken_pack_is_left_out_of_a_report_of_others(run, tmp_path, caplog, blank_figures):
    rs.pack(run, tmp_path / "packs" / "a.pack.zip")
    (tmp_path / "packs" / "b.pack.zip").write_bytes(b"no zip")
    rs.report(tmp_path / "packs", tmp_path / "report")
    assert "b.pack.zip is refused" in caplog.text


def test_a_pack_without_a_name_has_that_of_its_run(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert rs.pack(run) == Path(f"{run.name}.pack.zip")
    result = CliRunner().invoke(main, ["pack", str(run)])  # an earlier pack is replaced
    assert result.exit_code == 0, result.output
    digest = hashlib.sha256((tmp_path / f"{run.name}.pack.zip").read_bytes()).hexdigest()
    assert digest in result.output


def test_what_is_no_pack_is_not_replaced(run, tmp_path):
    out = tmp_path / "precious.zip"
    out.write_bytes(b"thesis")
    with pytest.raises(FileError, match=r"precious\.zip exists and is not a pack; move it"):
        rs.pack(run, out)
    assert out.read_bytes() == b"thesis"


def test_a_damaged_part_is_not_packed(run, tmp_path):
    (part,) = (run / "parts").iterdir()
    part.write_bytes(part.read_bytes()[:-50])
    with pytest.raises(ResultsError, match=r"is damaged .* evaluate again"):
        rs.pack(run, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_a_run_without_rows_is_not_packed(run, tmp_path):
    shutil.rmtree(run / "parts")
    with pytest.raises(ResultsError, match="no image is scored yet; evaluate it first"):
        rs.pack(run, tmp_path / "a.zip")


def test_parts_that_do_not_name_their_run_are_not_packed(tmp_path):
    older = next(recorded_runs().iterdir())
    with pytest.raises(ResultsError, match="does not name its run, because an older version wrote"):
        rs.pack(older, tmp_path / "a.zip")


def test_no_run_is_no_pack(tmp_path):
    with pytest.raises(ResultsError, match=r"no run\.json in it; name a run folder"):
        rs.pack(tmp_path, tmp_path / "a.zip")


def test_a_pack_as_it_was_made_has_no_problem(run, tmp_path):
    pack = rs.pack(run, tmp_path / "a.zip")
    seen: list[int] = []
    assert rs.verify(pack, seen.append).problems == ()
    assert sum(seen) == 4
    result = CliRunner().invoke(main, ["verify", str(pack)])
    assert result.exit_code == 0, result.output
    assert "all 4 files are unchanged, its parts belong to its run" in result.output


def test_an_incomplete_run_is_packed_and_verified(tmp_path):
    run = write_run(tmp_path, "part", lambda name, severity, image: 50 if severity < 3 else None)
    assert rs.verify(rs.pack(run, tmp_path / "a.zip")).problems == ()


def test_a_score_that_does_not_follow_is_named(run, tmp_path):
    def forge(contents):
        name = name_of(contents, "scores.csv")
        table = contents[name].replace(b"fog,3,miou,3,68.0000", b"fog,3,miou,3,78.0000")
        assert table != contents[name]
        contents[name] = table
        with_digests(contents)

    pack = rewrite(rs.pack(run, tmp_path / "a.zip"), forge)
    (problem,) = rs.verify(pack).problems
    assert (problem.path, problem.kind) == ("scores.csv", "contradicted")
    assert problem.detail == "miou of fog 3 is 78.0000 for 3 images, but 68.0000 for 3 in the parts"
    result = CliRunner().invoke(main, ["verify", str(pack)])
    assert result.exit_code == 1
    assert "1 problem; get another copy from its author" in result.output


@pytest.mark.parametrize(
    ("old", "new", "detail"),
    [
        (b"fog,3,miou,3,68.0000\n", b"", "miou of fog 3 is missing"),
        (b"fog,3,miou,3,", b"fog,3,miou,2,", "is 68.0000 for 2 images, but 68.0000 for 3 in the"),
        (b"\nfog,3,miou", b"\nmud,3,miou,3,90.0\nfog,3,miou", "miou of mud 3 has no rows"),
        (b"corruption,", b"perturbation,", "it is not a table of scores"),
        (b"fog,3,miou,3,68.0000", b"fog,3,miou,3,none of it", "it is not a table of scores"),
    ],
)
def test_other_tables_of_scores_are_named(run, tmp_path, old, new, detail):
    def forge(contents):
        name = name_of(contents, "scores.csv")
        assert old in contents[name]
        contents[name] = contents[name].replace(old, new)
        with_digests(contents)

    found = rs.verify(rewrite(rs.pack(run, tmp_path / "a.zip"), forge)).problems
    assert any(detail in problem.detail for problem in found), found


def test_an_altered_file_is_named_and_never_read(run, tmp_path):
    def alter(contents):
        contents[name_of(contents, "timings/")] += b"x"

    pack = rewrite(rs.pack(run, tmp_path / "a.zip"), alter)
    (problem,) = rs.verify(pack).problems
    assert problem.kind == "altered"
    assert problem.path.startswith("timings/")
    with pytest.raises(ResultsError, match=r"is refused: timings/.* does not match its digest"):
        rs.read_results(pack)


def test_a_part_of_another_run_is_named(run, tmp_path):
    beta = write_run(tmp_path / "runs", "beta", weaker, weights="1")
    other = rs.pack(beta, tmp_path / "b.zip")
    with zipfile.ZipFile(other) as archive:
        (part,) = (name for name in archive.namelist() if "/parts/" in name)
        data = archive.read(part)

    def swap(contents):
        root = name_of(contents, "run.json").removesuffix("run.json")
        contents[f"{root}parts/{Path(part).name}"] = data
        with_digests(contents)

    (problem,) = rs.verify(rewrite(rs.pack(run, tmp_path / "a.zip"), swap)).problems
    assert problem.kind == "foreign"
    assert "it belongs to another run, whose key begins with" in problem.detail


def test_a_part_that_is_gone_is_named_by_the_scores(run, tmp_path):
    def drop(contents):
        del contents[name_of(contents, "parts/")]
        with_digests(contents)

    (problem,) = rs.verify(rewrite(rs.pack(run, tmp_path / "a.zip"), drop)).problems
    assert (problem.path, problem.kind) == ("parts", "missing")


def test_an_altered_record_is_named(run, tmp_path):
    def alter(contents):
        name = name_of(contents, "run.json")
        contents[name] = contents[name].replace(b'"seed": 0', b'"seed": 7')
        with_digests(contents)

    (problem,) = rs.verify(rewrite(rs.pack(run, tmp_path / "a.zip"), alter)).problems
    assert problem.path == "run.json"
    assert "its key does not match its digest" in problem.detail
