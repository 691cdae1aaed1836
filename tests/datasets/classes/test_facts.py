"""The content folder `datasets`: read when asked for, complete, as the datasets' authors say."""

import subprocess
import sys

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import labels

from robustbench_seg.datasets import IGNORE, class_groups, class_names, custom, described_facts
from robustbench_seg.datasets.classes.facts import FOLDER, dataset_facts
from robustbench_seg.datasets.classes.label_table import UNKNOWN
from robustbench_seg.errors import CardError, DatasetError

NAMES = (
    *("acdc", "ade20k", "bdd100k", "bravo", "camvid", "cityscapes", "coco-stuff", "dark-zurich"),
    *("idd", "idd-cityscapes", "kitti", "mapillary-v1.2", "mapillary-v2.0", "minicity", "muses"),
)
MANY_TO_ONE = ("idd", "mapillary-v1.2", "mapillary-v2.0")


def test_the_folder_holds_these_files():
    files = {entry.name for entry in FOLDER.iterdir()}
    assert {name for name in files if name.endswith(".toml")} == {f"{n}.toml" for n in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_every_class_has_a_label_id_and_a_colour_of_its_own(name):
    facts = dataset_facts(name)
    assert facts.name == name
    assert class_names(name) == facts.classes
    assert len(set(facts.colours)) == len(facts.classes)
    scored = facts.table[(facts.table != UNKNOWN) & (facts.table != IGNORE)]
    assert set(scored) == set(range(len(facts.classes)))
    assert len(scored) == len(facts.classes) or name in MANY_TO_ONE


@pytest.mark.parametrize("name", NAMES)
def test_what_it_shows_is_one_sentence(name):
    about = dataset_facts(name).about
    assert about.endswith(".")
    assert 20 < len(about) < 120
    assert ". " not in about


def test_cityscapes_is_that_of_the_official_scripts():
    facts = dataset_facts("cityscapes")
    train_ids = {one.id % 256: one.trainId for one in labels}
    wanted = np.full(256, UNKNOWN, np.uint8)
    for label_id, index in train_ids.items():
        wanted[label_id] = IGNORE if index in (-1, 255) else index
    assert (facts.table == wanted).all()
    scored = sorted((one for one in labels if 0 <= one.trainId < 255), key=lambda one: one.trainId)
    assert facts.classes == tuple(one.name for one in scored)
    assert facts.colours == tuple(one.color for one in scored)
    categories = {one.category for one in scored}
    assert {
        name: group
        for group, names in facts.groups.items()
        for name in names
        if group in categories
    } == {one.name: one.category for one in scored}
    assert facts.groups.keys() - categories == {
        *("vulnerable road users", "vehicles", "drivable surface", "signs and lights"),
    }


def test_groups_of_what_has_the_classes_of_cityscapes_and_of_what_has_none():
    flat = ("road", "sidewalk")
    assert class_groups("acdc:fog")["flat"] == class_groups("minicity")["flat"] == flat
    assert class_groups("coco-stuff") == {}
    assert described_facts("minicity").persons == ("person", "rider")
    assert described_facts("cityscapes").label_ids[:3] == (7, 8, 11)
    with pytest.raises(DatasetError, match=r"unknown dataset 'camvit'; did you mean 'camvid'\?"):
        class_groups("camvit")


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_file_is_a_dataset_of_one_s_own_once_it_says_where_files_lie(name, tmp_path, put):
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(f'images = "i/*.png"\nlabels = "l/*.png"\n{text}')
    first = np.flatnonzero(dataset_facts(name).table == 0)[0]
    put("i/a.png", np.zeros((1, 1, 3), np.uint8))
    put("l/a.png", np.full((1, 1), first, np.uint8))
    dataset = custom.open_custom(tmp_path / "mine.toml", None, "val")
    facts = dataset_facts(name)
    assert (dataset.classes, dataset.palette, dataset.clip) == (
        facts.classes, facts.colours, facts.clip,
    )  # fmt: skip
    assert dataset[0].labels.tolist() == [[0]]


def test_importing_the_package_and_the_command_reads_none_of_them():
    code = (
        "import robustbench_seg.cli.main, robustbench_seg.datasets\n"
        "from robustbench_seg.datasets.classes.facts import dataset_facts\n"
        "print(dataset_facts.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def own(tmp_path, lines):
    path = tmp_path / "mine.toml"
    path.write_text(f'name = "mine"\nimages = "i/*.png"\nlabels = "l/*.png"\n{lines}\n')
    return custom.read_description(path)


def test_classes_of_takes_all_that_belongs_to_the_classes(tmp_path):
    mine, city = own(tmp_path, 'classes_of = "cityscapes"'), dataset_facts("cityscapes")
    assert (mine.classes, mine.colours, mine.groups) == (city.classes, city.colours, city.groups)
    assert mine.persons == city.persons == ("person", "rider")
    assert (mine.table == city.table).all()
    assert (mine.name, mine.image_size, mine.val_images, mine.citation) == ("mine", None, None, "")


def test_a_label_map_beside_classes_of_replaces_its_ids(tmp_path):
    mine = own(tmp_path, 'classes_of = "camvid"\nignore = [0]\nlabel_map = {5 = "sky", 9 = 2}')
    camvid = dataset_facts("camvid")
    assert (mine.classes, mine.colours, mine.persons) == (
        camvid.classes, camvid.colours, camvid.persons,
    )  # fmt: skip
    assert {i: int(x) for i, x in enumerate(mine.table) if x != UNKNOWN} == {0: IGNORE, 5: 0, 9: 2}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "0 classes; expected 1 to 254"),
        ('classes_of = "cityscape"', "classes_of: unknown dataset 'cityscape'; did you mean"),
        (
            'classes = ["a"]\nclasses_of = "camvid"',
            "classes is taken from 'camvid' by classes_of; leave out one of the two",
        ),
        ('classes_of = "camvid"\nignore = [0]', "ignore is taken from 'camvid' by classes_of;"),
        ('classes_of = "camvid"\npersons = []\nlabel_map = {1 = "rok"}', "label_map.1: unknown"),
        (
            'classes_of = "camvid"\nclip = 2\ngroups = {a = ["sky"]}\nlabel_map = {1 = 0}',
            "groups is taken from 'camvid' by classes_of;",
        ),
    ],
)
def test_classes_are_given_once(tmp_path, lines, message):
    with pytest.raises(CardError) as caught:
        own(tmp_path, lines)
    assert f"mine.toml: {message}" in str(caught.value)
