"""robustseg evaluate: models on a dataset under corruptions -> run folders."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustbench_seg.cli.shards import shard_option

if TYPE_CHECKING:
    from robustbench_seg.protocol import Condition, Protocol
    from robustbench_seg.shard import Shard


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
    help="A file, hf:<hub id> or URL instead of the card's; none: random ones, for timing only.",
)
@click.option("--name", help="The model's name in every table, instead of its card's.")
@click.option(
    "--corruption",
    "corruptions",
    multiple=True,
    help="Repeatable; default: all; clean alone: only the clean images.",
)
@click.option(
    "--severity", "severities", multiple=True, type=click.IntRange(1, 5), help="Likewise."
)
@click.option(
    "--protocol",
    "protocol_name",
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
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Folder of run folders.",
)
@click.option("--inference", type=click.Choice(["whole", "slide"]), help="Default: the card's.")
@click.option("--device", default="cpu", show_default=True)
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
    "--shard",
    default="1/1",
    metavar="I/N",
    callback=shard_option,
    help="Run only the I-th of N parts of the images; all parts together are one run.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Threads that make corrupted images; 1: none besides the model's own.",
)
@click.option(
    "--save-predictions",
    "predictions",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write each prediction as a PNG of class indices too.",
)
def evaluate(
    models: tuple[str, ...],
    data: Path | None,
    dataset: str,
    split: str,
    corrupted: Path | None,
    weights: str | None,
    name: str | None,
    corruptions: tuple[str, ...],
    severities: tuple[int, ...],
    protocol_name: str,
    stream: str,
    seed: int,
    limit: int | None,
    out: Path,
    inference: str | None,
    device: str,
    precision: str,
    backend: str,
    shard: "Shard",
    workers: int,
    predictions: Path | None,
) -> None:
    """Score models on a dataset, clean and under every corruption and severity.

    Results go to one run folder for each model, RUNS/<model>-<dataset>-<split>-<key>. Started
    again, only what is missing is computed; with other corruptions or severities they are added.
    """
    if len(models) > 1 and (name or weights not in (None, "none")):
        raise click.UsageError("--name and --weights go with a single --model")

    from robustbench_seg.allocator import keep_freed_memory
    from robustbench_seg.threads import wait_briefly

    keep_freed_memory()
    wait_briefly()

    from robustbench_seg.datasets import open_dataset
    from robustbench_seg.protocol import load_protocol
    from robustbench_seg.segmenter import load_segmenter
    from robustbench_seg.study import evaluate as run_study

    protocol = load_protocol(protocol_name)
    conditions = _conditions(protocol, corruptions, severities)
    opened = open_dataset(dataset, data, split)
    if limit:
        opened = opened.first(limit)
    segmenters = [
        load_segmenter(
            model,
            weights=weights,
            name=name,
            inference=inference,  # type: ignore[arg-type]  # click has checked it
            device=device,
            precision=precision,
            backend=backend,  # type: ignore[arg-type]  # likewise
            classes=opened.classes,
        )
        for model in models
    ]
    runs = run_study(
        segmenters,
        opened,
        protocol,
        conditions,
        out,
        stream=stream,
        seed=seed,
        corrupted=corrupted,
        shard=shard,
        workers=workers,
        predictions=predictions,
        progress=True,
    )
    click.echo(_summary(runs, protocol))


def _conditions(
    protocol: "Protocol", corruptions: tuple[str, ...], severities: tuple[int, ...]
) -> "tuple[Condition, ...]":
    named = [corruption for corruption in corruptions if corruption != "clean"]
    return () if corruptions and not named else protocol.conditions(named, severities)


def _summary(runs: list[Path], protocol: "Protocol") -> str:
    """For each run its clean score, category means, mean and retention; and what was averaged."""
    import pandas as pd

    from robustbench_seg.results import (
        category_means,
        condition_scores,
        protocol_scores,
        read_counts,
    )

    scores = protocol_scores(condition_scores(read_counts(runs)), protocol)
    table = pd.concat(
        [
            scores[["model", "clean"]],
            category_means(scores, protocol),
            scores[["mean", "retention"]],
        ],
        axis=1,
    )
    text = table.to_string(index=False, float_format=lambda score: f"{score:.1f}", na_rep="-")
    scored: dict[tuple[int, ...], list[str]] = {}
    for spec in protocol.corruptions:
        scored.setdefault(spec.scored, []).append(spec.name)
    averaged = "; ".join(
        f"severities {', '.join(map(str, levels))} of {len(names)} corruptions"
        for levels, names in scored.items()
    )
    folders = "\n".join(str(run) for run in runs)
    return (
        f"\nmIoU in percent; retention = mean / clean. Averaged: {averaged}.\n{text}\n\n{folders}"
    )
