"""robustseg ablation: the paper's ablations, trained, scored clean and corrupted."""

from collections.abc import Callable
from typing import Any

import click

from robustbench_seg.cli import options, parsers
from robustbench_seg.errors import OptionError
from robustbench_seg.records.values import ranges
from robustbench_seg.records.values.training_recipe import TrainingRecipe


class AblationCommand(click.Command):
    """A command whose help lists the ablations; they are read when help is shown."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words of the command line.

        A "--" is dropped: scripts of earlier versions have one before the options of trainings.
        """
        return super().parse_args(ctx, [word for word in args if word != "--"])

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The text above the options."""
        from robustbench_seg.records.cards.ablation import list_ablations, load_ablation

        super().format_help_text(ctx, formatter)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_dl([(name, load_ablation(name).title) for name in list_ablations()])


_TRAINING_OPTIONS = (
    *(options.split, options.validate_on, options.validate_every, options.checkpoint_every),
    *(options.batch, options.lr, options.warmup, options.weight_decay, options.head_lr_factor),
    *(options.ema, options.drop_path, options.precision, options.threads, options.workers),
    options.half,
)
"""Options of `train` that hold for every training of an ablation."""


def training_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of trainings without their defaults: the ablation's recipe has its own."""
    for shared in reversed(_TRAINING_OPTIONS):
        command = shared(default=None)(command)
    return command


@click.command(cls=AblationCommand)
@click.argument("name", metavar="NAME")
@options.dataset(
    default=None, help="Its name or TOML file.  [default: minicity, --full the paper's]"
)
@options.data()
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="V",
    help="Only this network; repeatable.  [default: all]",
)
@click.option(
    "--seed",
    "seeds",
    type=parsers.integer(ranges.TRAINING_SEED),
    multiple=True,
    default=(TrainingRecipe.seed,),
    show_default=True,
    help="Seed of a training; repeatable: each network is trained with each of them.",
)
@click.option(
    "--iterations",
    type=parsers.integer(ranges.ITERATIONS),
    metavar="N",
    help="Steps of each training.  [default: 1000, --full the paper's]",
)
@options.limit(help="Score only the first N images.")
@click.option("--full", is_flag=True, help="The paper's networks, data and recipe; needs GPUs.")
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    metavar="[V=]W",
    help="Weights that the encoder of V starts from; without V= all encoders that they fit.",
)
@training_options
@options.device()
@click.option(
    "--gpus",
    type=parsers.integer(ranges.GPUS),
    default=1,
    help="GPUs, each for a process of torchrun.",
)
@click.option("--dry-run", is_flag=True, help="Only show the steps.")
@options.out(required=True)
def ablation(name: str, encoders: tuple[str, ...], dry_run: bool, **chosen: Any) -> None:
    """Run an ablation of the SegFormer paper; docs/ablations.md describes each NAME.

    Each network is trained for the same number of steps, scored clean and under every corruption
    (which the paper did not do) and put beside the published row in OUT/ablation.csv and .md.
    First the steps are shown, with what the networks cost and the paper's scores. Started again,
    what is finished is not done again. Options of trainings, such as --batch, replace values of
    the ablation's recipe in every training.
    """
    from robustbench_seg.machine.start import prepared_process

    with prepared_process():
        from robustbench_seg.ablation import (
            ablation_overview,
            ablation_spec,
            load_ablation,
            parse_encoders,
            run_ablation,
        )
    from robustbench_seg.reporting.tables.formats import markdown

    networks = [variant.name for variant in load_ablation(name).variant]
    try:
        for_all, by_network = parse_encoders(encoders, networks)
    except OptionError as error:
        raise click.UsageError(f"--encoder: {error}") from None
    given = {option: value for option, value in chosen.items() if value is not None}
    spec = ablation_spec(name, encoder=for_all, encoders=by_network, **given)
    click.echo(ablation_overview(spec))
    if dry_run:
        return
    result = run_ablation(spec, announce=lambda line: click.echo(line, err=True))
    click.echo(f"{result.note}\n\n{markdown(result.table)}\n{result.path}")
