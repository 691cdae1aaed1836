"""The formats of other projects: recognising them, and converting their tensors.

A file is recognised by a tensor that only files of its format have. To add a format, add a
conversion and a line of FORMATS.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from robustbench_seg.weights.formats import deeplabv3plus, segformer
from robustbench_seg.weights.formats.renaming import Tensors


@dataclass(frozen=True)
class Format:
    """A format in which other projects publish weights.

    Attributes:
        name: Name of the format.
        marker: Regular expression for the whole name of a tensor that only files of this
            format have.
        convert: Function from their tensors to tensors named and shaped as in this package. Names
            of a single encoder also begin with "backbone.".
        eps: The LayerNorm convention that the network needs. None: it has no LayerNorm.
    """

    name: str
    marker: str
    convert: Callable[[Tensors], Tensors]
    eps: str | None = None


TRAINING_ONLY = ("auxiliary_head.", "ema_")
"""Prefixes of tensors that only training uses: OpenMMLab's auxiliary head and its moving
averages.
"""


CLASSIFIERS = ("decode_head.linear_pred", "classifier")
"""Names of the last layer in the architectures of this package."""


def recognise(names: Iterable[str]) -> Format | None:
    """Recognise the format of tensors by their names.

    Args:
        names: Names of the tensors.

    Returns:
        The format, or None if no format matches, as for names of this package.
    """
    names = list(names)
    return next(
        (each for each in FORMATS if any(re.fullmatch(each.marker, name) for name in names)), None
    )


def classes_of(tensors: Tensors) -> int | None:
    """Count the classes of the classifier among tensors.

    Args:
        tensors: Tensors, named as in this package.

    Returns:
        Number of classes, or None if there is no classifier.
    """
    names = (f"{layer}.weight" for layer in CLASSIFIERS)
    return next((len(tensors[name]) for name in names if name in tensors), None)


FORMATS = (
    # Before the format of NVlabs, which has the same encoder.
    Format("smp", r"decoder\.mlp_stage\.0\.linear\.weight", segformer.from_smp, eps="nvlabs"),
    Format(
        "nvlabs",
        r"decode_head\.linear_c1\.proj\.weight|patch_embed1\.proj\.weight",
        segformer.from_nvlabs,
        eps="nvlabs",
    ),
    Format(
        "huggingface",
        r"(segformer\.)?(encoder\.patch_embeddings\.0|stages\.0\.patch_embeddings)\.proj\.weight",
        segformer.from_huggingface,
        eps="huggingface",
    ),
    Format(
        "openmmlab",
        r"(backbone\.)?layers\.0\.0\.projection\.weight",
        segformer.from_openmmlab,
        eps="openmmlab",
    ),
    Format("vainf", r"classifier\.aspp\.convs\.0\.0\.weight", deeplabv3plus.from_vainf),
    Format(
        "openmmlab", r"decode_head\.aspp_modules\.0\.conv\.weight", deeplabv3plus.from_openmmlab
    ),
    Format("tf", r"xception_\d\d/entry_flow/conv1_1/weights", deeplabv3plus.from_tf),
    Format(
        "imagenet", r"layer1\.0\.conv1\.weight|features\.0\.0\.weight", deeplabv3plus.from_imagenet
    ),
)
