"""predictions:FOLDER as a model: what is wrong with the folder or its manifest is one line."""

import pytest

from robustbench_seg.datasets import class_names
from robustbench_seg.errors import CardError, DatasetError, ModelError, OptionError
from robustbench_seg.segmenter import (
    SegmenterOptions,
    load_named,
    why_no_confidence,
    why_no_scaling,
)

GOOD = 'name = "theirs"\ndataset = "cityscapes"\nids = "train ids"\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "predictions.toml").write_text(GOOD)
    return tmp_path


def opened(folder, **options):
    return load_named(f"predictions:{folder}", SegmenterOptions(**options))


def test_what_the_key_and_the_tables_hold(folder):
    model = opened(folder)
    record = model.record
    assert (model.name, model.classes) == ("theirs", class_names("cityscapes"))
    assert (record.architecture, record.runtime) == ("predictions", "predictions")
    assert record.own == {"name": "theirs", "ids": "train ids"}
    assert not record.probed
    assert model.about.location == f"predictions:{folder}"
    renamed = opened(folder, name="ours")
    assert renamed.name == "ours"
    (folder / "predictions.toml").write_text(GOOD + 'version = "2"')
    assert opened(folder).record.own["version"] == "2"


def test_confidence_is_that_of_files(folder):
    model = opened(folder)
    assert why_no_confidence(model) == "its folder has no confidence"
    (folder / "fog/3").mkdir(parents=True)
    (folder / "fog/3/a.confidence.png").write_bytes(b"")
    model = opened(folder)
    assert why_no_confidence(model) is None
    assert why_no_scaling(model) == "it returns no logits"


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("name = 3", CardError, "name: expected str, got int"),
        ('name = "a"\ndataset = "cityscapes"', CardError, "the key 'ids' is missing"),
        (GOOD.replace("train", "trian"), CardError, "did you mean 'train ids'? Known: train ids, "),
        (GOOD + 'classes = ["a"]', CardError, "give either dataset or classes"),
        ('name = "a"\nids = "train ids"', CardError, "give either dataset or classes"),
        (
            'name = "a"\nids = "train ids"\nclasses = []',
            CardError,
            "classes: expected 1 to 254 names",
        ),
        (
            'name = "a"\nids = "label ids"\nclasses = ["a"]',
            CardError,
            "label ids are defined by a dataset; give dataset instead of classes",
        ),
        (GOOD + 'version = ""', CardError, "version is empty; give a non-empty string"),
        (GOOD + "confidence = true", CardError, "unknown key 'confidence'"),
        (GOOD.replace("cityscapes", "cityscape"), DatasetError, "unknown dataset 'cityscape'; did"),
        (
            GOOD.replace("cityscapes", "own.toml"),
            CardError,
            "own.toml: there is no such file; give",
        ),
        (
            GOOD + 'images = "../../manifest.json"',
            CardError,
            "images = '../../manifest.json' points outside",
        ),
        (
            GOOD + 'images = "/etc/passwd"',
            CardError,
            "copy the file into the folder of predictions",
        ),
        (
            GOOD.replace("cityscapes", "../own.toml"),
            CardError,
            "dataset = '../own.toml' points outside",
        ),
    ],
)
def test_a_wrong_manifest_is_one_line(folder, text, error, message):
    (folder / "predictions.toml").write_text(text)
    with pytest.raises(error) as caught:
        opened(folder)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_manifest_gets_one_to_fill_in(tmp_path):
    with pytest.raises(ModelError, match=r"predictions:.*/none: there is no such folder"):
        opened(tmp_path / "none")
    with pytest.raises(ModelError, match=r"it has no predictions\.toml, which describes") as caught:
        opened(tmp_path)
    (tmp_path / "predictions.toml").write_text(caught.value.example)
    assert opened(tmp_path).name == tmp_path.name


def test_label_ids_may_be_those_of_a_dataset_of_ones_own(folder):
    (folder / "own.toml").write_text(
        'name = "own"\nimages = "*.jpg"\nlabels = "*.png"\nclasses = ["a", "b"]\n'
        "[label_map]\n7 = 1\n9 = 0\n"
    )
    text = GOOD.replace("cityscapes", "own.toml").replace("train", "label")
    (folder / "predictions.toml").write_text(text)
    model = opened(folder)
    assert model.classes == ("a", "b")
    own = folder / "own.toml"
    own.write_text(own.read_text().replace("7 = 1", "7 = 0"))
    other = opened(folder)
    assert other.record != model.record, "ids that mean something else are another run"


def test_weights_and_a_way_to_run_are_refused(folder):
    with pytest.raises(OptionError, match="leave out weights"):
        opened(folder, weights="none")
    with pytest.raises(OptionError, match="leave out device"):
        opened(folder, device="cuda")
