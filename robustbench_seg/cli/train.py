"""robustseg train: train a model by the SegFormer recipe."""

from typing import Any

import click

from robustbench_seg.cli import parsers, shared_options
from robustbench_seg.cli.field_option import field_option
from robustbench_seg.records.specs.training_spec import TrainingSpec, training_spec
from robustbench_seg.records.values.training_recipe import DEFAULT_ITERATIONS, TrainingRecipe


@click.command()
@shared_options.model(required=True)
@shared_options.dataset(default=None, help="Dataset to train on.  [default: that of the card]")
@shared_options.data()
@shared_options.split(default=TrainingSpec.split)
@shared_options.validate_on()
@shared_options.validate_every()
@shared_options.checkpoint_every()
@shared_options.out(required=True)
@shared_options.name(help="Name of the result.  [default: MODEL-DATASET]")
@field_option(
    TrainingSpec,
    "encoder",
    metavar="W",
    help="Initial weights of the encoder: file, hf:<hub id> or URL.  [default: random]",
)
@field_option(
    TrainingRecipe,
    "iterations",
    help=f"Optimiser steps.  [default: {DEFAULT_ITERATIONS}; with --minutes no limit]",
)
@field_option(
    TrainingRecipe,
    "minutes",
    help="Train for this many minutes; the learning rate reaches 0 at the end.",
)
@shared_options.batch()
@field_option(
    TrainingRecipe,
    "crop",
    type=str,
    callback=parsers.parse_size,
    metavar="HxW",
    default="{}x{}".format(*TrainingRecipe.crop),
    help="Size of the training crops.",
)
@shared_options.lr()
@shared_options.warmup()
@shared_options.weight_decay()
@shared_options.head_lr_factor()
@shared_options.ema()
@field_option(
    TrainingRecipe,
    "augment",
    help="Augmentation for robustness; part of the name of the model.",
)
@shared_options.drop_path()
@field_option(
    TrainingRecipe,
    "seed",
    help="Seed of initial weights, image order and augmentation.",
)
@shared_options.device()
@shared_options.precision()
@shared_options.threads()
@shared_options.workers()
@shared_options.half()
def train(**chosen: Any) -> None:
    """Train a model; the defaults are the SegFormer recipe on Cityscapes.

    Writes the weights, their model card (for evaluate --model), log.csv, log.png and checkpoint.pt
    to --out. If you start the command again, it continues from the checkpoint. Training ends after
    --iterations or after --minutes of training time, whichever comes first; the learning rate then
    reaches 0. The recipe is meant for 8 GPUs (torchrun) and an --encoder trained on ImageNet. To
    train from scratch on a CPU, use
    --crop 224x288 --batch 4 --lr 1e-3 --head-lr-factor 1 --warmup 150 --minutes 35.
    See docs/training.md.
    """
    from robustbench_seg.machine.start import prepared_process

    with prepared_process():
        from robustbench_seg import training
    from robustbench_seg.machine.torchrun import torchrun_processes

    trained = training.train(training_spec(**chosen))
    if torchrun_processes().first:
        click.echo(f"{trained.summary}\n{trained.card}")
