"""robustseg ablation: the paper's ablations, trained, scored clean and corrupted."""

from collections.abc import Callable
from typing import Any

import click

from robustbench_seg.cli import parsers, shared_options
from robustbench_seg.cli.field_option import field_option
from robustbench_seg.errors import OptionError
from robustbench_seg.records.cards.ablation import list_ablations, load_ablation
from robustbench_seg.records.specs.ablation_spec import AblationSpec, ablation_spec
from robustbench_seg.records.values.training_recipe import TrainingRecipe


class AblationCommand(click.Command):
    """A command whose help lists the ablations; they are read when help is shown."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words of the command line.

        A "--" is dropped, because scripts of earlier versions have one before training options.
        """
        return super().parse_args(ctx, [word for word in args if word != "--"])

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The text above the options."""
        super().format_help_text(ctx, formatter)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_dl([(name, load_ablation(name).title) for name in list_ablations()])


_TRAINING_OPTIONS = (
    shared_options.split,
    shared_options.validate_on,
    shared_options.validate_every,
    shared_options.checkpoint_every,
    shared_options.batch,
    shared_options.lr,
    shared_options.warmup,
    shared_options.weight_decay,
    shared_options.head_lr_factor,
    shared_options.ema,
    shared_options.drop_path,
    shared_options.precision,
    shared_options.threads,
    shared_options.workers,
    shared_options.half,
)
"""Options of `train` that hold for every training of an ablation."""


def training_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of trainings without defaults, because the ablation's recipe has its own."""
    for shared in reversed(_TRAINING_OPTIONS):
        command = shared(default=None)(command)
    return command


@click.command(cls=AblationCommand)
@click.argument("name", metavar="NAME")
@shared_options.dataset(
    default=None,
    help="Name of the dataset, or its TOML file.  [default: minicity; with "
    "--full that of the paper]",
)
@shared_options.data()
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="V",
    help="Train only this network; repeatable.  [default: all]",
)
@field_option(
    AblationSpec,
    "seeds",
    "--seed",
    help="Seed of a training; repeatable. Each network is trained once with each seed.",
)
@field_option(
    TrainingRecipe,
    "iterations",
    default=None,
    metavar="N",
    help="Steps of each training.  [default: those of the ablation; with --full those of the "
    "paper]",
)
@shared_options.limit(help="Score only the first N images.")
@field_option(
    AblationSpec, "full", help="Use the networks, data and recipe of the paper; needs GPUs."
)
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    metavar="[V=]W",
    help="Initial weights of the encoder of V; without V=, of all encoders that they fit.",
)
@training_options
@shared_options.device()
@field_option(AblationSpec, "gpus", help="Number of GPUs, each with one process of torchrun.")
@click.option("--dry-run", is_flag=True, help="Print the steps and stop.")
@shared_options.out(required=True)
def ablation(name: str, encoders: tuple[str, ...], dry_run: bool, **chosen: Any) -> None:
    """Run an ablation of the SegFormer paper; docs/ablations.md describes each NAME.

    The command prints the parameters and operations of the networks, the scores of the paper, and
    the steps. It trains each network for the same number of steps, and scores it on clean and
    corrupted images. OUT/ablation.csv and .md compare the clean scores with the published ones. If
    you start the command again, it skips finished steps. Training options such as --batch override
    the recipe of the ablation in every training.
    """
    from robustbench_seg.machine.start import prepared_process

    with prepared_process():
        from robustbench_seg.ablation import ablation_overview, run_ablation
    from robustbench_seg.reporting.tables.formats import markdown

    networks = [variant.name for variant in load_ablation(name).variant]
    try:
        for_all, by_network = parsers.parse_encoders(encoders, networks)
    except OptionError as error:
        raise click.UsageError(f"--encoder: {error}") from None
    given = {option: value for option, value in chosen.items() if value is not None}
    spec = ablation_spec(name, encoder=for_all, encoders=by_network, **given)
    click.echo(ablation_overview(spec))
    if dry_run:
        return
    result = run_ablation(spec, announce=lambda line: click.echo(line, err=True))
    click.echo(f"{result.note}\n\n{markdown(result.table)}\n{result.path}")
