"""The facts that decide the numbers of a training, for its checkpoint."""

from collections.abc import Mapping
from dataclasses import asdict

from robustbench_seg.datasets import LabelledSamples
from robustbench_seg.records.specs.training_spec import TrainingSpec
from robustbench_seg.training.initial_network import InitialNetwork


def training_identity(
    spec: TrainingSpec, initial: InitialNetwork, images: LabelledSamples
) -> Mapping[str, object]:
    """List everything that decides the results of a training.

    Two trainings with equal facts take the same steps, regardless of device, number of workers and
    folder.

    Args:
        spec: The recipe, the precision and the split are used.
        initial: The network, and its card with the image preparation.
        images: The split to train on.

    Returns:
        Maps names of facts to plain values, in the order in which errors name them.
    """
    card, fingerprint = initial.card, dict(images.fingerprint)
    return {
        "architecture": card.architecture,
        "variant": card.variant,
        "classes": list(images.classes),
        "encoder": initial.encoder_sha256,
        "split": spec.split,
        "dataset": images.name,
        "images": len(images),
        "precision": spec.precision,
        "files": fingerprint,
        "preprocessing": asdict(card.preprocessing),
        "scaled": asdict(card.resize) if card.resize else None,
        **asdict(spec.recipe),
    }
