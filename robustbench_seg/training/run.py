"""A whole training: from a model card and a dataset to weights with a card of their own."""

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from robustbench_seg.datasets import Dataset, open_dataset
from robustbench_seg.errors import DatasetError, ModelError
from robustbench_seg.machine.hardware import check_device, hardware
from robustbench_seg.machine.processes import own_device, torchrun_processes
from robustbench_seg.machine.threads import torch_threads
from robustbench_seg.records.choices import Precision
from robustbench_seg.records.model_card import ModelCard, load_card
from robustbench_seg.records.training_recipe import TrainingRecipe
from robustbench_seg.records.training_spec import TrainingSpec
from robustbench_seg.training.finished import describe, find_finished
from robustbench_seg.training.loop import fit
from robustbench_seg.training.product import TrainedModel, save
from robustbench_seg.training.start import initial

log = logging.getLogger(__name__)


def train(
    model: str | Path | ModelCard,
    *,
    out: str | Path,
    dataset: str | Dataset | None = None,
    data: str | Path | None = None,
    split: str = "train",
    validate_on: str | Dataset = "val",
    name: str | None = None,
    encoder: str | None = None,
    recipe: TrainingRecipe | None = None,
    device: str = "cpu",
    precision: Precision = "float32",
    threads: int | None = None,
    workers: int = 2,
    half: bool = False,
    validate_every: int | None = None,
    checkpoint_every: int | None = None,
    **recipe_fields: Any,
) -> TrainedModel:
    """Train a network; the default recipe is SegFormer's on Cityscapes.

    The folder then holds the weights, a model card for them, log.csv, log.png and checkpoint.pt. A
    training that was interrupted goes on from its checkpoint; a finished one is not done again.
    Processes that torchrun started share each batch, and the first one writes.

    Args:
        model: The network: name or TOML file of a card, or a card. Its weights are not used.
        out: Folder of the result.
        dataset: Name or TOML file of the dataset to train on, or an open split of one; then
            `validate_on` must be open too. None means the card's dataset.
        data: Root folder of the dataset.
        split: Split to train on.
        validate_on: Split that the mIoU is of.
        name: Name of the result; an augmentation for robustness is appended. None means
            MODEL-DATASET.
        encoder: Weights that the encoder starts from: a file, hf:<hub id> or URL. None means
            random values.
        recipe: The hyper-parameters.
        device: A torch device. "cuda" is the GPU that torchrun gave the process, or the first.
        precision: "float32", or "bf16" or "fp16" for autocast.
        threads: CPU threads of the network while it trains. None leaves them as they are.
        workers: Processes that prepare batches; they change no number. They are started afresh, so
            a script needs `if __name__ == "__main__"` around this call, unless `workers` is 0.
        half: Whether the weights are stored as float16.
        validate_every: Steps between validations. None means only at the end.
        checkpoint_every: Steps between checkpoints. None means every 3 minutes.
        **recipe_fields: Fields of TrainingRecipe; they replace those of `recipe`.

    Returns:
        The card's path, the steps and the mIoU.

    Raises:
        ModelError: The model, the recipe or the device does not exist; the folder holds another
            training; or the loss is no longer a number.
        CardError, DatasetError, WeightsError: Card, dataset or encoder cannot be read.
        IncompleteError: `half` was asked for and a weight does not fit float16. The training is
            kept, in float32.
    """
    chosen = replace(recipe, **recipe_fields) if recipe else TrainingRecipe(**recipe_fields)
    source = model if isinstance(model, ModelCard) else load_card(model)
    images, validation = _open(dataset or source.dataset, data, split, validate_on)
    spec = TrainingSpec(
        model=source.name if isinstance(model, ModelCard) else str(model),
        out=Path(out),
        dataset=dataset if isinstance(dataset, str | None) else dataset.name,
        data=None if data is None else Path(data),
        split=images.split,
        validate_on=validation.split,
        name=name,
        encoder=encoder,
        recipe=chosen,
        device=device,
        precision=precision,
        threads=threads,
        workers=workers,
        half=half,
        validate_every=validate_every,
        checkpoint_every=checkpoint_every,
    )
    with torch_threads(threads):
        return _train(spec, source, images, validation)


def _train(
    spec: TrainingSpec, source: ModelCard, images: Dataset, validation: Dataset
) -> TrainedModel:
    device, recipe = own_device(spec.device), spec.recipe
    check_device(device)
    card, wanted = describe(spec, source, images)
    if finished := find_finished(spec, card, wanted):
        return finished
    if recipe.warmup >= (recipe.iterations or math.inf):
        log.warning(
            "a warm-up of %d steps does not end within %d: the learning rate never reaches %g; "
            "shorten the warm-up",
            *(recipe.warmup, recipe.iterations, recipe.lr),
        )
    start = initial(card, recipe, spec.encoder)
    with _without_dead_workers():
        outcome = fit(
            start.network,
            images,
            validation,
            recipe,
            card,
            out=spec.out,
            facts={**start.facts, "split": spec.split},
            validate_every=spec.validate_every,
            checkpoint_every=spec.checkpoint_every,
            device=device,
            precision=spec.precision,
            workers=spec.workers,
        )
    summary = (
        f"Clean mIoU {outcome.miou:.2f} % on {images.name} {validation.split} "
        f"({len(validation)} images), after {outcome.views} views of {len(images)} images."
    )
    if torchrun_processes().first:  # the first process writes
        training = replace(
            wanted,
            hardware=hardware(device),
            minutes=round(outcome.seconds / 60, 2),
            iterations=outcome.iterations,
            encoder_sha256=start.encoder_sha256,
            miou=None if math.isnan(outcome.miou) else round(outcome.miou, 2),
        )
        names = images.classes
        save(spec.out, start.network, start.card, names, training, summary, spec.half)
    path = spec.out / f"{card.name}.toml"
    return TrainedModel(path, outcome.iterations, outcome.miou, summary)


def _open(
    dataset: str | Dataset, data: str | Path | None, split: str, validate_on: str | Dataset
) -> tuple[Dataset, Dataset]:
    """The splits to train and to validate on."""
    if isinstance(dataset, str):
        images = open_dataset(dataset, data, split)
        if isinstance(validate_on, str):
            return images, open_dataset(dataset, data, validate_on)
        return images, validate_on
    if isinstance(validate_on, str):
        raise DatasetError(
            f"the dataset '{dataset.name}' is open, so its split '{validate_on}' cannot be found; "
            "give validate_on an open dataset too"
        )
    return dataset, validate_on


@contextmanager
def _without_dead_workers() -> Iterator[None]:
    """ModelError of one line where torch says that a process that prepares batches has died."""
    try:
        yield
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise ModelError(
            "a process that prepares batches died, perhaps for want of memory; what is finished is "
            "kept: start again with fewer workers"
        ) from None
