"""robustseg train: train a model by the SegFormer recipe."""

import math
import shlex
from pathlib import Path

import click
from click.core import ParameterSource

from robustbench_seg.cli.sizes import parse_size
from robustbench_seg.records.shard import own_device, torchrun_shard


def _as_typed(context: click.Context) -> str:
    """The command with the options that were given and are no defaults, for the card."""
    count = torchrun_shard().count
    started = f"torchrun --nproc-per-node {count} -m robustbench_seg" if count > 1 else "robustseg"
    words = [*started.split(), "train"]
    for option in context.command.params:
        name = str(option.name)
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        text = "x".join(map(str, value)) if isinstance(value, tuple) else str(value)
        if text != str(option.default):
            words += [option.opts[0]] if value is True else [option.opts[0], text]
    return shlex.join(words)


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
    "--augment", type=click.Choice(["augmix", "style"]), help="For robustness; shows in the name."
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
@click.pass_context
def train(
    context: click.Context,
    model: str,
    dataset: str | None,
    data: Path | None,
    split: str,
    validate_on: str,
    validate_every: int | None,
    checkpoint_every: int | None,
    out: Path,
    name: str | None,
    encoder: str | None,
    iterations: int | None,
    minutes: float | None,
    batch: int,
    crop: tuple[int, int],
    lr: float,
    warmup: int,
    weight_decay: float,
    head_lr_factor: float,
    ema: float | None,
    augment: str | None,
    drop_path: float | None,
    seed: int,
    device: str,
    precision: str,
    threads: int | None,
    workers: int,
    half: bool,
) -> None:
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

    import torch

    from robustbench_seg.datasets import open_dataset
    from robustbench_seg.errors import ModelError
    from robustbench_seg.machine.hardware import check_device, hardware
    from robustbench_seg.records.model_card import Training, load_card
    from robustbench_seg.training import TrainingRecipe, fit, initial, save, trained_card

    if threads is not None:
        torch.set_num_threads(threads)
    device = own_device(device)
    check_device(device)
    if iterations is None and minutes is None:
        iterations = TrainingRecipe.iterations
    recipe = TrainingRecipe(
        iterations=iterations,
        minutes=minutes,
        batch=batch,
        crop=crop,
        lr=lr,
        weight_decay=weight_decay,
        head_lr_factor=head_lr_factor,
        warmup=warmup,
        ema=ema,
        augment=augment,
        drop_path=drop_path,
        seed=seed,
    )
    source = load_card(model)
    dataset = dataset or source.dataset
    images = open_dataset(dataset, data, split)
    validation = open_dataset(dataset, data, validate_on)
    card = trained_card(
        source,
        name=name or f"{source.name}-{images.name}".replace(":", "-"),
        dataset=dataset,
        classes=len(images.classes),
        recipe=recipe,
    )
    if Path(card.name).name != card.name:
        raise ModelError(f"--name {card.name}: it becomes the name of files in --out; leave out /")
    path, weights = out / f"{card.name}.toml", out / card.weights.location
    if path.exists() and not (out / "checkpoint.pt").exists():
        raise ModelError(
            f"{path}: a trained model is there already; give another --out, or remove it to train "
            "anew"
        )
    if warmup >= (iterations or math.inf):
        click.echo(
            f"warning: a warm-up of {warmup} steps does not end within {iterations}: the learning "
            f"rate never reaches {lr:g}; lower --warmup",
            err=True,
        )
    start = initial(card, recipe, encoder)
    outcome = fit(
        start.network,
        images,
        validation,
        recipe,
        card,
        out=out,
        facts={**start.facts, "split": split},
        validate_every=validate_every,
        checkpoint_every=checkpoint_every,
        device=device,
        precision=precision,
        workers=workers,
    )
    if torchrun_shard().index > 1:
        return  # the first process writes
    if outcome.resumed == outcome.iterations and path.exists() and weights.exists():
        click.echo(f"finished before, after {outcome.iterations} iterations\n{path}")
        return
    training = Training(
        command=_as_typed(context),
        minutes=round(outcome.seconds / 60, 2),
        hardware=hardware(device),
        iterations=outcome.iterations,
        seed=seed,
        encoder=start.encoder,
        augment=augment,
        ema=ema,
        miou=None if math.isnan(outcome.miou) else round(outcome.miou, 2),
    )
    remark = (
        f"Clean mIoU {outcome.miou:.2f} % on {images.name} {validate_on} "
        f"({len(validation)} images), after {outcome.views} views of {len(images)} images."
    )
    path = save(out, start.network, start.card, images.classes, training, remark, half)
    click.echo(f"{remark}\n{path}")
