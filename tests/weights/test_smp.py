"""SegFormer of segmentation_models.pytorch (smp): its layout, and its logits if it is installed."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from robustbench_seg.architectures import build
from robustbench_seg.weights import load_encoder, load_weights

DATA = Path(__file__).parents[1] / "data" / "architectures"


def random_tensors():
    """Of a B0 of 19 classes, named and shaped as smp 0.6.0 saves it."""
    shapes = json.loads((DATA / "smp_segformer_b0.json").read_text())
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for name, shape in shapes.items():
        if name.endswith("num_batches_tracked"):
            tensors[name] = torch.tensor(0)
        elif name.endswith("running_var"):
            tensors[name] = 0.5 + torch.rand(shape, generator=generator)
        else:
            tensors[name] = 0.05 * torch.randn(shape, generator=generator)
    return tensors


# In eq. 4 of the paper, stage 1 is the finest; smp lists the finest stage last.
PLACES = {
    "encoder.block2.1.attn.kv.weight": "backbone.block2.1.attn.kv.weight",
    "encoder.norm4.bias": "backbone.norm4.bias",
    "decoder.mlp_stage.0.linear.weight": "decode_head.linear_c4.proj.weight",
    "decoder.mlp_stage.1.linear.bias": "decode_head.linear_c3.proj.bias",
    "decoder.mlp_stage.2.linear.weight": "decode_head.linear_c2.proj.weight",
    "decoder.mlp_stage.3.linear.weight": "decode_head.linear_c1.proj.weight",
    "decoder.fuse_stage.0.weight": "decode_head.linear_fuse.conv.weight",
    "decoder.fuse_stage.1.running_mean": "decode_head.linear_fuse.bn.running_mean",
    "segmentation_head.0.weight": "decode_head.linear_pred.weight",
}


@pytest.mark.parametrize("prefix", ["", "model.", "net.model."])
def test_a_file_of_smp_is_read(tmp_path, prefix):
    tensors = random_tensors()
    saved = {prefix + name: tensor for name, tensor in tensors.items()}
    save_file(saved, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text('{"encoder_name": "mit_b0", "classes": 19}')
    network = build("segformer", 19, eps="huggingface")
    found = load_weights(network, tmp_path)
    assert found == {"format": "smp", "eps": "nvlabs"} | ({"prefix": prefix} if prefix else {})
    assert (network.backbone.norm1.eps, network.backbone.patch_embed1.norm.eps) == (1e-6, 1e-5)
    state = network.state_dict()
    assert len(state) == len(tensors)
    for theirs, ours in PLACES.items():
        assert torch.equal(state[ours], tensors[theirs])


def test_its_encoder_begins_a_training(tmp_path):
    tensors = random_tensors() | {"classification_head.0.weight": torch.zeros(5, 256)}
    save_file(tensors, tmp_path / "a.safetensors")
    network = build("segformer", 7)
    assert load_encoder(network, tmp_path / "a.safetensors")["format"] == "smp"
    theirs = tensors["encoder.patch_embed1.proj.weight"]
    assert torch.equal(network.backbone.patch_embed1.proj.weight, theirs)


@pytest.mark.parametrize(("size", "width"), [("b0", 256), ("b2", 768)])
def test_logits_are_those_of_smp(tmp_path, size, width):
    try:
        import segmentation_models_pytorch as smp
    except Exception as error:  # torchvision may raise other errors
        pytest.skip(f"segmentation_models_pytorch does not start: {error}")
    torch.manual_seed(0)
    reference = smp.Segformer(
        f"mit_{size}", encoder_weights=None, classes=19, decoder_segmentation_channels=width
    ).eval()
    with torch.no_grad():
        for name, tensor in reference.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5)
            elif tensor.is_floating_point():
                tensor.add_(0.03 * torch.randn(tensor.shape))
    reference.save_pretrained(tmp_path)
    network = build("segformer", 19, size=size).eval()
    load_weights(network, tmp_path)
    for height, width in ((64, 128), (96, 160)):  # smp only takes multiples of 32
        images = torch.randn(1, 3, height, width)
        with torch.no_grad():
            wanted = reference(images)
            logits = network(images)
        assert wanted.std() > 0.1
        # smp upsamples with aligned corners; the authors, and the cards, do not.
        logits = F.interpolate(logits, scale_factor=4, mode="bilinear", align_corners=True)
        torch.testing.assert_close(logits, wanted, rtol=0, atol=1e-4)
        assert (logits.argmax(1) != wanted.argmax(1)).float().mean() <= 1e-5
