"""robustseg study: the paper's ablations, trained, scored clean and corrupted, beside its rows."""

import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from robustbench_seg.ablation import Ablation, AblationVariant
    from robustbench_seg.ablation.steps import Plan

_DECIDED = {
    *("--model", "--name", "--encoder", "--dataset", "--data", "--out", "--device", "--augment"),
    *("--iterations", "--minutes", "--crop", "--seed"),
}
"""Options of train that do not go behind --: what is scored and said rests on them."""

_PROGRAMS = {
    "robustseg": [sys.executable, "-m", "robustbench_seg"],
    "torchrun": [sys.executable, "-m", "torch.distributed.run"],
}


@click.command()
@click.argument("name", metavar="NAME")
@click.argument("options", metavar="[-- OPTIONS OF TRAIN]", nargs=-1, type=click.UNPROCESSED)
@click.option("--dataset", help="Its name or TOML file.  [default: minicity, --full the paper's]")
@click.option("--data", metavar="ROOT", type=click.Path(path_type=Path), help="Its root.")
@click.option(
    "--variant",
    "only",
    multiple=True,
    metavar="V",
    help="Only this network; repeatable.  [default: all]",
)
@click.option(
    "--seed",
    "seeds",
    type=int,
    multiple=True,
    default=(0,),
    show_default=True,
    help="Seed of a training; repeatable: each network is trained with each of them.",
)
@click.option(
    "--iterations",
    type=click.IntRange(1),
    metavar="N",
    help="Steps of each training.  [default: 1000, --full the paper's]",
)
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Score the first N images only.")
@click.option("--full", is_flag=True, help="The paper's networks, data and recipe; needs GPUs.")
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    metavar="[V=]W",
    help="Weights that the encoder of V starts from; without V= all encoders that they fit.",
)
@click.option("--device", default="cpu", show_default=True)
@click.option(
    "--gpus", type=click.IntRange(1), default=1, help="GPUs, each for a process of torchrun."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be run.")
@click.option(
    "--out", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), required=True
)
def study(
    name: str,
    options: tuple[str, ...],
    dataset: str | None,
    data: Path | None,
    only: tuple[str, ...],
    seeds: tuple[int, ...],
    iterations: int | None,
    limit: int | None,
    full: bool,
    encoders: tuple[str, ...],
    device: str,
    gpus: int,
    dry_run: bool,
    out: Path,
) -> None:
    """Run an ablation of the SegFormer paper: NAME is width, positions or encoders.

    \b
    width      C of the decoder (table 1b)
    positions  learnt positions against Mix-FFN, at two test sizes (table 1c)
    encoders   CNNs under the MLP decoder, and stage 4 alone (table 1d)

    Each network is trained for the same number of steps, scored clean and under every corruption
    (which the paper did not do) and put beside the published row in OUT/ablation.csv and .md.
    First the commands are shown, with their cost and what the paper got. Started again, what is
    done is not done anew.
    """
    from robustbench_seg.ablation import ablation_table, load_ablation, published_score
    from robustbench_seg.ablation.steps import Plan
    from robustbench_seg.files import write_text
    from robustbench_seg.records.model_card import card_text
    from robustbench_seg.reporting.tables.formats import csv, markdown

    for word in options:
        if word.partition("=")[0] in _DECIDED:
            raise click.UsageError(f"{word}: the study decides that; see its own options")
    ablation = load_ablation(name)
    scale = ablation.scale(full)
    plan = Plan(
        variants=ablation.select(only),
        scale=replace(
            scale, dataset=dataset or scale.dataset, iterations=iterations or scale.iterations
        ),
        seeds=tuple(dict.fromkeys(seeds)),
        encoders=_encoders(ablation, only, encoders),
        options=options,
        data=data,
        limit=limit,
        device=device,
        gpus=gpus,
        out=out,
    )
    click.echo(f"{ablation.title}, as {_table(ablation)} of the paper\n")
    for variant in plan.variants:
        click.echo(_what_to_expect(ablation, variant, full) + _told(variant, plan.encoders))
    click.echo()
    for command in plan.commands():
        click.echo(shlex.join(command))
    click.echo(f"\n{plan.trainings} trainings of {plan.scale.iterations} steps, each scored\n")
    if dry_run:
        return
    for variant in plan.variants:
        text = card_text(ablation.card(variant, full), f"{ablation.title}: for training.")
        write_text(plan.card_file(variant), text)
    for command in plan.commands():
        for word in command:
            if word.endswith("-windows.toml"):
                _write_windows(Path(word), plan.scale.crop)
        if _trained(command, plan.scale.iterations):
            continue
        program, *arguments = command
        done = subprocess.run([*_PROGRAMS[program], *arguments], check=False)
        if done.returncode:
            raise SystemExit(done.returncode)
    expected = {
        model: published_score(ablation.table, row, ablation.score)
        for variant in plan.variants
        for model, row in variant.tests.items()
    }
    table = ablation_table(plan.runs, expected, f"paper, {ablation.full.dataset}")
    write_text(out / "ablation.csv", csv(table))
    said = _how_far(ablation, plan, full)
    write_text(out / "ablation.md", f"{ablation.title}. {said}\n\n{markdown(table)}")
    click.echo(f"{said}\n\n{markdown(table)}\n{out / 'ablation.md'}")


def _trained(command: list[str], iterations: int) -> bool:
    """Whether it is a training that is done, and its checkpoint gone."""
    from robustbench_seg.records.model_card import load_card

    if "train" not in command:
        return False
    told = dict(pairwise(command))
    folder = Path(told["--out"])
    card = folder / f"{told['--name']}.toml"
    if not card.exists() or (folder / "checkpoint.pt").exists():
        return False
    training = load_card(card).training
    return training is not None and training.iterations == iterations


def _encoders(ablation: "Ablation", only: tuple[str, ...], given: Iterable[str]) -> dict[str, str]:
    """What each network's encoder begins with, by the network's name; others begin from nothing."""
    from robustbench_seg.errors import unknown

    known = only or [variant.name for variant in ablation.variant]
    named: dict[str, str] = {}
    for_all: dict[str, str] = {}
    for text in given:
        name, equals, weights = text.partition("=")
        if equals and name in known:
            named[name] = weights
        elif equals and not text.startswith(("hf:", "http")) and not Path(text).exists():
            raise click.UsageError(f"--encoder {text}: {unknown('network', name, known)}")
        elif for_all:
            raise click.UsageError("--encoder: two for all networks; say V=W, whose each is")
        else:
            fits = [variant.name for variant in ablation.variant if variant.takes_encoder]
            for_all = dict.fromkeys(fits, text)
    return {**for_all, **named}


def _table(ablation: "Ablation") -> str:
    return ablation.table.replace("segformer_table", "table ")


def _what_to_expect(ablation: "Ablation", variant: "AblationVariant", full: bool) -> str:
    """What a network costs, and what the paper got with it."""
    from robustbench_seg.ablation import published_score
    from robustbench_seg.analysis import count_cost, shape_of

    cost = count_cost(shape_of(ablation.card(variant, full)), (512, 512))
    return (
        f"{variant.name}: {cost.params / 1e6:.1f} M parameters, "
        f"{cost.macs_written / 1e9:.1f} GMAC at 512x512; "
        f"the paper's mIoU {published_score(ablation.table, variant.row, ablation.score)} %"
    )


def _told(variant: "AblationVariant", begin: Mapping[str, str]) -> str:
    """Who begins with what, where not all begin from nothing."""
    if not begin:
        return ""
    return f"; its encoder from {begin.get(variant.name, 'nothing')}"


def _write_windows(path: Path, crop: int) -> None:
    """The card of a trained network, tested in windows of its training crop."""
    from robustbench_seg.files import write_text
    from robustbench_seg.records.model_card import Inference, card_text, load_card

    whole = load_card(path.with_name(path.name.replace("-windows", "")))
    window = Inference("slide", crop, 3 * crop // 4)
    text = card_text(replace(whole, inference=window), "Tested in windows of the training crop.")
    write_text(path, text)


def _how_far(ablation: "Ablation", plan: "Plan", full: bool) -> str:
    """How far this is from the paper's experiment."""
    paper, scale = ablation.full, plan.scale
    if full and scale == paper and plan.limit is None and not plan.options:
        return "At the paper's size."
    words = "At the paper's size, but for what follows." if full else "Scaled down."
    if not full and ablation.small.settings != paper.settings:
        words += f" {ablation.small.settings['size']} in place of {paper.settings['size']}."
    scored = f"the first {plan.limit} images of {scale.dataset}" if plan.limit else scale.dataset
    further = f", {shlex.join(plan.options)}" if plan.options else ""
    return (
        f"{words} Trained on {scale.dataset} for {scale.iterations} steps{further}, scored on "
        f"{scored}; the paper's column is of {paper.dataset}, after {paper.iterations} steps: "
        "compare orders, not numbers."
    )
