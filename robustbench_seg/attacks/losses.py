"""The losses per pixel that attacks maximise.

Every function takes the logits, float KxHxW, and the labels, int64 HxW of class indices, and
returns the loss of each pixel, float HxW. The caller handles pixels without a label (see
NetworkObjective). Below, z are the logits of a pixel, p is their softmax, y the label, l the
cross-entropy -ln p_y, and c is 1 if the network is right (argmax z = y) and 0 otherwise.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from robustbench_seg.records.values.attacks import LossName


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Compute l (FGSM, arXiv 1412.6572; PGD, arXiv 1706.06083)."""
    return F.cross_entropy(logits[None], labels[None], reduction="none")[0]


def segpgd(logits: Tensor, labels: Tensor, weight: float) -> Tensor:
    """Compute (1 - weight) l for correct pixels and weight l for wrong ones (arXiv 2207.12391).

    Args:
        logits: See the module.
        labels: See the module.
        weight: Weight of wrong pixels, in 0..0.5. It is t / 2T in step t = 0, ..., T - 1.
    """
    loss = cross_entropy(logits, labels)
    return torch.where(_right(logits, labels), (1 - weight) * loss, weight * loss)


def cospgd(logits: Tensor, labels: Tensor) -> Tensor:
    """Compute w l, where w is the cosine of p and the one-hot label (arXiv 2302.02213).

    w = p_y / |p|. It has no gradient.
    """
    return cosine_weight(logits, labels) * cross_entropy(logits, labels)


def cosine_weight(logits: Tensor, labels: Tensor) -> Tensor:
    """Compute the weight w of cospgd, without gradient."""
    p = logits.detach().softmax(0)
    length: Tensor = torch.linalg.vector_norm(p, dim=0)
    return _of_label(p, labels) / length


def masked_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Compute c l (MCE of SEA, arXiv 2306.12941)."""
    return torch.where(_right(logits, labels), cross_entropy(logits, labels), 0)


def balanced_masked_cross_entropy(logits: Tensor, labels: Tensor, class_weights: Tensor) -> Tensor:
    """Compute c l times the weight of the class y (MCE-Bal of SEA, arXiv 2306.12941).

    Args:
        logits: See the module.
        labels: See the module.
        class_weights: Float (K,), proportional to 1 / pixels of the class in the training labels.
    """
    return class_weights[labels] * masked_cross_entropy(logits, labels)


def jensen_shannon(logits: Tensor, labels: Tensor) -> Tensor:
    """Compute the Jensen-Shannon divergence of p and the one-hot label (SEA, arXiv 2306.12941).

    With a one-hot label it depends on p_y alone: ln 2 - (1 + p_y) ln(1 + p_y) / 2 + p_y ln p_y / 2.
    """
    log_p = -cross_entropy(logits, labels)
    p = log_p.exp()
    return math.log(2) - (1 + p) * p.log1p() / 2 + p * log_p / 2


def tsallis(logits: Tensor, labels: Tensor, q: float) -> Tensor:
    """Compute (1 - p_y^(1 - q)) / (1 - q), the Tsallis cross-entropy (arXiv 2605.03405).

    Args:
        logits: See the module.
        labels: See the module.
        q: The index. With 1 the loss is l, with 0 it is 1 - p_y.
    """
    loss = cross_entropy(logits, labels)
    return loss if q == 1 else -torch.expm1((q - 1) * loss) / (1 - q)


def logit_cosine(logits: Tensor, labels: Tensor) -> Tensor:
    """Compute 1 - the cosine of z and the one-hot label, 1 - z_y / |z| (arXiv 2407.09150)."""
    length: Tensor = torch.linalg.vector_norm(logits, dim=0)
    length = length.clamp(min=torch.finfo(logits.dtype).tiny)
    return 1 - _of_label(logits, labels) / length


def _right(logits: Tensor, labels: Tensor) -> Tensor:
    return logits.argmax(0) == labels


def _of_label(values: Tensor, labels: Tensor) -> Tensor:
    return values.gather(0, labels[None])[0]


@dataclass(frozen=True, eq=False)
class Moment:
    """Further values on which a loss may depend, besides logits and labels.

    Attributes:
        progress: Steps taken, divided by all steps of the run; 0..1.
        class_weights: Float (K,), see balanced_masked_cross_entropy. None: not given.
    """

    progress: float
    class_weights: Tensor | None = None


Loss = Callable[[Tensor, Tensor, Moment], Tensor]
"""(logits KxHxW, labels HxW, moment) -> loss of each pixel, HxW."""

TSALLIS_START, TSALLIS_END = -2.0, 1.0
"""The index q at the first step and after the last one; it is linear in between."""


def _balanced(logits: Tensor, labels: Tensor, moment: Moment) -> Tensor:
    assert moment.class_weights is not None, "ATTACKS says that this loss needs frequencies"
    return balanced_masked_cross_entropy(logits, labels, moment.class_weights)


def _tsallis_index(progress: float) -> float:
    return TSALLIS_START + (TSALLIS_END - TSALLIS_START) * progress


LOSSES: Mapping[LossName, Loss] = {
    "cross_entropy": lambda z, y, at: cross_entropy(z, y),
    "segpgd": lambda z, y, at: segpgd(z, y, at.progress / 2),
    "cospgd": lambda z, y, at: cospgd(z, y),
    "mce": lambda z, y, at: masked_cross_entropy(z, y),
    "mce_bal": _balanced,
    "js": lambda z, y, at: jensen_shannon(z, y),
    "tsallis": lambda z, y, at: tsallis(z, y, _tsallis_index(at.progress)),
    "cosine": lambda z, y, at: logit_cosine(z, y),
}
"""Maps the name of a loss to the loss, with the schedule of its authors."""
