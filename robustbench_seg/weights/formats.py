"""The files of other projects: whose they are, and how their tensors are called here.

A file is recognised by one tensor that only files of its origin have. Adding a format is adding
one conversion and one line of FORMATS.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Tensors = dict[str, Tensor]
Rules = tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]


@dataclass(frozen=True)
class Format:
    """A published form of weights.

    marker: a tensor that only files of this form have
    convert: their tensors -> tensors as the architectures here call and shape them
    eps: the LayerNorm convention the network must be run with, if it has any
    """

    name: str
    marker: str
    convert: Callable[[Tensors], Tensors]
    eps: str | None = None


def recognise(tensors: Tensors) -> Format | None:
    """The format of these tensors; None if they are named as here."""
    return next((known for known in FORMATS if known.marker in tensors), None)


def from_nvlabs(tensors: Tensors) -> Tensors:
    """SegFormer by its authors: our names, and a classifier that their network never uses."""
    return _without(tensors, "decode_head.conv_seg.")


def from_huggingface(tensors: Tensors) -> Tensors:
    """SegFormer on the Hugging Face hub: keys and values of the attention are separate there."""
    tensors = _rename(tensors, HUGGINGFACE)
    converted: Tensors = {}
    for name, tensor in tensors.items():
        if ".attn.key." in name:
            value = tensors.get(name.replace(".key.", ".value."), tensor[:0])
            converted[name.replace(".key.", ".kv.")] = torch.cat((tensor, value))
        elif ".attn.value." not in name:
            converted[name] = tensor
    return converted


def from_vainf(tensors: Tensors) -> Tensors:
    """VainF/DeepLabV3Plus-Pytorch, plain or separable."""
    return _rename(tensors, VAINF)


def from_openmmlab(tensors: Tensors) -> Tensors:
    """DeepLabV3+ of mmsegmentation, without the auxiliary head that only training uses."""
    return _rename(_without(tensors, "auxiliary_head."), OPENMMLAB)


def _without(tensors: Tensors, prefix: str) -> Tensors:
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(prefix)}


def _rename(tensors: Tensors, rules: Rules) -> Tensors:
    renamed = {}
    for name, tensor in tensors.items():
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        renamed[name] = tensor
    return renamed


def _from_one(prefix: str) -> Callable[[re.Match[str]], str]:
    """`prefix` and the matched index, counted from 1 instead of 0."""
    return lambda match: f"{prefix}{int(match[1]) + 1}"


def _mobilenet_block(match: re.Match[str]) -> str:
    """A block of OpenMMLab's MobileNetV2: layer, then block in it -> one count of all blocks."""
    layer, block = int(match[1]), int(match[2])
    earlier = (1, 2, 3, 4, 3, 3, 1)[: layer - 1]
    return f"backbone.features.{1 + sum(earlier) + block}.conv."


HUGGINGFACE: Rules = (
    (r"^segformer\.encoder\.patch_embeddings\.(\d)", _from_one("backbone.patch_embed")),
    (r"^segformer\.encoder\.block\.(\d)", _from_one("backbone.block")),
    (r"^segformer\.encoder\.layer_norm\.(\d)", _from_one("backbone.norm")),
    (r"layer_norm_(\d)\.", r"norm\1."),
    (r"layer_norm\.", "norm."),
    (r"attention\.self\.query\.", "attn.q."),
    (r"attention\.self\.", "attn."),
    (r"attention\.output\.dense\.", "attn.proj."),
    (r"mlp\.dense(\d)\.", r"mlp.fc\1."),
    (r"^decode_head\.linear_c\.(\d)", _from_one("decode_head.linear_c")),
    (r"^decode_head\.linear_fuse\.", "decode_head.linear_fuse.conv."),
    (r"^decode_head\.batch_norm\.", "decode_head.linear_fuse.bn."),
    (r"^decode_head\.classifier\.", "decode_head.linear_pred."),
)

VAINF: Rules = (
    (r"^backbone\.conv1\.", "backbone.stem.0."),
    (r"^backbone\.bn1\.", "backbone.stem.1."),
    (r"^backbone\.(low|high)_level_features\.", "backbone.features."),
    (r"\.body\.", "."),
    (r"^classifier\.project\.", "low_level."),
    (r"^classifier\.aspp\.convs\.4\.", "aspp.pool."),
    (r"^classifier\.aspp\.convs\.", "aspp.branches."),
    (r"^classifier\.aspp\.", "aspp."),
    (r"^classifier\.classifier\.3\.", "classifier."),
    (r"^classifier\.classifier\.", "refine.0."),
)

OPENMMLAB: Rules = (
    # MobileNetV2: a convolution and its BatchNorm are a pair, but for a block's last two.
    (r"^backbone\.conv1\.", "backbone.features.0."),
    (r"^backbone\.layer(\d)\.(\d)\.conv\.", _mobilenet_block),
    (r"(features\.1\.conv)\.1\.conv\.", r"\1.1."),
    (r"(features\.1\.conv)\.1\.bn\.", r"\1.2."),
    (r"(features\.\d+\.conv)\.2\.conv\.", r"\1.2."),
    (r"(features\.\d+\.conv)\.2\.bn\.", r"\1.3."),
    (r"^decode_head\.image_pool\.1\.conv\.", "aspp.pool.1."),
    (r"^decode_head\.image_pool\.1\.bn\.", "aspp.pool.2."),
    (r"^decode_head\.aspp_modules\.", "aspp.branches."),
    (r"^decode_head\.bottleneck\.", "aspp.project."),
    (r"^decode_head\.c1_bottleneck\.", "low_level."),
    (r"^decode_head\.sep_bottleneck\.", "refine."),
    (r"^decode_head\.conv_seg\.", "classifier."),
    (r"\.depthwise_conv\.conv\.", ".0."),
    (r"\.depthwise_conv\.bn\.", ".1."),
    (r"\.pointwise_conv\.conv\.", ".3."),
    (r"\.pointwise_conv\.bn\.", ".4."),
    (r"^(aspp|low_level|backbone\.features)(\..*|)\.conv\.(?=\w+$)", r"\1\2.0."),
    (r"^(aspp|low_level|backbone\.features)(\..*|)\.bn\.(?=\w+$)", r"\1\2.1."),
)

FORMATS = (
    Format("nvlabs", "decode_head.linear_fuse.conv.weight", from_nvlabs, eps="nvlabs"),
    Format(
        "huggingface",
        "segformer.encoder.patch_embeddings.0.proj.weight",
        from_huggingface,
        eps="huggingface",
    ),
    Format("vainf", "classifier.aspp.convs.0.0.weight", from_vainf),
    Format("openmmlab", "decode_head.aspp_modules.0.conv.weight", from_openmmlab),
)
