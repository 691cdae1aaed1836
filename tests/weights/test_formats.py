"""Files as other projects write them, read from end to end.

That the converted tensors give the published logits is tests/architectures/test_parity.py.
"""

import json
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import torch
from torch import nn
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from robustbench_seg.architectures import build, segformer
from robustbench_seg.errors import WeightsError
from robustbench_seg.records.cards.weights_source import WeightsSource
from robustbench_seg.weights import load_weights, read_weights
from robustbench_seg.weights.formats.registry import FORMATS, recognise

DATA = Path(__file__).parents[1] / "data" / "architectures"


def eps_of(network):
    """(of the blocks, of the patch embeddings)"""
    return network.backbone.norm1.eps, network.backbone.patch_embed1.norm.eps


# B3 to B5 have fewer layers here, to keep the test fast.
DEPTHS = {
    "b0": (2, 2, 2, 2),
    "b1": (2, 2, 2, 2),
    "b2": (3, 4, 6, 3),
    "b3": (1, 1, 3, 1),
    "b4": (1, 2, 2, 1),
    "b5": (1, 1, 4, 1),
}


def random_reference(size, depths):
    """transformers' SegFormer of 7 classes, its parameters and statistics random."""
    config = SegformerConfig(
        depths=list(depths),
        hidden_sizes=[32, 64, 160, 256] if size == "b0" else [64, 128, 320, 512],
        decoder_hidden_size=256 if size in ("b0", "b1") else 768,
        num_labels=7,
    )
    reference = SegformerForSemanticSegmentation(config).eval()
    with torch.no_grad():
        for name, tensor in reference.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5)
            elif tensor.is_floating_point():
                tensor.add_(0.03 * torch.randn(tensor.shape))
    return reference


def shallow(size, depths):
    """Our SegFormer of 7 classes with other depths."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(segformer.DEPTHS, size, depths)
        return build("segformer", 7, size=size).eval()


@pytest.mark.parametrize("size", DEPTHS)
def test_a_folder_saved_by_transformers_gives_its_logits(tmp_path, size):
    torch.manual_seed(0)
    reference = random_reference(size, DEPTHS[size])
    reference.save_pretrained(tmp_path)
    network = shallow(size, DEPTHS[size])
    assert load_weights(network, tmp_path) == {"format": "huggingface", "eps": "huggingface"}
    assert eps_of(network) == (1e-5, 1e-5)
    for height, width in ((64, 128), (97, 161), (33, 50)):
        images = torch.randn(1, 3, height, width)
        with torch.no_grad():
            wanted, logits = reference(images).logits, network(images)
        assert wanted.std() > 0.1
        torch.testing.assert_close(logits, wanted, rtol=0, atol=1e-4)
        assert torch.equal(logits.argmax(1), wanted.argmax(1))


def test_a_checkpoint_of_the_authors_is_read(tmp_path):
    shapes = json.loads((DATA / "nvlabs_b0.json").read_text())
    assert "decode_head.conv_seg.weight" in shapes
    tensors = {name: torch.full(shape, 0.5) for name, shape in shapes.items()}
    torch.save({"meta": {"CLASSES": ["road"]}, "state_dict": tensors}, tmp_path / "a.pth")
    network = build("segformer", 19, eps="huggingface")
    found = load_weights(network, tmp_path / "a.pth")
    assert found == {"format": "nvlabs", "eps": "nvlabs", "classes": json.dumps(["road"])}
    assert eps_of(network) == (1e-6, 1e-5)
    assert all((parameter == 0.5).all() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("name", "key", "variant"),
    [
        ("vainf_mobilenet_v2_separable", "model_state", {"separable": True}),
        ("openmmlab_mobilenet_v2", "state_dict", {"layout": "openmmlab"}),
    ],
)
def test_checkpoints_of_deeplabv3plus_are_read(tmp_path, name, key, variant):
    shapes = json.loads((DATA / f"{name}.json").read_text())
    tensors = {key: torch.full(shape, 0.5) for key, shape in shapes.items()}
    torch.save({key: tensors}, tmp_path / "a.pth")
    network = build("deeplabv3plus", 19, backbone="mobilenet_v2", **variant)
    assert load_weights(network, tmp_path / "a.pth") == {"format": name.partition("_")[0]}
    assert all((parameter == 0.5).all() for parameter in network.parameters())


def test_openmmlab_s_segformer_is_read(tmp_path):
    shapes = json.loads((DATA / "openmmlab_segformer_b0.json").read_text())
    tensors = {name: torch.full(shape, 0.5) for name, shape in shapes.items()}
    torch.save({"meta": {}, "state_dict": tensors}, tmp_path / "a.pth")
    network = build("segformer", 19, decoder="openmmlab", eps="nvlabs")
    assert load_weights(network, tmp_path / "a.pth") == {"format": "openmmlab", "eps": "openmmlab"}
    assert eps_of(network) == (1e-6, 1e-6)
    assert all((parameter == 0.5).all() for parameter in network.parameters())
    with pytest.raises(WeightsError, match=r"13 missing: .*; 30 left over: decode_head\.conv"):
        load_weights(build("segformer", 19), tmp_path / "a.pth")


@pytest.mark.parametrize("wrapper", ["module.", "model.", "model.module."])
@pytest.mark.parametrize("name", ["nvlabs_b0", "huggingface_b0", "openmmlab_mobilenet_v2"])
def test_wrappers_and_what_only_training_uses_are_left_out(tmp_path, wrapper, name):
    shapes = json.loads((DATA / f"{name}.json").read_text())
    # Each tensor is a single number in the file, expanded to its shape.
    tensors = {name: torch.tensor(0.5).expand(shape) for name, shape in shapes.items()}
    torch.save(tensors, tmp_path / "a.pth")
    tensors["auxiliary_head.conv_seg.weight"] = torch.zeros(19, 8, 1, 1)
    tensors["ema_backbone_norm1_weight"] = torch.zeros(32)
    wrapped = {f"{wrapper}{name}": tensor for name, tensor in tensors.items()}
    torch.save({"state_dict": wrapped}, tmp_path / "b.pth")
    bare, read = read_weights(tmp_path / "a.pth"), read_weights(tmp_path / "b.pth")
    assert read.metadata | {"prefix": ""} == bare.metadata | {"prefix": ""}
    assert read.tensors.keys() == bare.tensors.keys()


def test_the_number_of_classes_comes_from_the_file(tmp_path):
    for name in ("nvlabs_b0", "huggingface_b0", "openmmlab_segformer_b0", "vainf_resnet50"):
        shapes = json.loads((DATA / f"{name}.json").read_text())
        torch.save({key: torch.zeros(shape) for key, shape in shapes.items()}, tmp_path / "a.pth")
        assert read_weights(tmp_path / "a.pth").num_classes == 19
    torch.save({"patch_embed1.proj.weight": torch.zeros(32, 3, 7, 7)}, tmp_path / "a.pth")
    assert read_weights(tmp_path / "a.pth").num_classes is None


def test_a_hub_file_without_a_value_tensor_is_incomplete_not_wrong(tmp_path):
    shapes = json.loads((DATA / "huggingface_b0.json").read_text())
    tensors = {name: torch.zeros(shape) for name, shape in shapes.items()}
    del tensors["segformer.encoder.block.0.1.attention.self.value.weight"]
    torch.save(tensors, tmp_path / "pytorch_model.bin")
    network: nn.Module = build("segformer", 19)
    with pytest.raises(WeightsError) as raised:
        load_weights(network, tmp_path)
    assert "backbone.block1.1.attn.kv.weight (32x32 in the file, 64x32 in the network)" in str(
        raised.value
    )


def test_what_transformers_5_holds_in_memory_is_read_too():
    torch.manual_seed(0)
    reference = random_reference("b0", (1, 1, 1, 1))
    tensors = reference.state_dict()
    assert "segformer.stages.0.blocks.0.attention.q_proj.weight" in tensors
    network = shallow("b0", (1, 1, 1, 1))
    network.load_state_dict(recognise(tensors).convert(tensors))
    network.use_eps("huggingface")
    images = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        torch.testing.assert_close(network(images), reference(images).logits, rtol=0, atol=1e-4)


def test_a_card_can_name_every_format_of_a_whole_network():
    named = set(get_args(get_type_hints(WeightsSource)["format"]))
    # "imagenet" is the format of encoders alone, which no card has.
    assert named - {"robustseg"} == {each.name for each in FORMATS} - {"imagenet"}
