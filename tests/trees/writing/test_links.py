"""Labels next to corrupted images: the fewest links, always relative."""

import os
from pathlib import Path

from robustbench_seg.trees.writing.links import make_link, plan_links

DATA = Path("/data")


def plan(images, *labels, root=DATA):
    return plan_links(images, [{label: root / label} for label in labels])


def test_one_link_serves_a_layout_with_labels_apart():
    images = ["rgb/fog/val/a.png", "rgb/fog/val/b.png"]
    assert plan(images, "gt/fog/val/a.png", "gt/fog/val/b.png") == {"gt": DATA / "gt"}


def test_labels_under_a_folder_of_images_are_linked_below_it():
    images = ["data/images/val/a.png"]
    assert plan(images, "data/labels/val/a.png") == {"data/labels": DATA / "data/labels"}


def test_labels_among_the_images_are_linked_one_by_one():
    images = ["val/a.png", "val/b.png"]
    assert plan(images, "val/a_mask.png", "val/b_mask.png", "names.txt") == {
        name: DATA / name for name in ("val/a_mask.png", "val/b_mask.png", "names.txt")
    }


def test_a_folder_that_has_another_name_at_the_source_is_linked_below_it():
    companions = [{"labels/val/a.png": Path("/elsewhere/truth/val/a.png")}]
    assert plan_links(["images/val/a.png"], companions) == {
        "labels/val": Path("/elsewhere/truth/val")
    }


def test_a_folder_gathered_from_several_places_is_linked_file_by_file():
    companions = [
        {"labels/a.png": Path("/x/labels/a.png")},
        {"labels/b.png": Path("/y/labels/b.png")},
    ]
    assert plan_links(["images/a.png", "images/b.png"], companions) == {
        "labels/a.png": Path("/x/labels/a.png"),
        "labels/b.png": Path("/y/labels/b.png"),
    }


def test_links_are_relative_and_correct_an_older_one(tmp_path, monkeypatch):
    (tmp_path / "data/gt").mkdir(parents=True)
    link = tmp_path / "out/fog/1/gt"
    monkeypatch.chdir(tmp_path)
    assert make_link(link, Path("data/gt")) == "../../../data/gt"
    assert link.samefile(tmp_path / "data/gt")
    link.unlink()
    link.symlink_to("/nowhere")
    make_link(link, tmp_path / "data/gt")
    assert os.readlink(link) == "../../../data/gt"
    assert os.listdir(link.parent) == ["gt"]


def test_links_lead_right_from_a_folder_that_is_itself_a_link(tmp_path):
    (tmp_path / "disk/deep/out").mkdir(parents=True)
    (tmp_path / "data/gt").mkdir(parents=True)
    (tmp_path / "out").symlink_to("disk/deep/out")
    make_link(tmp_path / "out/gt", tmp_path / "data/gt")
    assert (tmp_path / "out/gt").samefile(tmp_path / "data/gt")


def test_links_do_not_pass_through_a_link_above_both_trees(tmp_path):
    (tmp_path / "world/data/gt").mkdir(parents=True)
    (tmp_path / "alias").symlink_to("world")
    assert make_link(tmp_path / "alias/out/gt", tmp_path / "alias/data/gt") == "../data/gt"
