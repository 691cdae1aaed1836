"""`train`: trains the network of a model card on a dataset, and writes weights with a new card."""

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from robustbench_seg.datasets import LabelledSamples
from robustbench_seg.errors import FileError, ModelError
from robustbench_seg.machine.hardware import check_device, hardware
from robustbench_seg.machine.locks import only_process
from robustbench_seg.machine.threads import torch_threads
from robustbench_seg.machine.torchrun import own_device, torchrun_processes
from robustbench_seg.records.cards.model_card import ModelCard
from robustbench_seg.records.specs.training_spec import TrainingOptions, TrainingSpec
from robustbench_seg.records.values.training import Training
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training.arguments import TrainingInputs, open_inputs
from robustbench_seg.training.initial_network import InitialNetwork, build_initial_network
from robustbench_seg.training.loop import FitResult, fit
from robustbench_seg.training.saved_model import find_finished
from robustbench_seg.training.trained_model import (
    TrainedModel,
    card_path,
    planned_model,
    save_trained_model,
)

log = logging.getLogger(__name__)


def train(
    spec: TrainingSpec | None = None,
    *,
    model: str | Path | ModelCard | None = None,
    dataset: str | Path | LabelledSamples | None = None,
    validate_on: str | LabelledSamples | None = None,
    **options: Unpack[TrainingOptions],
) -> TrainedModel:
    """Train a network; the default recipe is SegFormer's on Cityscapes.

    `train(spec)` and `train(model=..., out=..., ...)` are equivalent. The function writes the
    weights, their model card, log.csv, log.png and checkpoint.pt to the output folder. A second
    call continues an interrupted training from its checkpoint, and returns a finished one. Under
    torchrun, the processes share each batch, and the first one writes. With `workers` above 0,
    a script needs `if __name__ == "__main__"` around this call.

    Args:
        spec: The specification. It excludes all other options.
        model: The network: name or TOML file of a card, or a card. Its weights are not used.
        dataset: Name or TOML file of the dataset to train on, or an open split of one; then
            `validate_on` must also be an open split. None means the card's dataset.
        validate_on: Split on which mIoU is measured. None means val.
        **options: The other fields of TrainingSpec, among them `out`, the folder of the result, and
            `recipe`; and fields of TrainingRecipe, which override those of `recipe`.

    Returns:
        The path of the card, the number of steps and the mIoU in percent.

    Raises:
        OptionError: An option or the device does not exist, or a value of the recipe is out of
            range.
        ModelError: The model does not exist; the folder contains another training; or the loss is
            not finite.
        CardError, DatasetError, WeightsError: Card, dataset or encoder cannot be read.
        IncompleteError: `half` was requested, but a weight does not fit float16. The training is
            kept, in float32.
        FileError: The folder cannot be created, or a file in it cannot be written.

    >>> trained = rs.train(
    ...     model="segformer-b0",
    ...     dataset="cityscapes",
    ...     data="city",
    ...     split="val",
    ...     out="mine",
    ...     iterations=1,
    ...     warmup=0,
    ...     batch=1,
    ...     crop=(32, 32),
    ...     workers=0,
    ... )
    >>> trained.card.as_posix(), trained.iterations
    ('mine/segformer-b0-cityscapes.toml', 1)
    """
    inputs = open_inputs(
        spec, model=model, dataset=dataset, validate_on=validate_on, options=options
    )
    with torch_threads(inputs.spec.threads):
        return _train(inputs)


def _train(inputs: TrainingInputs) -> TrainedModel:
    spec, images, validation = inputs.spec, inputs.images, inputs.validation
    device = own_device(spec.device)
    check_device(device)
    card, training = planned_model(spec, inputs.base_card, images)
    if saved := find_finished(spec, card, training):
        return saved
    _warn_of_long_warmup(spec.recipe)
    initial = build_initial_network(card, spec.recipe, spec.encoder)
    with _alone(spec.out), _without_dead_workers():
        result = fit(replace(spec, device=device), initial, images, validation)
    summary = (
        f"Clean mIoU {result.miou:.2f} % on {images.name} {validation.split} "
        f"({len(validation)} images), after {result.views} training crops of "
        f"{len(images)} images."
    )
    if torchrun_processes().first:  # the first process writes
        training = _with_results(training, initial, result, device)
        save_trained_model(
            spec.out,
            initial.network,
            initial.card,
            images.classes,
            training,
            summary,
            half=spec.half,
        )
    return TrainedModel(card_path(spec.out, card), result.iterations, result.miou, summary)


def _warn_of_long_warmup(recipe: TrainingRecipe) -> None:
    if recipe.warmup >= (recipe.iterations or math.inf):
        log.warning(
            "a warm-up of %d steps does not end within %d steps, so the learning rate never "
            "reaches %g; shorten the warm-up",
            *(recipe.warmup, recipe.iterations, recipe.lr),
        )


def _with_results(
    training: Training, initial: InitialNetwork, result: FitResult, device: str
) -> Training:
    """The record of a training with its results."""
    return replace(
        training,
        hardware=hardware(device),
        minutes=round(result.seconds / 60, 2),
        iterations=result.iterations,
        encoder_sha256=initial.encoder_sha256,
        miou=None if math.isnan(result.miou) else round(result.miou, 2),
    )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other trainings out of a folder: two would overwrite each other's checkpoint."""
    if not torchrun_processes().first:  # the first process writes
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder} cannot be created ({error.strerror})") from error
    with only_process(folder) as alone:
        if not alone:
            raise ModelError(
                f"{folder}: another training is running in this folder; wait until it ends, or "
                "give another folder"
            )
        yield


@contextmanager
def _without_dead_workers() -> Iterator[None]:
    """Convert torch's error about a dead worker process to one line."""
    try:
        yield
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise ModelError(
            "a process that prepares batches died, perhaps because memory ran out; finished work "
            "is kept: run again with fewer workers"
        ) from None
