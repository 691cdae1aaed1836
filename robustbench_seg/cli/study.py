"""robustseg study: the paper's ablations, trained, scored clean and corrupted, beside its rows."""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from robustbench_seg.analysis import Ablation, AblationVariant

SMALL = "--batch 4 --lr 1e-3 --head-lr-factor 1 --warmup 150 --drop-path 0 --workers 1"
"""The recipe from scratch on a CPU."""

_STEPS = {False: 1_000, True: 160_000}  # scaled down, and full


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--dataset", default="minicity", show_default=True, help="Its name or TOML file.")
@click.option("--data", metavar="ROOT", type=click.Path(path_type=Path), help="Its root.")
@click.option(
    "--variant", "only", multiple=True, metavar="V", help="One network; repeatable.  [default: all]"
)
@click.option(
    "--seed",
    "seeds",
    type=int,
    multiple=True,
    default=(0,),
    show_default=True,
    help="One training of each network; repeatable.",
)
@click.option(
    "--iterations",
    type=click.IntRange(1),
    metavar="N",
    help="Steps of each training.  [default: 1000, with --full 160000]",
)
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Score the first N images only.")
@click.option("--full", is_flag=True, help="The paper's encoder and Cityscapes recipe; wants GPUs.")
@click.option("--encoder", metavar="W", help="MiT's weights to begin with, where they fit.")
@click.option("--device", default="cpu", show_default=True)
@click.option("--dry-run", is_flag=True, help="Only say what would be run.")
@click.option(
    "--out", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), required=True
)
def study(
    name: str,
    dataset: str,
    data: Path | None,
    only: tuple[str, ...],
    seeds: tuple[int, ...],
    iterations: int | None,
    limit: int | None,
    full: bool,
    encoder: str | None,
    device: str,
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
    from robustbench_seg.analysis import load_ablation
    from robustbench_seg.files import write_text
    from robustbench_seg.reporting import ablation_table, published_score
    from robustbench_seg.reporting.tables import csv, markdown
    from robustbench_seg.training.product import card_text

    ablation = load_ablation(name)
    variants = ablation.select(only)
    steps = iterations or _STEPS[full]
    where = ["--dataset", dataset, *(["--data", str(data)] if data else [])]
    recipe = [*([] if full else shlex.split(SMALL)), "--iterations", str(steps)]
    crop = ablation.crop(full) or (None if full else 128)
    if crop:
        recipe += ["--crop", f"{crop}x{crop}"]
    count = ["--limit", str(limit)] if limit else []
    to_runs = ["--device", device, "--out", str(out / "runs")]

    click.echo(f"{ablation.title}, as {ablation.table} of the paper\n")
    for variant in variants:
        click.echo(_what_to_expect(ablation, variant, full, encoder))
    commands: list[list[str]] = []
    for seed in dict.fromkeys(seeds):
        for variant in variants:
            folder = out / "trained" / f"{variant.name}-{seed}"
            card = str(_card_file(out, variant))
            named = ["--model", card, "--name", variant.name, "--out", str(folder)]
            start = ["--encoder", encoder] if encoder and variant.takes_encoder else []
            how = ["--seed", str(seed), "--device", device]
            commands.append(["train", *named, *where, *recipe, *start, *how])
            for model in variant.tests:
                file = str(folder / f"{model}.toml")
                commands.append(["evaluate", "--model", file, *where, *count, *to_runs])
    commands.append(["report", str(out / "runs"), "--out", str(out / "report")])
    click.echo()
    for command in commands:
        click.echo(shlex.join(["robustseg", *command]))
    trainings = sum(command[0] == "train" for command in commands)
    click.echo(f"\n{trainings} trainings of {steps} steps, each scored\n")
    if dry_run:
        return
    for variant in variants:
        text = card_text(ablation.card(variant, full), f"{ablation.title}: for training.")
        write_text(_card_file(out, variant), text)
    for command in commands:
        if command[0] == "evaluate" and command[2].endswith("-windows.toml"):
            _write_windows(Path(command[2]), crop or 0)
        done = subprocess.run([sys.executable, "-m", "robustbench_seg", *command], check=False)
        if done.returncode:
            raise SystemExit(done.returncode)
    expected = {
        model: published_score(ablation.table, row, ablation.score)
        for variant in variants
        for model, row in variant.tests.items()
    }
    paper = f"paper, {ablation.score.split('_')[0]} mIoU"
    table = ablation_table(out / "runs", expected, paper)
    write_text(out / "ablation.csv", csv(table))
    scale = _scale(ablation, dataset, full, steps, crop, seeds)
    write_text(out / "ablation.md", f"{ablation.title}. {scale}\n\n{markdown(table)}")
    click.echo(f"{scale}\n\n{markdown(table)}\n{out / 'ablation.md'}")


def _what_to_expect(
    ablation: "Ablation", variant: "AblationVariant", full: bool, encoder: str | None
) -> str:
    """What a network costs, and what the paper got with it."""
    from robustbench_seg.analysis import count_cost, shape_of
    from robustbench_seg.reporting import published_score

    cost = count_cost(shape_of(ablation.card(variant, full)), (512, 512))
    return (
        f"{variant.name}: {cost.params / 1e6:.1f} M parameters, "
        f"{cost.macs_written / 1e9:.1f} GMAC at 512x512; "
        f"the paper's mIoU {published_score(ablation.table, variant.row, ablation.score)} %"
        + ("; its encoder from nothing" if encoder and not variant.takes_encoder else "")
    )


def _card_file(out: Path, variant: "AblationVariant") -> Path:
    """Where the card of an untrained network lies."""
    return out / "cards" / f"{variant.name}.toml"


def _write_windows(path: Path, crop: int) -> None:
    """The card of a trained network, tested in windows of its training crop."""
    from robustbench_seg.files import write_text
    from robustbench_seg.model_cards import Inference, load_card
    from robustbench_seg.training.product import card_text

    whole = load_card(path.with_name(path.name.replace("-windows", "")))
    window = Inference("slide", crop, 3 * crop // 4)
    text = card_text(replace(whole, inference=window), "Tested in windows of the training crop.")
    write_text(path, text)


def _scale(
    ablation: "Ablation",
    dataset: str,
    full: bool,
    steps: int,
    crop: int | None,
    seeds: Sequence[int],
) -> str:
    """How far this is from the paper's experiment, in a sentence or two."""
    trained = f"{steps} steps on {dataset}, seed {', '.join(map(str, seeds))}"
    if full:
        return f"The paper's encoder and Cityscapes recipe, {trained}."
    return (
        f"Scaled down: {ablation.small['size']} in place of {ablation.paper['size']}, from "
        f"nothing, {trained}, in batches of 4 crops of {crop}x{crop}. The paper's column is of "
        "other data and a training of days: compare orders, not numbers."
    )
