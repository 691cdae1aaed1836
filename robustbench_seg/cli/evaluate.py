"""robustseg evaluate: models on a dataset under corruptions -> run folders."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robustbench_seg.cli.shards import shard_option
from robustbench_seg.records.shard import own_device

if TYPE_CHECKING:
    from robustbench_seg.evaluation import Order
    from robustbench_seg.records.protocol import Protocol
    from robustbench_seg.records.shard import Shard

GPU_WORKERS = 8
"""A network of 20 ms needs four cores beside it to make its images (docs/scale.md)."""


@click.command()
@click.option(
    "--model",
    "models",
    metavar="M",
    multiple=True,
    required=True,
    help="Name of a model card, a card file, hf:<hub id or folder>, onnx:<file> or "
    "python:<module>:<callable>; repeatable.",
)
@click.option(
    "--data",
    metavar="ROOT",
    type=click.Path(path_type=Path),
    help="Root of the dataset; for Cityscapes it defaults to $CITYSCAPES_DATASET.",
)
@click.option("--dataset", default="cityscapes", show_default=True, help="Its name or TOML file.")
@click.option("--split", default="val", show_default=True)
@click.option(
    "--corrupted",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Read corrupted images from what generate-cityscapes-c wrote, instead of making them.",
)
@click.option(
    "--weights",
    metavar="W",
    help="A file, hf:<hub id> or URL in place of the card's; none: random ones, for timing only.",
)
@click.option("--name", help="The model's name in every table, instead of its card's.")
@click.option(
    "--corruption",
    "corruptions",
    multiple=True,
    help="Corruption to score; repeatable. clean by itself: only the clean images.  [default: all]",
)
@click.option(
    "--severity",
    "severities",
    multiple=True,
    type=click.IntRange(1, 5),
    help="Severity to score; repeatable.  [default: all]",
)
@click.option(
    "--protocol",
    metavar="P",
    default="cityscapes-c",
    show_default=True,
    help="cityscapes-c, city-c-fan, mpc-15 or a TOML file.",
)
@click.option(
    "--stream", type=click.Choice(["fast", "reference"]), default="fast", show_default=True
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Only the first N images.")
@click.option(
    "--out",
    metavar="RUNS",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Folder of run folders.",
)
@click.option("--inference", type=click.Choice(["whole", "slide"]), help="Default: the card's.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, ...")
@click.option(
    "--precision",
    type=click.Choice(["float32", "bf16", "fp16"]),
    default="float32",
    show_default=True,
)
@click.option(
    "--backend",
    type=click.Choice(["torch", "onnxruntime", "openvino"]),
    default="torch",
    show_default=True,
    help="What runs the network of a card.",
)
@click.option(
    "--batch",
    metavar="N",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    help="Windows of an image that a GPU takes at once; halved where its memory is short.",
)
@click.option(
    "--shard",
    default="1/1",
    metavar="I/N",
    callback=shard_option,
    help="Run only the I-th of N parts of the images; all parts together are one run.",
)
@click.option(
    "--executor",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="ray: run on the cluster that $RAY_ADDRESS names, or that was started on this machine.",
)
@click.option(
    "--threads",
    metavar="N",
    type=click.IntRange(1),
    help="CPU threads of a network; they change its last digits.  [default: all cores]",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Threads that make corrupted images; with 1 the model's own makes them.  [default: 1, "
    f"for a GPU {GPU_WORKERS}]",
)
@click.option(
    "--save-predictions",
    "predictions",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write each prediction as a PNG of class indices too.",
)
def evaluate(shard: "Shard", executor: str, **options: Any) -> None:
    """Score models on a dataset, clean and under every corruption and severity.

    Results go to one run folder for each model, RUNS/<model>-<dataset>-<split>-<key>. Started
    again, only what is missing is computed; with other corruptions or severities they are added.
    Several machines, GPUs and clusters: docs/how-to/cluster.md.
    """
    if len(options["models"]) > 1 and (options["name"] or options["weights"] not in (None, "none")):
        raise click.UsageError("--name and --weights go with a single --model")
    if executor == "ray" and str(shard) != "1-of-1":
        raise click.UsageError("--shard is for machines that share no cluster; leave it out")

    from robustbench_seg.machine.allocator import keep_freed_memory
    from robustbench_seg.machine.threads import wait_briefly

    keep_freed_memory()
    wait_briefly()

    from robustbench_seg.evaluation import Order
    from robustbench_seg.records.protocol import load_protocol

    on_gpu = options["device"].startswith("cuda")
    options["workers"] = options["workers"] or (GPU_WORKERS if on_gpu else 1)
    if executor == "ray":
        from robustbench_seg.evaluation.ray_executor import evaluate_on_ray

        runs = evaluate_on_ray(Order(**options), progress=True)
    else:
        options["device"] = own_device(options["device"])
        runs = _evaluate_with_others(Order(**options), shard)
    if runs:
        click.echo(_summary(runs, load_protocol(options["protocol"])))


def _evaluate_with_others(order: "Order", shard: "Shard") -> list[Path]:
    """Do this process's part; the first of torchrun's answers for all, once all are done.

    For torchrun stops all others where one fails, also where it only left out an image.
    Returns the run folders in the first process, in the others nothing.
    """
    from robustbench_seg.errors import IncompleteError
    from robustbench_seg.records.shard import torchrun_shard
    from robustbench_seg.training.distributed import joined

    runs: list[Path] = []
    incomplete = None
    with joined("cpu") as processes:
        try:
            part = shard.part(torchrun_shard())
            runs = order.open().evaluate(part, progress=processes.first)
        except IncompleteError as error:
            incomplete = error
        failures = [error for error in processes.gathered(incomplete) if error]
    if not processes.first:
        return []
    if failures:
        raise failures[0]
    return runs


def _summary(runs: list[Path], protocol: "Protocol") -> str:
    """For each run its scores, categories where they are whole; and what was averaged."""
    import pandas as pd

    from robustbench_seg.results import (
        clean_gaps,
        coarsest_scores,
        condition_scores,
        protocol_scores,
        read_counts,
    )

    conditions = condition_scores(read_counts(runs))
    scores = protocol_scores(conditions, protocol)
    table = pd.concat(
        [
            scores[["model", "clean"]],
            coarsest_scores(conditions, protocol),
            scores[["mean", "retention"]],
        ],
        axis=1,
    )
    text = table.to_string(index=False, float_format=lambda score: f"{score:.1f}", na_rep="-")
    folders = "\n".join(str(run) for run in runs)
    warnings = "".join(f"\nwarning: {gap}" for gap in clean_gaps(runs))
    legend = f"mIoU in percent; retention = mean / clean. Averaged: {protocol.averaged}."
    return f"{warnings}\n{legend}\n{text}\n\n{folders}"
