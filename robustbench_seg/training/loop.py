"""The training loop: batches in, a trained network and a log out."""

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from robustbench_seg.architectures import SegmentationNetwork
from robustbench_seg.datasets import Dataset
from robustbench_seg.errors import ModelError
from robustbench_seg.files import check_own, remove_partials
from robustbench_seg.machine.processes import joined
from robustbench_seg.measures.iou import mean_iou
from robustbench_seg.records.model_card import ModelCard
from robustbench_seg.records.training_recipe import TrainingRecipe
from robustbench_seg.training.batches import Batches, BatchNormaliser, stream
from robustbench_seg.training.checkpoint import CHECKPOINT, Checkpoint
from robustbench_seg.training.learner import Learner
from robustbench_seg.training.log import Clock, Log
from robustbench_seg.training.schedule import progress
from robustbench_seg.training.validation import validate

_LOG_EVERY = 20
_BAR = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"


@dataclass(frozen=True)
class TrainingOutcome:
    """What a training came to.

    Attributes:
        iterations: Optimiser steps taken.
        resumed: How many of them earlier starts took.
        seconds: Training time of the first process, without validation.
        views: Augmented images seen.
        miou: mIoU at the end on the validation split, in percent. NaN in all processes but the
            first.
    """

    iterations: int
    resumed: int
    seconds: float
    views: int
    miou: float


def fit(
    network: SegmentationNetwork,
    dataset: Dataset,
    validation: Dataset,
    recipe: TrainingRecipe,
    card: ModelCard,
    *,
    out: Path,
    facts: Mapping[str, object] | None = None,
    validate_every: int | None = None,
    checkpoint_every: int | None = None,
    device: str = "cpu",
    precision: str = "float32",
    workers: int = 2,
) -> TrainingOutcome:
    """Train a network in place; it ends in eval mode on the CPU.

    The folder holds log.csv, log.png and checkpoint.pt. A row of the log has the iteration, the
    seconds of training, the learning rate of the backbone, the mean loss since the last row, and
    the mIoU in percent on `validation`. Where there is a checkpoint, the training goes on from it
    as if it had never been interrupted. Processes started by torchrun share each batch; the first
    alone validates and writes.

    Args:
        network: The network.
        dataset: What it is trained on.
        validation: What its mIoU is of.
        recipe: The hyper-parameters.
        card: How images are normalised and resized, and in validation whole or in windows.
        out: Folder of the log and the checkpoint.
        facts: What decides the initial weights, by name; a checkpoint with others is refused.
        validate_every: Steps between validations. None means only at the end.
        checkpoint_every: Steps between checkpoints. None means by time.
        device: A torch device; for a GPU the batches are pinned.
        precision: "float32", or "bf16" or "fp16" for autocast; the loss is always float32.
        workers: Processes that prepare batches ahead; they change no number.

    Raises:
        ModelError: The loss is no longer a number, the batch cannot be shared evenly, or the
            checkpoint is unreadable or another training's.
    """
    facts = {
        **(facts or {}),
        "dataset": dataset.name,
        "images": len(dataset),
        "precision": precision,
        "classes": list(dataset.classes),
        "files": dict(dataset.fingerprint),
        "preprocessing": asdict(card.preprocessing),
        "scaled": asdict(card.resize) if card.resize else None,
        **asdict(recipe),
    }
    checkpoint = Checkpoint(out / CHECKPOINT, facts, checkpoint_every)
    normalise = BatchNormaliser(card.preprocessing, device)
    with joined(device) as processes:
        views = Batches(dataset, recipe, card, processes.slots(recipe.batch))
        learner = Learner(network, recipe, device, precision, processes)
        if processes.first:
            remove_partials(out)
            if not (out / CHECKPOINT).exists():
                check_own(out / "log.csv", ",".join(Log.COLUMNS), out / "log.png")
        at = checkpoint.restore(learner)
        processes.check_same(at.iteration, f"the iteration of {out / CHECKPOINT}")
        log = Log(out, at.log) if processes.first else None
        clock, resumed = Clock(at.seconds), at.iteration
        batches = stream(views, workers, resumed, torch.device(device).type == "cuda")
        done = progress(recipe, resumed, at.seconds)
        with tqdm(total=1.0, initial=done, bar_format=_BAR, desc="train", disable=not log) as bar:
            if 0 < done < 1:
                bar.write(f"goes on from iteration {resumed}", sys.stderr)
            while done < 1:
                images, labels = next(batches)
                lr, loss = learner.step(normalise(images), labels, at.iteration, done)
                at.losses.append(loss)  # read later: reading waits for the GPU
                at.iteration += 1
                before, done = done, progress(recipe, at.iteration, clock.seconds)
                if recipe.minutes:  # each process has its own clock
                    done = processes.agreed(done, device)
                bar.update(done - before)
                loss_due = done == 1 or _divides(_LOG_EVERY, at.iteration)
                miou_due = done == 1 or _divides(validate_every, at.iteration)
                if loss_due:
                    mean = _mean(at.losses, at.iteration, precision)
                    at.losses.clear()
                    bar.set_postfix(iteration=at.iteration, loss=f"{mean:.3f}")
                if not log:
                    continue
                if loss_due:
                    log.add(at.iteration, clock.seconds, lr, loss=mean)
                if miou_due:
                    with clock.paused():
                        at.miou = mean_iou(validate(learner.result, validation, card, device))
                        log.add(at.iteration, clock.seconds, lr, miou=at.miou)
                        log.draw()
                    bar.write(f"iteration {at.iteration}: mIoU {at.miou:.2f} %", sys.stderr)
                at.seconds, at.log = clock.seconds, log.rows
                if checkpoint.due(at.iteration, miou_due):
                    checkpoint.write(at, learner)
    learner.finish()
    return TrainingOutcome(at.iteration, resumed, at.seconds, at.iteration * recipe.batch, at.miou)


def _mean(losses: list[Tensor], iteration: int, precision: str) -> float:
    value = float(torch.stack([loss.cpu() for loss in losses]).mean())
    if not np.isfinite(value):
        # In fp16 activations overflow; each step is drawn by its number, so it would do so again.
        way = "use precision bf16" if precision == "fp16" else "lower lr or lengthen the warm-up"
        raise ModelError(f"the loss is {value} at iteration {iteration}: {way}")
    return value


def _divides(every: int | None, iteration: int) -> bool:
    return every is not None and iteration % every == 0
