import csv
import shutil
import tomllib
from importlib import resources
from pathlib import Path

import pytest
import torch

from robustbench_seg.architectures import build
from robustbench_seg.datasets import class_names
from robustbench_seg.errors import CardError, ModelError, RobustsegError
from robustbench_seg.records.cards.model_card import list_models, load_card

CARD = """
architecture = "segformer"
variant = { size = "b0", decoder_channels = 128 }
dataset = "cityscapes"
classes = 19

[weights]
source = "file"
location = "weights/mine.safetensors"
format = "robustseg"

[preprocessing]
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]

[inference]
mode = "slide"
crop = 512
stride = 384

[training]
command = "robustseg train --model segformer-b0"
minutes = 20
hardware = "2 cores"
iterations = 4000
seed = 0
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def checkpoints():
    """What is known of the published checkpoints, collected apart from the cards.

    Parameters as counted on the originals (without heads that only training uses); mIoU as
    published, single scale.
    """
    path = Path(__file__).parents[1] / "data" / "checkpoints.csv"
    with open(path, newline="") as file:
        return {row["model"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("name", list_models())
def test_every_shipped_card_builds_its_network(name):
    card = load_card(name)
    assert card.name == name
    assert name.startswith(card.architecture)
    with torch.device("meta"):
        network = build(card.architecture, card.classes, **card.variant)
    classifiers = [p for p in network.parameters() if p.dim() == 1 and len(p) == card.classes]
    assert classifiers
    known = checkpoints().get(name, {}).get("params")
    if known:
        assert sum(parameter.numel() for parameter in network.parameters()) == int(known)
    if card.weights_file is not None:
        assert card.weights_file.is_file()
    if card.weights.source != "none":
        assert card.weights.licence


@pytest.mark.parametrize(
    ("size", "miou"),
    # SegFormer, table 1a: Cityscapes, single scale
    [("b0", 76.2), ("b1", 78.5), ("b2", 81.0), ("b3", 81.7), ("b4", 82.3), ("b5", 82.4)],
)
def test_cards_of_the_paper(size, miou):
    card = load_card(f"segformer-{size}")
    assert card.variant["size"] == size
    assert card.weights.location == f"smp-hub/segformer-{size}-1024x1024-city-160k"
    assert card.weights.format == "smp"
    other = card.weights.otherwise
    assert other is not None
    assert other.location == f"nvidia/segformer-{size}-finetuned-cityscapes-1024-1024"
    assert other.format == "huggingface"
    assert other.licence == card.weights.licence
    assert (card.inference.mode, card.inference.crop, card.inference.stride) == ("slide", 1024, 768)
    assert card.published is not None
    assert card.published.miou == miou
    assert card.preprocessing.mean == pytest.approx([123.675 / 255, 116.28 / 255, 103.53 / 255])
    assert card.preprocessing.std == pytest.approx([58.395 / 255, 57.12 / 255, 57.375 / 255])


@pytest.mark.parametrize("known", checkpoints().values(), ids=lambda known: known["model"])
def test_cards_say_what_is_published(known):
    card = load_card(known["model"])
    assert card.weights.location == known["location"]
    assert card.published is not None
    assert card.published.miou == float(known["miou"])


def way_in(name):
    """How the originals test it, by their configurations: windows, size, and levels of 0..255."""
    words = name.split("-")
    imagenet = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
    levels = ((127.5,) * 3, (127.5,) * 3) if "x65" in words else imagenet
    whole, small = (None, None), {"512": 1024, "640": 1280, "768": 1536}
    if "769" in words:
        return (769, 513), (1025, 2049, 1), levels
    if "ade20k" in words:
        short = 640 if "640" in words or (words[1] == "b5" and "openmmlab" not in words) else 512
        return whole, (short, 2048, 1 if "openmmlab" in words else 32), levels
    if words[-1] in small:
        windows = (768, 768) if words[-1] == "768" else whole
        return windows, (int(words[-1]), small[words[-1]], 1), levels
    if words[0] == "segformer" and "minicity" not in words:
        return (1024, 768), None, levels
    return whole, None, levels


@pytest.mark.parametrize("name", list_models())
def test_images_go_in_as_with_the_originals(name):
    card = load_card(name)
    windows, size, (mean, std) = way_in(name)
    assert (card.inference.crop, card.inference.stride) == windows
    assert card.inference.mode == ("slide" if windows[0] else "whole")
    assert (card.resize and (card.resize.short, card.resize.long, card.resize.multiple)) == size
    assert [255 * value for value in card.preprocessing.mean] == pytest.approx(mean)
    assert [255 * value for value in card.preprocessing.std] == pytest.approx(std)


def test_every_published_checkpoint_is_known():
    published = {n for n in list_models() if load_card(n).weights.source not in ("none", "file")}
    assert published == set(checkpoints())


@pytest.mark.parametrize("name", list_models())
def test_a_name_says_what_its_card_holds(name):
    card = load_card(name)
    words = name.split("-")
    backbones = {"mobilenetv2": "mobilenet_v2", "x65": "xception65"}
    backbones |= {f"r{depth}": f"resnet{depth}" for depth in (18, 50, 101)}
    if card.architecture == "segformer":
        assert card.variant["size"] == words[1]
        assert (card.variant.get("decoder") == "openmmlab") == ("openmmlab" in words)
    else:
        assert card.variant["backbone"] == backbones[words[1].rstrip("b")]
        assert (card.variant.get("deep_stem") is False) == words[1].endswith("b")
        assert (card.variant.get("output_stride") == 16) == (
            "os16" in words or words[-1] in ("mobilenetv2", "minicity")
        )
        aligned = bool(card.variant.get("align_corners"))
        assert aligned == ("769" in words) == (card.inference.crop == 769)
    expected = next((d for d in ("ade20k", "minicity") if d in words), "cityscapes")
    assert card.dataset == expected
    assert card.classes == len(class_names(card.dataset))


def test_no_two_cards_share_weights():
    sources = [load_card(name).weights for name in list_models()]
    locations = [each.location for one in sources for each in (one, one.otherwise) if each]
    published = [location for location in locations if location]
    assert len(set(published)) == len(published)


def test_a_card_of_ones_own_is_read_from_its_path(tmp_path):
    card = load_card(written(tmp_path, CARD))
    assert card.name == "mine"
    assert card.variant == {"size": "b0", "decoder_channels": 128}
    assert card.weights_file == tmp_path / "weights" / "mine.safetensors"
    assert card.training is not None
    assert card.training.minutes == 20.0
    assert card.published is None
    assert card.weights.licence is None


def test_where_a_card_lies_does_not_make_it_another(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    path = written(here, CARD)
    shutil.copy(path, there)
    assert load_card(path) == load_card(there / path.name)


def test_cards_are_utf8_toml_beside_each_other():
    folder = resources.files("robustbench_seg.content.models")
    for name in list_models():
        assert tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))


def test_an_unknown_model_is_told_the_nearest():
    with pytest.raises(ModelError) as raised:
        load_card("segformer-b7")
    message = str(raised.value)
    assert message.startswith("unknown model 'segformer-b7'; did you mean 'segformer-b")
    assert message.endswith("'? `robustseg models` lists all")
    assert "\n" not in message
    with pytest.raises(ModelError, match=r"Known: .*deeplabv3plus-r50-openmmlab"):
        load_card("xyz")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "mean = [0.485",
            "mean = [123.675",
            "mean and std: 123.675 is not for RGB in 0..1; divide values for 0..255 by 255",
        ),
        ("crop = 512", "corp = 512", "inference: unknown key 'corp'; did you mean 'crop'?"),
        ("classes = 19", 'classes = "19"', "classes: expected int, got str"),
        ("classes = 19", "classes = 0", "classes = 0 is out of range; give 1 to 254"),
        ("classes = 19", "", "the key 'classes' is missing"),
        ('"slide"', '"sliding"', "inference: mode: unknown value 'sliding'; did you mean 'slide'?"),
        ("stride = 384", "", "inference: mode 'slide' needs a positive crop, and a stride of at"),
        ("stride = 384", "stride = 0", "inference: stride = 0 is out of range; give 1 to 32768"),
        ("stride = 384", "stride = 600", "'slide' needs a positive crop, and a stride of at most"),
        ("crop = 512", "crop = -512", "inference: crop = -512 is out of range; give 1 to 32768"),
        ('"slide"', '"whole"', "inference: mode 'whole' takes neither crop nor stride"),
        ("[0.229, 0.224, 0.225]", "[0.229, 0.224]", "std: expected 3 values, got 2"),
        (
            "[0.229, 0.224, 0.225]",
            "[0.229, 0, 0.225]",
            "preprocessing: std[1] = 0.0 is out of range",
        ),
        (
            'location = "weights/mine.safetensors"',
            "",
            "with source 'file', the key location is missing",
        ),
        (
            'source = "file"',
            'source = "none"',
            "with source 'none', the key location must be absent",
        ),
        ('"robustseg"', '"keras"', "weights: format: unknown value 'keras'"),
        ('format = "robustseg"', 'sha256 = "xyz"', "sha256: expected up to 64 hexadecimal digits"),
        (
            "[training]",
            "[resize]\nshort = 0\nlong = 9\n[training]",
            "resize: short = 0 is out of range",
        ),
        ("classes = 19", 'classes = 19\nfolder = "x"', "unknown key 'folder'"),
        ("classes = 19", "classes = ", "not valid TOML"),
    ],
)
def test_a_wrong_card_is_refused_in_one_line(tmp_path, old, new, message):
    assert CARD.count(old) == 1
    path = written(tmp_path, CARD.replace(old, new))
    with pytest.raises(CardError) as raised:
        load_card(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_card_file_is_named(tmp_path):
    with pytest.raises(
        RobustsegError, match=r"gone\.toml: there is no such file; give the path of the model card"
    ):
        load_card(tmp_path / "gone.toml")
