"""Class maps: their files, and what they do to labels."""

import numpy as np
import pytest

from robustbench_seg.datasets import class_names, fitting_maps, list_class_maps, load_class_map
from robustbench_seg.errors import CardError, ModelError
from robustbench_seg.records.runs.class_map_record import ClassMapRecord

MAP = """\
about = "for a test"
model = ["street", "path", "grass", "sky"]
dataset = ["road", "plant", "rock", "pond"]

[map]
street = "road"
path = "road"
grass = "plant"
sky = "ignore"

[impossible]
rock = "leave-out"
pond = "miss"

[reasons]
path = "it is paved"
ignore = "not on the ground"
"""


@pytest.fixture
def load(tmp_path):
    def load(text=MAP):
        (tmp_path / "own.toml").write_text(text)
        return load_class_map(tmp_path / "own.toml")

    return load


def test_a_file_is_read(load, tmp_path):
    own = load()
    assert own.name == "own"
    assert own.model_classes == ("street", "path", "grass", "sky")
    assert own.dataset_classes == ("road", "plant", "rock", "pond")
    record = own.record
    assert record.targets == ("road", "road", "plant", "ignore")
    assert record.merged == {"road": ("street", "path"), "plant": ("grass",)}
    assert (record.ignored, record.left_out, record.missed) == (("sky",), ("rock",), ("pond",))
    assert own.facts.about == "for a test"
    assert own.facts.reasons["path"] == "it is paved"
    assert load_class_map(str(tmp_path / "own.toml")).record == record


def test_labels_become_those_of_the_dataset(load):
    predicted = np.uint8([[0, 1, 2, 3]])
    assert load().labels(predicted).tolist() == [[0, 0, 1, 255]]


def test_true_pixels_of_classes_that_are_left_out_are_void(load):
    truth = np.uint8([[0, 1, 2, 3, 255]])
    assert load().truth(truth).tolist() == [[0, 1, 255, 3, 255]]
    assert truth.tolist() == [[0, 1, 2, 3, 255]], "the caller's labels are kept"


def test_several_classes_are_left_out(load):
    own = load(MAP.replace('pond = "miss"', 'pond = "leave-out"'))
    assert own.record.left_out == ("rock", "pond")
    assert own.truth(np.uint8([[0, 1, 2, 3, 255]])).tolist() == [[0, 1, 255, 255, 255]]


def test_as_many_classes_as_labels_have_room_for(load):
    """255 is not a class, and 254 would be the index of the last of 255 classes."""
    names = [f"c{n}" for n in range(255)]
    tail = MAP[MAP.index("[impossible]") : MAP.index("[reasons]")]

    def of(count):
        pairs = "".join(f'{name} = "road"\n' for name in names[1:count])
        return (
            f'model = {names[:count]}\ndataset = ["road", "plant", "rock", "pond"]\n'
            f'[map]\n{pairs}c0 = "plant"\n{tail}'
        )

    assert load(of(254)).labels(np.uint8([0, 253])).tolist() == [1, 0]
    with pytest.raises(CardError, match="model: 255 classes; expected 1 to 254"):
        load(of(255))


def test_a_record_has_a_target_of_each_class():
    with pytest.raises(
        ValueError, match="2 classes and 1 targets; give 1 to 254 classes with one target"
    ):
        ClassMapRecord(("a", "b"), ("a",))
    with pytest.raises(ValueError, match="0 classes and 0 targets"):
        ClassMapRecord((), ())


def test_a_label_beyond_the_model_is_refused(load):
    with pytest.raises(
        ModelError, match="predictions up to 4, but the class map own is for 4 classes"
    ):
        load().labels(np.uint8([0, 4]))


def test_the_digest_holds_what_decides_counts(load):
    own = load().record.digest
    assert (
        load(MAP.replace("it is paved", "another").replace("for a test", "")).record.digest == own
    )
    for changed in (
        MAP.replace('path = "road"', 'path = "ignore"'),
        MAP.replace('pond = "miss"', 'pond = "leave-out"'),
        MAP.replace('["street", "path"', '["path", "street"'),
    ):
        assert load(changed).record.digest != own


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('sky = "ignore"', 'sku = "ignore"', "map: unknown class of the model 'sku'; did you mean"),
        (
            'sky = "ignore"\n',
            "",
            'map: sky: no target; map each class of the model to a class of .* or to "',
        ),
        (
            'grass = "plant"',
            'grass = "plants"',
            "map: grass: unknown class of the dataset 'plants'",
        ),
        ('path = "road"', 'street = "road"', "not valid TOML: .*overwrite"),
        (
            'rock = "leave-out"\n',
            "",
            "impossible: no class of the model maps to rock; map one to it",
        ),
        ("rock =", "rocks =", "impossible: unknown class of the dataset 'rocks'; did you mean"),
        (
            "rock =",
            'road = "miss"\nrock =',
            "impossible: road is possible, because path maps to it",
        ),
        (
            '"leave-out"',
            '"leave"',
            "impossible.rock: unknown value 'leave'; did you mean 'leave-out'",
        ),
        ('["road",', '["road", "road",', "dataset: the class road is listed twice; list each once"),
        ('["street",', '["path",', "model: the class path is listed twice"),
        ('["road",', '["ignore",', 'dataset: the name "ignore" is reserved for ignored classes'),
        ('path = "it is', 'lane = "it is', "reasons: unknown class 'lane'"),
        ('model = ["street", "path", "grass", "sky"]', 'model = "citys"', "model: unknown dataset"),
        (
            'dataset = ["road", "plant", "rock", "pond"]',
            "dataset = []",
            "dataset: 0 classes; expected 1 to",
        ),
        ("about =", "abuot =", "unknown key 'abuot'; did you mean 'about'"),
    ],
)
def test_a_wrong_file_is_one_line(load, old, new, message):
    assert old in MAP
    with pytest.raises(CardError, match=message) as error:
        load(MAP.replace(old, new, 1))
    assert "own.toml: " in str(error.value)
    assert "\n" not in str(error.value)


def test_a_map_to_nothing_is_refused(load):
    text = 'model = ["a"]\ndataset = ["b"]\n[map]\na = "ignore"\n[impossible]\nb = "miss"\n'
    with pytest.raises(CardError, match="map: every class is ignored; map at least one"):
        load(text)


def test_an_unknown_name_is_one_line(tmp_path):
    with pytest.raises(CardError, match="unknown class map 'cityscapes-to-camvit'; did you mean"):
        load_class_map("cityscapes-to-camvit")
    with pytest.raises(
        CardError, match=r"none\.toml: there is no such file; give the path of the class map"
    ):
        load_class_map(tmp_path / "none.toml")


@pytest.mark.parametrize("name", list_class_maps())
def test_shipped_maps_give_their_reasons(name):
    """A reason for every class that is merged, renamed, ignored, left out or missed."""
    shipped = load_class_map(name)
    record, reasons = shipped.record, shipped.facts.reasons
    assert shipped.facts.about
    model, _, dataset = name.partition("-to-")
    assert shipped.model_classes == class_names(model)
    assert shipped.dataset_classes == class_names(dataset)
    pairs = dict(zip(record.classes, record.targets, strict=True))
    renamed = {one for one, target in pairs.items() if target not in (one, "ignore")}
    wanted = {*renamed, *record.left_out, *record.missed}
    assert wanted <= set(reasons)
    assert set(record.ignored) <= set(reasons) or "ignore" in reasons


def test_shipped_maps_between_known_classes():
    """What each class counts as, where a slip would go unnoticed in the mean."""
    camvid = load_class_map("cityscapes-to-camvid")
    ids = {name: index for index, name in enumerate(class_names("camvid"))}
    labels = camvid.labels(np.arange(19, dtype=np.uint8)).tolist()
    assert labels == [ids[name] for name in (
        *("road", "pavement", "building", "building", "fence", "pole", "sign symbol"),
        *("sign symbol", "tree", "tree", "sky", "pedestrian", "bicyclist", "car", "car", "car"),
        *("car", "bicyclist", "bicyclist"),
    )]  # fmt: skip
    ade = load_class_map("ade20k-to-cityscapes").record.merged
    assert ade["car"] == ("car", "van")
    assert ade["motorcycle"] == ("minibike",)
    assert "rider" not in ade


def test_fitting_maps_are_found():
    wanted = class_names("cityscapes"), class_names("camvid")
    assert fitting_maps(*wanted) == ("cityscapes-to-camvid",)
    assert fitting_maps(*reversed(wanted)) == ()
