"""robustseg train: train a model by the SegFormer recipe."""

from typing import Any

import click

from robustbench_seg.cli import options
from robustbench_seg.records import ranges
from robustbench_seg.records.choices import Augmentation, choices
from robustbench_seg.records.training_recipe import ITERATIONS, TrainingRecipe
from robustbench_seg.records.training_spec import training_spec


@click.command()
@options.model(required=True)
@options.dataset(default=None, help="Dataset to train on.  [default: the card's]")
@options.data()
@options.split(default="train")
@click.option("--validate-on", default="val", show_default=True, help="Split for mIoU.")
@click.option(
    "--validate-every",
    type=options.integer(ranges.ITERATIONS),
    metavar="N",
    help="Steps between validations.  [default: at the end only]",
)
@click.option(
    "--checkpoint-every",
    type=options.integer(ranges.ITERATIONS),
    metavar="N",
    help="Steps between checkpoints.  [default: every 3 minutes]",
)
@options.out(required=True)
@options.name(help="Name of the result.  [default: MODEL-DATASET]")
@click.option(
    "--encoder",
    metavar="W",
    help="Weights that the encoder starts from: a file, hf:<hub id> or URL.  [default: random]",
)
@click.option(
    "--iterations",
    type=options.integer(ranges.ITERATIONS),
    help=f"Optimiser steps.  [default: {ITERATIONS}; with --minutes no limit]",
)
@click.option(
    "--minutes",
    type=float,
    help="Stop after this many minutes of training; the learning rate reaches 0 just then.",
)
@click.option(
    "--batch",
    type=options.integer(ranges.BATCH),
    default=TrainingRecipe.batch,
    show_default=True,
    help="Images per step.",
)
@click.option(
    "--crop",
    callback=options.parse_size,
    metavar="HxW",
    default="{}x{}".format(*TrainingRecipe.crop),
    show_default=True,
    help="Size of the training crops.",
)
@click.option(
    "--lr",
    type=float,
    default=TrainingRecipe.lr,
    show_default=True,
    help="Peak learning rate of the backbone.",
)
@click.option(
    "--warmup",
    type=options.integer(ranges.WARMUP),
    default=TrainingRecipe.warmup,
    show_default=True,
    help="Steps of linear warm-up.",
)
@click.option(
    "--weight-decay",
    type=float,
    default=TrainingRecipe.weight_decay,
    show_default=True,
    help="Of AdamW.",
)
@click.option(
    "--head-lr-factor",
    type=float,
    default=TrainingRecipe.head_lr_factor,
    show_default=True,
    help="Learning rate of the head, as a multiple of --lr.",
)
@click.option(
    "--ema",
    type=float,
    metavar="DECAY",
    help="Validate and save a moving average of the weights, of this decay, such as 0.999.",
)
@click.option(
    "--augment", type=click.Choice(choices(Augmentation)), help="For robustness; shows in the name."
)
@click.option("--drop-path", type=float, help="Stochastic depth's rate.  [default: the network's]")
@click.option(
    "--seed",
    type=options.integer(ranges.TRAINING_SEED),
    default=TrainingRecipe.seed,
    show_default=True,
)
@options.device()
@options.precision()
@options.threads()
@click.option(
    "--workers",
    type=options.integer(ranges.PREPARERS),
    default=2,
    show_default=True,
    help="Processes that prepare batches.",
)
@click.option("--half", is_flag=True, help="Store the weights as float16.")
def train(**chosen: Any) -> None:
    """Train a model; the defaults are SegFormer's recipe on Cityscapes.

    Writes into --out the weights, a model card for them (give it to evaluate --model), log.csv,
    log.png and checkpoint.pt. Started again, it goes on from the checkpoint. Training ends after
    --iterations, or after --minutes of training time, whichever is first; the learning rate
    reaches 0 just then. The recipe is meant for 8 GPUs (torchrun) and an --encoder trained on
    ImageNet; from nothing on a CPU say
    --crop 224x288 --batch 4 --lr 1e-3 --head-lr-factor 1 --warmup 150 --minutes 35.
    More: docs/training.md.
    """
    from robustbench_seg.machine.start import prepare_process

    prepare_process()

    from robustbench_seg import training
    from robustbench_seg.machine.processes import torchrun_processes

    trained = training.train(training_spec(**chosen))
    if torchrun_processes().first:
        click.echo(f"{trained.summary}\n{trained.card}")
