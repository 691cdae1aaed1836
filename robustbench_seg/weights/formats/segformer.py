"""Converts SegFormer weights of other projects to the names and shapes of this package.

Encoders trained on ImageNet have the same names, with or without a prefix, and a classifier, which
is left out.
"""

import torch
from torch import Tensor

from robustbench_seg.weights.formats.renaming import Rules, Tensors, rename, renumber, without


def from_nvlabs(tensors: Tensors) -> Tensors:
    """Convert a file of SegFormer's authors.

    It has the names of this package, and a classifier that the authors' network never uses.

    Args:
        tensors: Tensors, by their names in the file.

    Returns:
        Tensors, named and shaped as in this package.
    """
    tensors = without(tensors, "decode_head.conv_seg.", "head.")
    return rename(tensors, ((r"^(?=(?:patch_embed|block|norm)\d\.)", "backbone."),))


def from_huggingface(tensors: Tensors) -> Tensors:
    """Convert a file of the Hugging Face hub, where the attention's keys and values are separate.

    Args:
        tensors: Tensors, by their names in the file.

    Returns:
        Tensors, named and shaped as in this package.
    """
    tensors = rename(without(tensors, "classifier."), HUGGINGFACE)
    converted = dict[str, Tensor]()
    for name, tensor in tensors.items():
        if ".attn.key." in name:
            value = tensors.get(name.replace(".key.", ".value."), tensor[:0])
            converted[name.replace(".key.", ".kv.")] = torch.cat((tensor, value))
        elif ".attn.value." not in name:
            converted[name] = tensor
    return converted


def from_smp(tensors: Tensors) -> Tensors:
    """Convert a file of segmentation_models.pytorch.

    The encoder has the tensor names of the authors' code. The decoder numbers the stages from the
    coarsest one.

    Args:
        tensors: Tensors, by their names in the file.

    Returns:
        Tensors, named and shaped as in this package.
    """
    return rename(without(tensors, "classification_head."), SMP)


def from_openmmlab(tensors: Tensors) -> Tensors:
    """Convert a file of mmsegmentation.

    Its query, key and value are one matrix, and its linear layers are convolutions.

    Args:
        tensors: Tensors, by their names in the file.

    Returns:
        Tensors, named and shaped as in this package.
    """
    converted = dict[str, Tensor]()
    for name, tensor in rename(without(tensors, "head."), OPENMMLAB).items():
        if ".attn.in_proj_" in name:
            channels = len(tensor) // 3
            converted[name.replace(".in_proj_", ".q.")] = tensor[:channels]
            converted[name.replace(".in_proj_", ".kv.")] = tensor[channels:]
        elif ".mlp.fc" in name:
            converted[name] = tensor.flatten(1) if tensor.ndim == 4 else tensor
        else:
            converted[name] = tensor
    return converted


# The names on the hub, which transformers 5 also writes, and its names in memory.
HUGGINGFACE: Rules = (
    (r"^segformer\.", ""),
    (r"^encoder\.patch_embeddings\.(\d)", renumber("backbone.patch_embed{}", +1)),
    (r"^encoder\.block\.(\d)", renumber("backbone.block{}", +1)),
    (r"^encoder\.layer_norm\.(\d)", renumber("backbone.norm{}", +1)),
    (r"^stages\.(\d)\.patch_embeddings", renumber("backbone.patch_embed{}", +1)),
    (r"^stages\.(\d)\.blocks", renumber("backbone.block{}", +1)),
    (r"^stages\.(\d)\.layer_norm", renumber("backbone.norm{}", +1)),
    (r"layernorm_before\.", "norm1."),
    (r"layernorm_after\.", "norm2."),
    (r"layer_norm_(\d)\.", r"norm\1."),
    (r"layer_norm\.", "norm."),
    (r"attention\.(self\.query|q_proj)\.", "attn.q."),
    (r"attention\.(self\.key|k_proj)\.", "attn.key."),
    (r"attention\.(self\.value|v_proj)\.", "attn.value."),
    (r"attention\.(output\.dense|o_proj)\.", "attn.proj."),
    (r"attention\.sequence_reduction\.sequence_reduction\.", "attn.sr."),
    (r"attention\.(self|sequence_reduction)\.", "attn."),
    (r"mlp\.dense(\d)\.", r"mlp.fc\1."),
    (r"^decode_head\.linear_(?:c|projections)\.(\d)", renumber("decode_head.linear_c{}", +1)),
    (r"^decode_head\.linear_fuse\.", "decode_head.linear_fuse.conv."),
    (r"^decode_head\.batch_norm\.", "decode_head.linear_fuse.bn."),
    (r"^decode_head\.classifier\.", "decode_head.linear_pred."),
)

SMP: Rules = (
    (r"^encoder\.", "backbone."),
    (r"^decoder\.mlp_stage\.0\.linear\.", "decode_head.linear_c4.proj."),
    (r"^decoder\.mlp_stage\.1\.linear\.", "decode_head.linear_c3.proj."),
    (r"^decoder\.mlp_stage\.2\.linear\.", "decode_head.linear_c2.proj."),
    (r"^decoder\.mlp_stage\.3\.linear\.", "decode_head.linear_c1.proj."),
    (r"^decoder\.fuse_stage\.0\.", "decode_head.linear_fuse.conv."),
    (r"^decoder\.fuse_stage\.1\.", "decode_head.linear_fuse.bn."),
    (r"^segmentation_head\.0\.", "decode_head.linear_pred."),
)

OPENMMLAB: Rules = (
    (r"^backbone\.", ""),
    (r"^layers\.(\d)\.0\.projection", renumber("backbone.patch_embed{}.proj", +1)),
    (r"^layers\.(\d)\.0\.norm", renumber("backbone.patch_embed{}.norm", +1)),
    (r"^layers\.(\d)\.1", renumber("backbone.block{}", +1)),
    (r"^layers\.(\d)\.2", renumber("backbone.norm{}", +1)),
    (r"\.attn\.attn\.out_proj\.", ".attn.proj."),
    (r"\.attn\.attn\.", ".attn."),
    (r"\.ffn\.layers\.0\.", ".mlp.fc1."),
    (r"\.ffn\.layers\.1\.", ".mlp.dwconv.dwconv."),
    (r"\.ffn\.layers\.4\.", ".mlp.fc2."),
    (r"^decode_head\.convs\.(\d)\.conv", renumber("decode_head.conv_c{}.0", +1)),
    (r"^decode_head\.convs\.(\d)\.bn", renumber("decode_head.conv_c{}.1", +1)),
    (r"^decode_head\.fusion_conv\.", "decode_head.fusion."),
    (r"^decode_head\.conv_seg\.", "decode_head.linear_pred."),
)
