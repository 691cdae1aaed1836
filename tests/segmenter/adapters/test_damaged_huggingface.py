"""Damaged folders of transformers: each is one line that names the folder, or gives labels."""

import json
import random
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    DPTConfig,
    DPTForSemanticSegmentation,
    MobileViTConfig,
    MobileViTForSemanticSegmentation,
    SegformerConfig,
    SegformerForSemanticSegmentation,
)

from robustbench_seg.errors import RobustsegError
from robustbench_seg.segmenter import load_segmenter

PROCESSOR = {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.25, 0.3], "do_normalize": True}
NAMES = {0: "sky", 1: "road", 2: "car"}
IMAGE = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
VALUES = [None, "", "x", -1, 0, 10**9, 10**30, 1e308, True, [], {}, [[]], [1], "../x", 3.5]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "mine"
    torch.manual_seed(0)
    config = SegformerConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 16, 24, 32],
        num_attention_heads=[1, 1, 1, 2],
        decoder_hidden_size=16,
        id2label=NAMES,
        label2id={name: index for index, name in NAMES.items()},
    )
    SegformerForSemanticSegmentation(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    shutil.copytree(saved, tmp_path / "mine")
    return tmp_path / "mine"


def outcome(folder):
    """None if the folder returns labels, else the error, which must be one line."""
    wrong = None
    try:
        labels = load_segmenter(f"hf:{folder}")(IMAGE)
    except RobustsegError as error:
        wrong = str(error)
    if wrong is not None:
        assert str(folder) in wrong
        assert "\n" not in wrong
        return wrong
    assert labels.shape == IMAGE.shape[:2]
    assert labels.max() < 3
    return None


def rewrite(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("file", ["config.json", "preprocessor_config.json"])
@pytest.mark.parametrize("seed", range(30))
def test_a_damaged_value_is_one_line(folder, file, seed):
    rng = random.Random(seed)

    def change(content):
        for _ in range(rng.randint(1, 2)):
            key = rng.choice(sorted(content))
            if rng.random() < 0.3:
                del content[key]
            elif isinstance(content[key], list) and content[key] and rng.random() < 0.6:
                content[key][rng.randrange(len(content[key]))] = rng.choice(VALUES)
            else:
                content[key] = rng.choice(VALUES)

    rewrite(folder / file, change)
    outcome(folder)


@pytest.mark.parametrize("file", ["config.json", "preprocessor_config.json", "model.safetensors"])
@pytest.mark.parametrize("seed", range(8))
def test_damaged_bytes_are_one_line(folder, file, seed):
    rng = random.Random(seed)
    data = bytearray((folder / file).read_bytes())
    if seed % 2:
        data = data[: rng.randrange(len(data))]
    else:
        for _ in range(20):
            data[rng.randrange(min(len(data), 4000))] = rng.randrange(256)
    (folder / file).write_bytes(data)
    wrong = outcome(folder)
    if file == "model.safetensors" and seed % 2:
        assert "model.safetensors: " in wrong


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_sizes": [8, 16, 24, 10**9]}, "hidden_sizes is 1000000000, which is too large"),
        ({"hidden_sizes": [8, 16, 24, 10**6]}, "the weight file has"),
        ({"depths": [1, 1, 1, 10**5]}, "describes far more layers than the weight file holds"),
        (
            {"decoder_hidden_size": 32},
            "tensors of its weight file do not have the shapes that its conf",
        ),
        (
            {"id2label": {"1": "a", "2": "b", "3": "c"}},
            "numbers the classes 1, 2, 3; number them 0",
        ),
        ({"id2label": {"0": "a", "255": "b"}}, "numbers the classes 0, 255; number them 0 to 1"),
        ({"id2label": {"0": "a", "1": "", "2": "c"}}, "has a class without a name"),
        ({"hidden_act": "nothing"}, "transformers cannot build it from its config.json (KeyError"),
        ({"layer_norm_eps": "x"}, "config.json"),
        ({"_attn_implementation": "evil/kernel"}, "names code on the hub, 'evil/kernel', which"),
        ({"transformers_weights": "other.safetensors"}, None),
    ],
)
def test_a_config_of_another_network_is_refused(folder, change, message):
    rewrite(folder / "config.json", lambda content: content.update(change))
    wrong = outcome(folder)
    assert (message in wrong) if message else wrong is None


def test_a_config_of_fewer_layers_is_refused(saved, tmp_path):
    config = SegformerConfig.from_pretrained(saved)
    config.depths = [1, 2, 1, 1]
    SegformerForSemanticSegmentation(config).save_pretrained(tmp_path / "deep")
    shutil.copy(saved / "preprocessor_config.json", tmp_path / "deep")
    assert outcome(tmp_path / "deep") is None
    shutil.copy(saved / "config.json", tmp_path / "deep")
    assert "describes a smaller model than its weight file" in outcome(tmp_path / "deep")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 5\n",
            "model.safetensors: a Git LFS pointer, not the file itself; run git lfs pull",
        ),
        (
            "<!DOCTYPE html><html></html>",
            "not a readable model file (a web page instead of",
        ),
        ("", "model.safetensors: not a readable model file (empty)"),
        ("12345678{}", "model.safetensors: not a readable model file ("),
    ],
)
def test_what_stands_for_the_weights_is_named(folder, content, message):
    (folder / "model.safetensors").write_text(content)
    assert message in outcome(folder)


@pytest.fixture
def sharded(saved, tmp_path):
    model = SegformerForSemanticSegmentation.from_pretrained(saved)
    model.save_pretrained(tmp_path / "many", max_shard_size="20KB")
    shutil.copy(saved / "preprocessor_config.json", tmp_path / "many")
    assert len(list((tmp_path / "many").glob("*.safetensors"))) > 2
    return tmp_path / "many"


def test_weights_in_several_files_are_read_and_digested(folder, sharded):
    one, many = load_segmenter(f"hf:{folder}"), load_segmenter(f"hf:{sharded}")
    torch.testing.assert_close(one.logits(IMAGE), many.logits(IMAGE), atol=1e-6, rtol=1e-4)
    assert many.about.weights_file == "model.safetensors.index.json"
    file = sorted(sharded.glob("*.safetensors"))[1]
    data = bytearray(file.read_bytes())
    data[-1] ^= 1  # of the last value
    file.write_bytes(data)
    assert load_segmenter(f"hf:{sharded}").record.weights != many.record.weights
    file.unlink()
    assert f"{file.name}: no such file, but model.safetensors.index.json lists it" in outcome(
        sharded
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content.clear(),
        lambda content: content.update(weight_map=[]),
        lambda content: content.update(weight_map={"a": 3}),
        lambda content: content.update(weight_map={"a": "../model.safetensors"}),
        lambda content: content["weight_map"].update(
            more=next(iter(content["weight_map"].values()))
        ),
    ],
)
def test_a_damaged_index_is_one_line(sharded, damage):
    rewrite(sharded / "model.safetensors.index.json", damage)
    assert "model.safetensors.index.json" in outcome(sharded)


def test_whatever_is_read_is_in_the_identity(folder):
    seen = [load_segmenter(f"hf:{folder}").record]
    for file, change in (
        ("config.json", {"layer_norm_eps": 1e-3}),
        ("preprocessor_config.json", {"image_std": [0.3, 0.3, 0.3]}),
        ("preprocessor_config.json", {"image_mean": [0.3] * 3, "do_flip_channel_order": True}),
    ):
        rewrite(folder / file, lambda content, change=change: content.update(change))
        seen.append(load_segmenter(f"hf:{folder}").record)
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    seen.append(load_segmenter(f"hf:{folder}").record)
    assert len({repr(record) for record in seen}) == 5


def test_code_named_by_a_processor_or_a_pipeline_never_runs(folder, tmp_path, monkeypatch):
    ran = tmp_path / "ran"
    (folder / "own.py").write_text(f"open({str(ran)!r}, 'w')\nclass Own: pass\n")
    auto = {"AutoImageProcessor": "own.Own", "AutoProcessor": "own.Own", "AutoModel": "own.Own"}
    pipelines = {"image-segmentation": {"impl": "own.Own", "pt": ["AutoModel"]}}
    for file in ("preprocessor_config.json", "config.json"):
        rewrite(
            folder / file, lambda content: content.update(auto_map=auto, custom_pipelines=pipelines)
        )
    (folder / "tokenizer_config.json").write_text(json.dumps({"auto_map": auto}))
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asks at the terminal"))
    assert outcome(folder) is None
    assert not ran.exists()


def test_red_and_blue_are_swapped_where_the_processor_does(tmp_path):
    torch.manual_seed(0)
    config = MobileViTConfig(
        hidden_sizes=[16, 24, 32],
        neck_hidden_sizes=[8, 8, 16, 16, 24, 32, 64],
        num_attention_heads=2,
        id2label=NAMES,
        aspp_out_channels=16,
    )
    model = MobileViTForSemanticSegmentation(config).eval()
    folder = tmp_path / "mobilevit"
    model.save_pretrained(folder)
    said = {"image_processor_type": "MobileViTImageProcessor", "do_flip_channel_order": True}
    (folder / "preprocessor_config.json").write_text(json.dumps(said))
    segmenter = load_segmenter(f"hf:{folder}")
    pixels = torch.from_numpy(IMAGE[..., ::-1].copy()).permute(2, 0, 1)[None] / 255
    with torch.inference_mode():
        wanted = torch.nn.functional.interpolate(model(pixels).logits, (40, 56), mode="bilinear")
    torch.testing.assert_close(segmenter.logits(IMAGE), wanted, atol=1e-5, rtol=1e-4)
    assert segmenter.record.variant == {"channels": "BGR"}
    assert segmenter.record.input_size is None


@pytest.fixture
def squares(tmp_path):
    torch.manual_seed(0)
    config = DPTConfig(
        image_size=64,
        patch_size=16,
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=32,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        id2label=NAMES,
        is_hybrid=False,
    )
    model = DPTForSemanticSegmentation(config).eval()
    model.save_pretrained(tmp_path / "dpt")
    return tmp_path / "dpt", model


@pytest.mark.parametrize(
    "said",
    [
        {"size": {"depth": 64}},
        {"size": 64, "do_thumbnail": True},
    ],
)
def test_what_a_processor_does_otherwise_is_told(squares, said):
    folder, _ = squares
    (folder / "preprocessor_config.json").write_text(json.dumps({**PROCESSOR, **said}))
    assert "run it as python:<module>:<callable>" in outcome(folder)


def test_only_tensors_that_matter_must_be_there(squares):
    """The first fusion layer of DPT has a part that no image goes through; hub files lack it."""
    folder, _ = squares
    (folder / "preprocessor_config.json").write_text(json.dumps({**PROCESSOR, "size": 64}))
    before = load_segmenter(f"hf:{folder}").logits(IMAGE)
    path = folder / "model.safetensors"
    tensors = load_file(path)
    unused = "neck.fusion_stage.layers.0.residual_layer1"
    kept = {name: value for name, value in tensors.items() if not name.startswith(unused)}
    assert len(kept) < len(tensors)
    save_file(kept, path, {"format": "pt"})
    torch.testing.assert_close(load_segmenter(f"hf:{folder}").logits(IMAGE), before)
    kept.pop("neck.fusion_stage.layers.1.residual_layer1.convolution1.weight")
    save_file(kept, path, {"format": "pt"})
    assert "tensors of the model are not in its weight file, such as " in outcome(folder)
