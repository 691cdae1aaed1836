"""robustseg train: train a model by the SegFormer recipe."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from robustbench_seg.cli.options import parse_size
from robustbench_seg.records.shard import torchrun_shard
from robustbench_seg.records.training_recipe import AUGMENTATIONS, TrainingRecipe


@click.command()
@click.option("--model", required=True, help="Card of the network: its name or TOML file.")
@click.option("--dataset", help="Dataset to train on.  [default: the card's]")
@click.option("--data", type=click.Path(path_type=Path), help="Root folder of the dataset.")
@click.option("--split", default="train", show_default=True)
@click.option("--validate-on", default="val", show_default=True, help="Split for mIoU.")
@click.option(
    "--validate-every",
    type=click.IntRange(1),
    metavar="N",
    help="Steps between validations.  [default: at the end only]",
)
@click.option(
    "--checkpoint-every",
    type=click.IntRange(1),
    metavar="N",
    help="Steps between checkpoints.  [default: every 3 minutes]",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder of the result.",
)
@click.option("--name", help="Name of the result.  [default: MODEL-DATASET]")
@click.option(
    "--encoder",
    metavar="W",
    help="Weights that the encoder starts from: a file, hf:<hub id> or URL.  [default: random]",
)
@click.option(
    "--iterations",
    type=int,
    help="Optimiser steps.  [default: 160000; with --minutes no limit]",
)
@click.option(
    "--minutes",
    type=float,
    help="Stop after so many minutes of training; the learning rate reaches 0 just then.",
)
@click.option("--batch", type=int, default=8, show_default=True, help="Images per step.")
@click.option(
    "--crop",
    callback=parse_size,
    metavar="HxW",
    default="1024x1024",
    show_default=True,
    help="Size of the training crops.",
)
@click.option(
    "--lr", type=float, default=6e-5, show_default=True, help="Peak learning rate of the backbone."
)
@click.option(
    "--warmup", type=int, default=1500, show_default=True, help="Steps of linear warm-up."
)
@click.option("--weight-decay", type=float, default=0.01, show_default=True, help="Of AdamW.")
@click.option(
    "--head-lr-factor",
    type=float,
    default=10.0,
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
    "--augment", type=click.Choice(AUGMENTATIONS), help="For robustness; shows in the name."
)
@click.option("--drop-path", type=float, help="Stochastic depth's rate.  [default: the network's]")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1 ...")
@click.option(
    "--precision",
    type=click.Choice(["float32", "bf16", "fp16"]),
    default="float32",
    show_default=True,
)
@click.option(
    "--threads", type=click.IntRange(1), metavar="N", help="CPU threads.  [default: all cores]"
)
@click.option(
    "--workers",
    type=click.IntRange(0),
    default=2,
    show_default=True,
    help="Processes that prepare batches.",
)
@click.option("--half", is_flag=True, help="Store the weights as float16.")
def train(**options: Any) -> None:
    """Train a model; the defaults are SegFormer's recipe on Cityscapes.

    Writes into --out the weights, a model card for them (give it to evaluate --model), log.csv,
    log.png and checkpoint.pt. Started again, it goes on from the checkpoint. Training ends after
    --iterations, or after --minutes of training time, whichever is first; the learning rate
    reaches 0 just then. The recipe is made for 8 GPUs (torchrun) and an --encoder trained on
    ImageNet; from nothing on a CPU say
    --crop 224x288 --batch 4 --lr 1e-3 --head-lr-factor 1 --warmup 150 --minutes 35.
    More: docs/training.md.
    """
    from robustbench_seg.machine.allocator import keep_freed_memory
    from robustbench_seg.machine.threads import wait_briefly

    keep_freed_memory()
    wait_briefly()

    from robustbench_seg import training

    recipe, rest = split_options(options)
    trained = training.train(recipe=TrainingRecipe(**recipe), **rest)
    if torchrun_shard().index == 1:
        click.echo(f"{trained.summary}\n{trained.card}")


def split_options(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of this command: those that are fields of a recipe, and the others."""
    names = {field.name for field in fields(TrainingRecipe)}
    recipe = {name: value for name, value in options.items() if name in names}
    return recipe, {name: value for name, value in options.items() if name not in names}
