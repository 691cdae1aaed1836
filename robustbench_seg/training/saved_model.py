"""The model that an earlier call of the same training has saved."""

import math
from dataclasses import replace

from robustbench_seg.errors import ModelError
from robustbench_seg.records.cards.model_card import ModelCard, load_card
from robustbench_seg.records.specs.training_spec import TrainingSpec
from robustbench_seg.records.values.training import Training
from robustbench_seg.training.arguments import open_split, with_dataset
from robustbench_seg.training.checkpoint import CHECKPOINT
from robustbench_seg.training.initial_network import encoder_file
from robustbench_seg.training.trained_model import TrainedModel, card_path, planned_model


def find_trained_model(spec: TrainingSpec) -> TrainedModel | None:
    """Find the model that `train` saved with this specification; None if it has not finished.

    The function opens card, dataset and encoder, but computes nothing.

    Raises:
        ModelError: The folder contains the model of another training.
        CardError, DatasetError, WeightsError: As in `train`.
    """
    base_card = load_card(spec.model)
    spec = with_dataset(spec, base_card)
    return find_finished(spec, *planned_model(spec, base_card, open_split(spec, spec.split)))


def find_finished(spec: TrainingSpec, card: ModelCard, training: Training) -> TrainedModel | None:
    """Find the model that this training saved; None if it has not finished.

    With a checkpoint in the folder, the model of another training is not an error here: the
    checkpoint reports the differences, or the training continues from it.

    Args:
        spec: The specification; its folder and encoder are used.
        card: The card of the model to train.
        training: The record of its training before it has results.

    Raises:
        ModelError: The folder contains the model of another training.
    """
    path = card_path(spec.out, card)
    if not path.exists():
        weights = spec.out / card.weights.location
        if weights.exists() and not (spec.out / CHECKPOINT).exists():
            raise ModelError(
                f"{weights} exists without the card and the checkpoint of a training; give "
                "another folder, or move the file"
            )
        return None
    stored = load_card(path)
    if stored.weights_file is None or not stored.weights_file.exists():
        return None
    if spec.encoder is not None:
        training = replace(training, encoder_sha256=encoder_file(card, spec.encoder)[1])
    differences = _differences(stored, card, training)
    if stored.training is not None and not differences:
        steps, miou = stored.training.iterations, stored.training.miou
        summary = f"already finished, after {steps} iterations"
        return TrainedModel(path, steps, math.nan if miou is None else miou, summary)
    if (spec.out / CHECKPOINT).exists():
        return None
    raise ModelError(
        f"{path}: this is the model of another training: {'; '.join(differences)} (there and "
        "here); give another folder, or remove the file to train again"
    )


def _differences(stored: ModelCard, card: ModelCard, training: Training) -> tuple[str, ...]:
    """The differences of a stored model from the model of a training, one text each."""
    if stored.training is None:
        return ("training, which is not recorded",)
    # The number of steps of a training with a time limit is known only at its end.
    training = replace(training, iterations=stored.training.iterations)
    found = stored.training.differences(training)
    if (seed := stored.training.seed) != training.seed:
        found += (f"seed {seed} and {training.seed}",)
    # The weights of an encoder decide the LayerNorm epsilons.
    variants = [{k: v for k, v in c.variant.items() if k != "eps"} for c in (stored, card)]
    pairs = {
        "architecture": (stored.architecture, card.architecture),
        "variant": (variants[0], variants[1]),
        "preprocessing": (stored.preprocessing, card.preprocessing),
        "resize": (stored.resize, card.resize),
    }
    return found + tuple(
        f"{name} {mine} and {theirs}" for name, (mine, theirs) in pairs.items() if mine != theirs
    )
