"""The networks return what the original implementations return for the same weights and input.

tests/data/architectures holds, per original, the names and shapes of its checkpoint's tensors
and every third row and column of its float64 logits in front of the final upsampling. Weights
and inputs are pure functions of names and sizes, so nothing else needs to be stored.
"""

import json
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from robustbench_seg.architectures import build
from robustbench_seg.weights import load_weights

DATA = Path(__file__).parents[1] / "data" / "architectures"

ORIGINALS = {
    # NVlabs/SegFormer@65fa8cfa
    "nvlabs_b0": ("segformer", {"size": "b0", "eps": "nvlabs"}),
    # transformers 5.23.0
    "huggingface_b0": ("segformer", {"size": "b0", "eps": "huggingface"}),
    # VainF/DeepLabV3Plus-Pytorch@4e1087de
    "vainf_resnet50": ("deeplabv3plus", {"backbone": "resnet50"}),
    "vainf_mobilenet_v2_separable": (
        "deeplabv3plus",
        {"backbone": "mobilenet_v2", "output_stride": 16, "separable": True},
    ),
    # mmsegmentation 1.2.2
    "openmmlab_segformer_b0": ("segformer", {"size": "b0", "decoder": "openmmlab"}),
    "openmmlab_resnet50": ("deeplabv3plus", {"backbone": "resnet50", "layout": "openmmlab"}),
    "openmmlab_resnet18": (
        "deeplabv3plus",
        {
            "backbone": "resnet18",
            "layout": "openmmlab",
            "channels": 128,
            "low_level_channels": 12,
        },
    ),
    # Its ResNet-101 "d16-mg124", but 50 layers deep, with the plain stem and aligned corners.
    "openmmlab_resnet50b_mg124_aligned": (
        "deeplabv3plus",
        {
            "backbone": "resnet50",
            "layout": "openmmlab",
            "deep_stem": False,
            "output_stride": 16,
            "multi_grid": (1, 2, 4),
            "align_corners": True,
        },
    ),
    "openmmlab_mobilenet_v2": (
        "deeplabv3plus",
        {"backbone": "mobilenet_v2", "layout": "openmmlab"},
    ),
}
SIZES = ((128, 256), (97, 161))
ODD = SIZES[1:]
"""For the deep ResNets, which take long."""

# The input of a LayerNorm is small, so that a wrong epsilon shows.
SMALL = re.compile(
    r"(patch_embed\d?\.proj\.|patch_embeddings\.\d\.proj\.|layers\.\d\.0\.projection\.|"
    r"attn\.sr\.|attention\.self\.sr\.|block\d\.\d+\.attn\.proj\.|attention\.output\.dense\.|attn\.attn\.out_proj\.|"
    r"mlp\.fc2\.|mlp\.dense2\.|ffn\.layers\.4\.)"
)
EMBED_NORM = re.compile(
    r"(patch_embed\d\.norm\.|patch_embeddings\.\d\.layer_norm\.|layers\.\d\.0\.norm\.)"
)
ATTENTION = re.compile(r"(attn\.q\.|attn\.kv\.|in_proj_|attention\.self\.(query|key)\.)")
BRANCH_END = re.compile(
    r"(layer\d\.\d+\.bn3\.weight|layer\d\.\d+\.conv\.2\.bn\.weight|features\.\d+\.conv\.\d\.weight)"
)


def weights_of(name: str, shape: list[int]) -> np.ndarray:
    """The value of a checkpoint's tensor, from its name and shape alone."""
    if name.endswith("num_batches_tracked"):
        return np.array(1000, np.int64)
    uniform = np.random.RandomState(zlib.crc32(name.encode())).uniform(-1.0, 1.0, size=shape)
    if name.endswith("running_mean"):
        value = 0.2 * uniform
    elif name.endswith("running_var"):
        value = 1.0 + 0.5 * uniform
    elif len(shape) == 1 and name.endswith("weight"):
        value = 1.0 + 0.3 * uniform
        if EMBED_NORM.search(name):
            value = 0.05 * value
        elif BRANCH_END.search(name):
            value = 0.3 * value
    elif len(shape) == 1:
        value = (0.01 if SMALL.search(name) or EMBED_NORM.search(name) else 0.1) * uniform
    else:
        gain = 2**0.5 if len(shape) == 4 else 1.0
        if SMALL.search(name):
            gain = 0.03
        elif ATTENTION.search(name):
            gain = 2.0
        value = uniform * 3**0.5 * gain / int(np.prod(shape[1:])) ** 0.5
    return value.astype(np.float32)


def image_of(height: int, width: int) -> torch.Tensor:
    state = np.random.RandomState(1234 + height * 10007 + width)
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([np.sin(y / (7.0 + 5 * c)) + np.cos(x / (11.0 + 3 * c)) for c in range(3)])
    image = 0.7 * waves + 0.7 * state.uniform(-1, 1, size=(3, height, width))
    return torch.from_numpy(image[None].astype(np.float32))


def checkpoint_of(name: str) -> dict[str, torch.Tensor]:
    shapes = json.loads((DATA / f"{name}.json").read_text())
    return {key: torch.from_numpy(weights_of(key, shape)) for key, shape in shapes.items()}


def logits_of(
    network: torch.nn.Module, name: str, height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Ours and the original's."""
    with torch.no_grad():
        logits = network(image_of(height, width))[0, :, ::3, ::3].numpy()
    with np.load(DATA / f"{name}.npz") as expected:
        wanted = expected[f"{height}x{width}"]
    assert logits.shape == wanted.shape
    return logits, wanted


def worst_difference(network: torch.nn.Module, name: str, height: int, width: int) -> float:
    logits, wanted = logits_of(network, name, height, width)
    return float(np.abs(logits - wanted).max())


@pytest.mark.parametrize("name", ORIGINALS)
def test_logits_equal_the_original(name, tmp_path):
    architecture, variant = ORIGINALS[name]
    network = build(architecture, 19, **variant).eval()
    torch.save(checkpoint_of(name), tmp_path / "a.pth")
    assert load_weights(network, tmp_path / "a.pth")["format"] == name.partition("_")[0]
    for height, width in ODD if "resnet50" in name else SIZES:
        logits, wanted = logits_of(network, name, height, width)
        # The residual branches of ResNet-18 are not damped: its logits reach 300.
        tolerance = 1e-4 * max(1, wanted.std() / 10)
        assert np.abs(logits - wanted).max() < tolerance
        assert (logits.argmax(0) == wanted.argmax(0)).all()


@pytest.mark.parametrize(("eps", "difference"), [("huggingface", 1.6e-2), ("openmmlab", 1.0e-1)])
def test_another_eps_convention_is_another_network(eps, difference, tmp_path):
    network = build("segformer", 19, size="b0").eval()
    torch.save(checkpoint_of("nvlabs_b0"), tmp_path / "a.pth")
    load_weights(network, tmp_path / "a.pth")
    network.use_eps(eps)
    assert worst_difference(network, "nvlabs_b0", 128, 256) == pytest.approx(difference, rel=0.5)
    network.use_eps("nvlabs")
    assert worst_difference(network, "nvlabs_b0", 128, 256) < 1e-4
