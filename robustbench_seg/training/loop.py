"""The training loop: batches in, a trained network and a log out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from robustbench_seg.confusion import mean_iou
from robustbench_seg.datasets import IGNORE, Dataset
from robustbench_seg.errors import ModelError
from robustbench_seg.model_cards import Preprocessing
from robustbench_seg.training.batches import Batches, Normaliser, stream
from robustbench_seg.training.log import Clock, Log
from robustbench_seg.training.optimizer import make_optimizer, set_learning_rate
from robustbench_seg.training.recipe import Recipe
from robustbench_seg.training.schedule import learning_rate_factor, progress
from robustbench_seg.training.validation import validate

_LOG_EVERY = 20
_BAR = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"


@dataclass(frozen=True)
class Outcome:
    """What a training came to.

    iterations: optimiser steps taken
    seconds:    training time, without validation
    views:      augmented images seen
    miou:       at the end, on the whole images of the validation split, in percent
    """

    iterations: int
    seconds: float
    views: int
    miou: float


def segmentation_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of `logits` (float NxKxhxw) against `labels` (uint8 NxHxW, 255 = ignored).

    The logits are upsampled bilinearly (align_corners=False) to the labels' size. The sum is
    divided by the number of all pixels, ignored ones included, as in the original recipe.
    """
    logits = F.interpolate(logits.float(), labels.shape[1:], mode="bilinear", align_corners=False)
    total = F.cross_entropy(logits, labels.long(), ignore_index=IGNORE, reduction="sum")
    return total / labels.numel()


def fit(
    network: nn.Module,
    dataset: Dataset,
    validation: Dataset,
    recipe: Recipe,
    preprocessing: Preprocessing,
    *,
    log: Path,
    validate_every: int | None = None,
    device: str = "cpu",
    precision: str = "float32",
    workers: int = 2,
) -> Outcome:
    """Train `network` in place by `recipe`; leave it in eval mode on the CPU.

    log:            CSV written while training: iteration, seconds of training, learning rate of
                    the backbone, loss (mean over the steps since the last row), and the mIoU in
                    percent on `validation`
    validate_every: steps between validations; None = only at the end
    device:         as torch names it; with a GPU the batches are pinned
    precision:      "float32", or "bf16" for autocast; the loss is always float32
    workers:        processes that prepare batches ahead; they change no number

    Raises ModelError when the loss is no longer a number.
    """
    normalise = Normaliser(preprocessing, device)
    network.to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    optimizer = make_optimizer(network, recipe)
    batches = stream(Batches(dataset, recipe, preprocessing), workers)
    iteration, done, miou = 0, 0.0, float("nan")
    losses: list[Tensor] = []
    clock, rows = Clock(), Log(log)
    with tqdm(total=1.0, bar_format=_BAR, desc="train") as bar:
        while done < 1:
            images, labels = next(batches)
            lr = recipe.lr * set_learning_rate(
                optimizer, learning_rate_factor(recipe, iteration, done)
            )
            with torch.autocast(torch.device(device).type, torch.bfloat16, precision == "bf16"):
                logits = _forward(network, normalise(images))
            loss = segmentation_loss(logits, labels.to(device, non_blocking=True))
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.detach())  # read later: reading waits for the GPU

            iteration += 1
            before, done = done, progress(recipe, iteration, clock.seconds)
            bar.update(done - before)
            if iteration % _LOG_EVERY == 0 or done == 1:
                value = _mean(losses, iteration)
                losses.clear()
                rows.add(iteration, clock.seconds, lr, loss=value)
                bar.set_postfix(iteration=iteration, loss=f"{value:.3f}")
            if done == 1 or (validate_every and iteration % validate_every == 0):
                with clock.paused():
                    miou = mean_iou(validate(network, validation, normalise))
                rows.add(iteration, clock.seconds, lr, miou=miou)
                bar.write(f"iteration {iteration}: mIoU {miou:.2f} %")
    seconds = clock.seconds
    network.eval().cpu()
    return Outcome(iteration, seconds, iteration * recipe.batch, miou)


def _mean(losses: list[Tensor], iteration: int) -> float:
    value = float(torch.stack(losses).mean())
    if not np.isfinite(value):
        raise ModelError(
            f"the loss is {value} at iteration {iteration}: lower --lr or lengthen --warmup"
        )
    return value


def _forward(network: nn.Module, images: Tensor) -> Tensor:
    try:
        logits: Tensor = network(images)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        # DeepLab's image pooling leaves one value per image and channel to normalise.
        raise ModelError("a batch of 1 cannot be normalised here: use --batch 2 or more") from None
    return logits
