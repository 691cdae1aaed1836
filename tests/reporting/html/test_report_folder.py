"""A second report into a folder replaces the first, and touches nothing else."""

import json
import os
import shutil

import pytest
from fake_runs import steady, write_run

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.html.report_folder import report_files
from robustbench_seg.reporting.page.page import write_page
from robustbench_seg.reporting.panels import read_panels

pytestmark = pytest.mark.usefixtures("blank_figures")


@pytest.fixture(scope="module")
def panels(tmp_path_factory):
    """Of a run with published rows and pictures, and of one with neither."""
    root = tmp_path_factory.mktemp("runs")
    streets = write_run(root, "alpha", steady, dataset="cityscapes", pictures=[CLEAN])
    rooms = write_run(root, "beta", steady, dataset="rooms", protocol="mpc-15")
    return read_panels([streets]), read_panels([rooms])


@pytest.fixture(scope="module")
def reports(panels, tmp_path_factory):
    """A report of each, in a separate folder."""
    folders = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    for panel, folder in zip(panels, folders, strict=True):
        write_page(panel, folder)
    return folders


@pytest.fixture
def out(reports, tmp_path):
    """A folder that holds the report of the first."""
    return shutil.copytree(reports[0], tmp_path / "out")


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_nothing_of_an_earlier_report_stays_and_everything_else_does(panels, reports, out):
    _, second = panels
    _, alone = reports
    earlier = files(out)
    assert {"tables/published.csv", "tables/published.tex"} < earlier
    assert any(name.startswith("pictures/") for name in earlier)
    mine = {"notes.txt", "tables/mine.csv", "figures/talk/one.png"}
    for name in mine:
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("mine")
    write_page(second, out)
    assert files(out) == files(alone) | mine
    assert not (out / "pictures").exists()
    assert {(out / name).read_text() for name in mine} == {"mine"}
    listed = json.loads((out / "report.json").read_text())["files"]
    assert {*listed, "report.json"} == files(alone)


def test_a_report_that_fails_leaves_the_earlier_one_whole(panels, out, tmp_path, monkeypatch):
    _, second = panels
    before = {name: (out / name).read_bytes() for name in files(out)}

    def fail(*_, **options):
        raise ResultsError("no")

    monkeypatch.setattr("robustbench_seg.reporting.page.page.run_views", fail)
    for folder in (out, tmp_path / "new"):
        with pytest.raises(ResultsError, match="no"):
            write_page(second, folder)
    assert {name: (out / name).read_bytes() for name in files(out)} == before
    assert not (tmp_path / "new").exists()


def test_what_a_killed_report_left_is_removed_by_the_next(panels, reports, tmp_path, monkeypatch):
    first, second = panels
    _, alone = reports
    out = tmp_path / "out"

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # The process dies while it moves files, before it can clean up.
        patch.setattr("robustbench_seg.reporting.html.report_folder._remove", die)
        patch.setattr(
            "robustbench_seg.reporting.html.report_folder.shutil.rmtree", lambda *_, **__: None
        )
        write_page(first, out)
        with pytest.raises(KeyboardInterrupt):
            write_page(second, out)
    assert "tables/published.csv" in files(out)
    write_page(second, out)
    assert files(out) == files(alone)
    assert not list(out.glob(".*"))


def test_pictures_are_not_left_in_a_report_without(panels, out):
    first, _ = panels
    write_page(first, out, pictures=False)
    assert not (out / "pictures").exists()
    (out / "pictures").mkdir()
    (out / "pictures" / "frame.png").write_text("mine")
    with pytest.raises(ResultsError) as raised:
        write_page(first, out, pictures=False)
    assert str(raised.value) == (
        f"{out / 'pictures'} has pictures that do not belong to the report in {out}; remove it, "
        "or choose another folder for a report without pictures"
    )


@pytest.mark.parametrize("text", ["{}", "[]", "no JSON", '{"format": "another", "files": []}'])
def test_a_file_of_the_list_s_name_is_not_overwritten(panels, tmp_path, text):
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(ResultsError) as raised:
        write_page(panels[0], tmp_path)
    assert str(raised.value) == (
        f"{tmp_path / 'report.json'} is not the list of a report's files; remove it, or choose "
        "another folder"
    )
    assert files(tmp_path) == {"report.json"}


def test_a_list_never_removes_what_lies_outside(panels, out, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    listed = json.loads((out / "report.json").read_text())
    listed["files"] += ["../mine.txt", str(tmp_path / "mine.txt")]
    (out / "report.json").write_text(json.dumps(listed))
    write_page(panels[1], out)
    assert (tmp_path / "mine.txt").exists()


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"format": "robustseg report 1", "files": 1}',
        '{"format": "robustseg report 1", "files": [[]]}',
        "[]",
        "\xff",
    ],
)
def test_a_list_that_is_none_is_named(tmp_path, text):
    (tmp_path / "report.json").write_bytes(text.encode("latin1"))
    with pytest.raises(ResultsError, match=r"report\.json is not the list of a report's files"):
        report_files(tmp_path)


def test_a_pipe_in_place_of_the_list_is_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "report.json")
    with pytest.raises(ResultsError, match="is not the list of a report's files"):
        report_files(tmp_path)


def test_names_that_no_report_has_are_passed_over(tmp_path):
    names = ["../x", "/x", "a\0b", "\ud800", "", ".", "x" * 5000, "tables/miou.csv"]
    listing = {"format": "robustseg report 1", "files": names}
    (tmp_path / "report.json").write_text(json.dumps(listing))
    assert report_files(tmp_path) == {"tables/miou.csv"}


@pytest.mark.parametrize("link", ["other", "tables"])
def test_nothing_is_written_or_removed_through_a_link_that_leads_out(panels, tmp_path, link):
    """Neither what the list of an earlier report names, nor what this report writes."""
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    for folder in (out, elsewhere):
        folder.mkdir()
    (elsewhere / "mine.txt").write_text("mine")
    (out / link).symlink_to(elsewhere)
    listing = {"format": "robustseg report 1", "files": [f"{link}/mine.txt"]}
    (out / "report.json").write_text(json.dumps(listing))
    with pytest.raises(ResultsError, match=f"{link} points outside .*remove the link"):
        write_page(panels[0], out)
    assert files(elsewhere) == {"mine.txt"}
    assert not (out / "index.html").exists()
