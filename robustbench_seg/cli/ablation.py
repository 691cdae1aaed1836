"""robustseg ablation: the paper's ablations, trained, scored clean and corrupted."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from robustbench_seg.cli import options
from robustbench_seg.cli.train import train
from robustbench_seg.records import ranges

if TYPE_CHECKING:
    from robustbench_seg.ablation import AblationSpec


class AblationCommand(click.Command):
    """A command whose help lists the ablations; they are read when help is shown."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The text above the options."""
        from robustbench_seg.records.ablation import list_ablations, load_ablation

        super().format_help_text(ctx, formatter)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_dl([(name, load_ablation(name).title) for name in list_ablations()])


@click.command(cls=AblationCommand)
@click.argument("name", metavar="NAME")
@click.argument("words", metavar="[-- OPTIONS OF TRAIN]", nargs=-1, type=click.UNPROCESSED)
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
    type=options.integer(ranges.TRAINING_SEED),
    multiple=True,
    default=(0,),
    show_default=True,
    help="Seed of a training; repeatable: each network is trained with each of them.",
)
@click.option(
    "--iterations",
    type=options.integer(ranges.ITERATIONS),
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
@options.device()
@click.option(
    "--gpus",
    type=options.integer(ranges.GPUS),
    default=1,
    help="GPUs, each for a process of torchrun.",
)
@click.option("--dry-run", is_flag=True, help="Only show the steps.")
@options.out(required=True)
def ablation(
    name: str, words: tuple[str, ...], encoders: tuple[str, ...], dry_run: bool, **chosen: Any
) -> None:
    """Run an ablation of the SegFormer paper; docs/ablations.md describes each NAME.

    Each network is trained for the same number of steps, scored clean and under every corruption
    (which the paper did not do) and put beside the published row in OUT/ablation.csv and .md.
    First the steps are shown, with what the networks cost and the paper's scores. Started again,
    what is finished is not done again.
    """
    from robustbench_seg.machine.start import prepare_process

    prepare_process()

    from robustbench_seg.ablation import ablation_spec, load_ablation, run_ablation
    from robustbench_seg.reporting.tables.formats import markdown

    further = _training_options(words)
    networks = [variant.name for variant in load_ablation(name).variant]
    for_all, named = _encoders(encoders, networks)
    spec = ablation_spec(name, encoder=for_all, encoders=named, **chosen, **further)
    click.echo(_overview(spec))
    if dry_run:
        return
    result = run_ablation(spec, announce=lambda line: click.echo(line, err=True))
    click.echo(f"{result.note}\n\n{markdown(result.table)}\n{result.path}")


def _training_options(words: Sequence[str]) -> Mapping[str, Any]:
    """Read options of `robustseg train`, those alone that are given.

    UsageError for one that does not exist, and for one that the ablation sets itself.
    """
    from robustbench_seg.ablation import ABLATION_OPTIONS

    own = {
        text for option in train.params if option.name in ABLATION_OPTIONS for text in option.opts
    }
    for word in words:
        option = word.partition("=")[0]
        if option in own:
            raise click.UsageError(f"`{option}` is set by the ablation itself; leave it out")
    params = [option for option in train.params if option.name not in ABLATION_OPTIONS]
    command = click.Command("ablation NAME --", params=params, add_help_option=False)
    context = command.make_context("robustseg ablation NAME --", list(words))
    return {
        option: value
        for option, value in context.params.items()
        if context.get_parameter_source(option) is ParameterSource.COMMANDLINE
    }


def _encoders(texts: Iterable[str], networks: list[str]) -> tuple[str | None, dict[str, str]]:
    """The weights for all encoders, and those for single networks, of W and V=W."""
    for_all: str | None = None
    named = dict[str, str]()
    for text in texts:
        name, equals, weights = text.partition("=")
        is_file = text.startswith(("hf:", "http")) or Path(text).exists()
        if equals and (name in networks or not is_file):
            named[name] = weights
        elif for_all is not None:
            raise click.UsageError("--encoder: two for all networks; write V=W for one of them")
        else:
            for_all = text
    return for_all, named


def _overview(spec: "AblationSpec") -> str:
    """What is compared, what to expect of each network, and the steps with their commands."""
    table = spec.ablation.table.replace("segformer_table", "table ")
    from robustbench_seg.ablation import network_summary

    networks = [network_summary(spec, variant) for variant in spec.variants]
    steps = []
    for step in spec.steps():
        command = step.command(spec.gpus)
        steps += [str(step), *([f"    {command}"] if command else [])]
    count = len(spec.seeds) * len(spec.variants)
    return "\n".join(
        [
            f"{spec.ablation.title}, as {table} of the paper\n",
            *networks,
            "",
            *steps,
            f"\n{count} trainings of {spec.training.recipe.iterations} steps, each scored\n",
        ]
    )
