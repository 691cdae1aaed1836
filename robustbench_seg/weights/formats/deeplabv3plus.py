"""Converts DeepLabV3+ weights of other projects to the names and shapes of this package.

It also converts backbones trained on ImageNet, without their classifier.
"""

import re

from torch import Tensor

from robustbench_seg.weights.formats.renaming import Rules, Tensors, rename, renumber, without


def from_vainf(tensors: Tensors) -> Tensors:
    """Convert a file of VainF/DeepLabV3Plus-Pytorch, plain or separable.

    Args:
        tensors: Tensors, by their names in the file.

    Returns:
        Tensors, named and shaped as in this package.
    """
    return rename(tensors, VAINF)


def from_openmmlab(tensors: Tensors) -> Tensors:
    """Convert a file of mmsegmentation.

    Args:
        tensors: Tensors, by their names in the file.

    Returns:
        Tensors, named and shaped as in this package.
    """
    return rename(tensors, OPENMMLAB)


def from_imagenet(tensors: Tensors) -> Tensors:
    """Convert a ResNet or MobileNetV2 of torchvision or with its names.

    ResNet may have OpenMMLab's deep stem. The classifier is left out, and so is the convolution
    before MobileNetV2's classifier.

    Args:
        tensors: Tensors, by their names in the file.

    Returns:
        Tensors, named and shaped as in this package.
    """
    return rename(without(tensors, "fc.", "classifier.", "features.18."), IMAGENET)


def from_tf(tensors: Tensors) -> Tensors:
    """Convert an Xception or DeepLabV3+ of TensorFlow's DeepLab library.

    An optimiser's state is left out. The file's convolutions are height x width x inputs x
    outputs, and its depthwise ones are height x width x channels x 1.

    Args:
        tensors: Tensors, by their names in the file.

    Returns:
        Tensors, named and shaped as in this package.
    """
    converted = dict[str, Tensor]()
    for name, tensor in tensors.items():
        if not TF_WANTED.search(name):
            continue
        if name.endswith("/depthwise_weights"):
            tensor = tensor.permute(2, 3, 0, 1)
        elif name.endswith("/weights"):
            tensor = tensor.permute(3, 2, 0, 1)
        converted[name] = tensor.contiguous()
    return rename(converted, TF)


def _mobilenet_block(match: re.Match[str]) -> str:
    """Convert OpenMMLab's MobileNetV2 layer and block in the layer to one number of the block."""
    layer, block = int(match[1]), int(match[2])
    earlier = (1, 2, 3, 4, 3, 3, 1)[: layer - 1]
    return f"backbone.features.{1 + sum(earlier) + block}.conv."


def _pair(layer: str, ours: str, conv: int, bn: int) -> Rules:
    """Rules for a convolution and its BatchNorm, which have numbers in this package."""
    return ((layer + r"/conv\.", f"{ours}{conv}."), (layer + r"/bn\.", f"{ours}{bn}."))


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
    # MobileNetV2: a convolution and its BatchNorm are a pair, except for the last two of a block.
    (r"^backbone\.conv1\.(?=conv|bn)", "backbone.features.0."),
    # In a plain ResNet, the stem is one convolution.
    (r"^backbone\.conv1\.", "backbone.stem.0."),
    (r"^backbone\.bn1\.", "backbone.stem.1."),
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

IMAGENET: Rules = (
    (r"^conv1\.", "stem.0."),
    (r"^bn1\.", "stem.1."),
    (r"^(?=(?:stem|layer\d|features)\.)", "backbone."),
)

# Momentum, moving averages of weights and the ImageNet classifier are not part of the network.
TF_WANTED = re.compile(
    r"^(xception_\d\d/(entry|middle|exit)_flow|image_pooling|aspp|concat_projection|decoder|logits/)"
    r".*/(weights|depthwise_weights|biases|gamma|beta|moving_mean|moving_variance)$"
)

TF: Rules = (
    (r"/(depthwise_)?weights$", "/conv.weight"),
    (r"/biases$", "/conv.bias"),
    (r"/BatchNorm/gamma$", "/bn.weight"),
    (r"/BatchNorm/beta$", "/bn.bias"),
    (r"/BatchNorm/moving_mean$", "/bn.running_mean"),
    (r"/BatchNorm/moving_variance$", "/bn.running_var"),
    *_pair(r"^xception_\d\d/entry_flow/conv1_1", "backbone.stem.", 0, 1),
    *_pair(r"^xception_\d\d/entry_flow/conv1_2", "backbone.stem.", 3, 4),
    (r"^xception_\d\d/entry_flow/block(\d)/unit_1/\w+/", renumber("backbone.entry.{}.", -1)),
    (r"^xception_\d\d/middle_flow/block1/unit_(\d+)/\w+/", renumber("backbone.middle.{}.", -1)),
    (r"^xception_\d\d/exit_flow/block(\d)/unit_1/\w+/", renumber("backbone.exit.{}.", -1)),
    *_pair(r"\.shortcut", ".shortcut.", 0, 1),
    (r"\.separable_conv(\d)_", renumber(".convs.{}.", -1)),
    *_pair(r"^(backbone\..*\.)depthwise", r"\g<1>", 1, 2),
    *_pair(r"^(backbone\..*\.)pointwise", r"\g<1>", 4, 5),
    *_pair(r"^image_pooling", "aspp.pool.", 1, 2),
    *_pair(r"^aspp0", "aspp.branches.0.", 0, 1),
    (r"^aspp(\d)_", r"aspp.branches.\1."),
    *_pair(r"^concat_projection", "aspp.project.", 0, 1),
    *_pair(r"^decoder/feature_projection0", "low_level.", 0, 1),
    (r"^decoder/decoder_conv(\d)_", r"refine.\1."),
    *_pair(r"^((?:aspp\.branches|refine)\.\d\.)depthwise", r"\g<1>", 0, 1),
    *_pair(r"^((?:aspp\.branches|refine)\.\d\.)pointwise", r"\g<1>", 3, 4),
    (r"^logits/semantic/conv\.", "classifier."),
)
