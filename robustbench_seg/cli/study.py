"""robustseg study: the paper's ablations, trained, scored clean and corrupted, beside its rows."""

import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from robustbench_seg.analysis import Ablation

SMALL = "--batch 4 --lr 1e-3 --head-lr-factor 1 --warmup 150 --drop-path 0 --threads 2 --workers 1"
"""The recipe from scratch on a CPU."""


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--dataset", default="minicity", show_default=True, help="Its name or TOML file.")
@click.option("--data", metavar="ROOT", type=click.Path(path_type=Path), help="Its root.")
@click.option("--minutes", type=float, default=20.0, show_default=True, help="For each training.")
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Score the first N images only.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--full",
    is_flag=True,
    help="The paper's encoder and Cityscapes recipe: 160,000 steps, GPUs wanted; no --minutes.",
)
@click.option("--encoder", metavar="W", help="MiT's weights to begin with, where they fit.")
@click.option("--device", default="cpu", show_default=True)
@click.option("--dry-run", is_flag=True, help="Only say what would be run.")
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), required=True)
def study(
    name: str,
    dataset: str,
    data: Path | None,
    minutes: float,
    limit: int | None,
    seed: int,
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

    Each network is trained, scored clean and under every corruption (which the paper did not do)
    and put beside the published row in OUT/ablation.csv and .md. First the commands are shown,
    with their cost and what the paper got. Started again, what is done is not done anew.
    """
    from robustbench_seg.analysis import count_cost, load_ablation, shape_of
    from robustbench_seg.files import write_text
    from robustbench_seg.reporting import ablation_table, published_score
    from robustbench_seg.reporting.tables import csv, markdown
    from robustbench_seg.training.product import card_text

    ablation = load_ablation(name)
    where = ["--dataset", dataset, *(["--data", str(data)] if data else [])]
    recipe = [] if full else [*shlex.split(SMALL), "--minutes", f"{minutes:g}"]
    crop = ablation.crop(full) or (None if full else 128)
    if crop:
        recipe += ["--crop", f"{crop}x{crop}"]
    how = ["--seed", str(seed), "--device", device]
    count = ["--limit", str(limit)] if limit else []
    to_runs = ["--device", device, "--out", str(out / "runs")]
    commands: list[list[str]] = []
    expected: dict[str, float | None] = {}
    click.echo(f"{ablation.title}, as {ablation.table} of the paper\n")
    for variant in ablation.variant:
        card = ablation.card(variant, full)
        cost = count_cost(shape_of(card), (512, 512))
        published = published_score(ablation.table, variant.row, ablation.score)
        expected[variant.name] = published
        click.echo(
            f"{variant.name}: {cost.params / 1e6:.1f} M parameters, "
            f"{cost.macs_written / 1e9:.1f} GMAC at 512x512; the paper's mIoU {published} %"
            + ("; its encoder from nothing" if encoder and not variant.takes_encoder else "")
        )
        folder = out / "trained" / variant.name
        source = out / "cards" / f"{variant.name}.toml"
        if not dry_run:
            write_text(source, card_text(card, f"{ablation.title}: for training."))
        named = ["--model", str(source), "--name", variant.name, "--out", str(folder)]
        start = ["--encoder", encoder] if encoder and variant.takes_encoder else []
        commands.append(["train", *named, *where, *recipe, *start, *how])
        tested = [variant.name]
        if variant.windows_row:
            windows = f"{variant.name}-windows"
            tested.append(windows)
            row = variant.windows_row
            expected[windows] = published_score(ablation.table, row, ablation.score)
        for model in tested:
            card_file = str(folder / f"{model}.toml")
            commands.append(["evaluate", "--model", card_file, *where, *count, *to_runs])
    commands.append(["report", str(out / "runs"), "--out", str(out / "report")])
    click.echo()
    for command in commands:
        click.echo(shlex.join(["robustseg", *command]))
    trainings = len(ablation.variant)
    click.echo(
        f"\n{trainings} trainings of "
        + ("160,000 steps" if full else f"{minutes:g} minutes, {trainings * minutes:g} together")
        + ", then scoring\n"
    )
    if dry_run:
        return
    for command in commands:
        if command[0] == "evaluate" and command[2].endswith("-windows.toml"):
            _write_windows(Path(command[2]), crop or 0)
        done = subprocess.run([sys.executable, "-m", "robustbench_seg", *command], check=False)
        if done.returncode:
            raise SystemExit(done.returncode)
    paper = f"paper, {ablation.score.split('_')[0]} mIoU"
    table = ablation_table(out / "runs", expected, paper)
    write_text(out / "ablation.csv", csv(table))
    scale = _scale(ablation, dataset, full, minutes, crop, seed)
    write_text(out / "ablation.md", f"{ablation.title}. {scale}\n\n{markdown(table)}")
    click.echo(f"{scale}\n\n{markdown(table)}\n{out / 'ablation.md'}")


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
    ablation: "Ablation", dataset: str, full: bool, minutes: float, crop: int | None, seed: int
) -> str:
    """How far this is from the paper's experiment, in a sentence."""
    if full:
        return f"The paper's encoder and Cityscapes recipe, on {dataset}; seed {seed} alone."
    return (
        f"Scaled down: {ablation.small['size']} in place of {ablation.paper['size']}, {minutes:g} "
        f"minutes of training on {dataset} in crops of {crop}x{crop}, seed {seed} alone. The "
        "paper's column is of other data and a training of days: compare orders, not numbers."
    )
