"""The files of other projects: whose they are, and how their tensors are called here.

A file is recognised by a tensor that only files of its origin have. Adding a format is adding
one conversion and one line of FORMATS.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from robustbench_seg.weights import deeplabv3plus_formats as deeplabv3plus
from robustbench_seg.weights import segformer_formats as segformer
from robustbench_seg.weights.renaming import Tensors, without


@dataclass(frozen=True)
class Format:
    """A published form of weights.

    marker: matches the whole name of a tensor that only files of this form have
    convert: their tensors -> tensors as the architectures here call and shape them; those of an
        encoder alone begin with "backbone." too
    eps: the LayerNorm convention the network must be run with, if it has any
    """

    name: str
    marker: str
    convert: Callable[[Tensors], Tensors]
    eps: str | None = None


WRAPPERS = ("module.", "model.", "_orig_mod.")
"""What DataParallel, Lightning and torch.compile put in front of every name."""

TRAINING_ONLY = ("auxiliary_head.", "ema_")
"""Beginnings of what only training uses: OpenMMLab's second head, and its moving averages."""


def bare(tensors: Tensors) -> Tensors:
    """Of a checkpoint's tensors, which are some, the network's own by its own names."""
    while found := [w for w in WRAPPERS if all(name.startswith(w) for name in tensors)]:
        tensors = {name.removeprefix(found[0]): tensor for name, tensor in tensors.items()}
    return without(tensors, *TRAINING_ONLY)


def recognise(names: Iterable[str]) -> Format | None:
    """The format of tensors of these names; None if they are named as here."""
    names = list(names)
    for known in FORMATS:
        if any(re.fullmatch(known.marker, name) for name in names):
            return known
    return None


def classes_of(tensors: Tensors) -> int | None:
    """How many classes the classifier among these tensors, named as here, tells apart."""
    names = ("decode_head.linear_pred.weight", "classifier.weight")
    return next((len(tensors[name]) for name in names if name in tensors), None)


FORMATS = (
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
