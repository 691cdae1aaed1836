"""The options that several commands share, each with one meaning and help text.

    @options.data()
    @options.split(default="train")
    def train(data, split): ...

Each is a decorator for a click command. Its arguments are those of click.option, for the
differences between commands: a default, the name of the parameter, `multiple`.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from robustbench_seg.cli.parsers import FOLDER, PATH, integer, parse_shard_option, parse_size
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.specs.training_spec import TrainingSpec
from robustbench_seg.records.specs.tree_spec import TreeSpec
from robustbench_seg.records.values import ranges
from robustbench_seg.records.values.choices import Precision, Stream, choices
from robustbench_seg.records.values.condition import SEVERITIES
from robustbench_seg.records.values.training_recipe import TrainingRecipe

Command = TypeVar("Command", bound=Callable[..., Any])


class ProtocolOption(click.Option):
    """An option whose help lists the included protocols, read only when help is shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the name and the help of the option."""
        from robustbench_seg.records.cards.protocol import list_protocols

        self.help = (self.help or "").replace("PROTOCOLS", ", ".join(list_protocols()))
        return super().get_help_record(ctx)


def _shared(*names: str, **shared: Any) -> Callable[..., Callable[[Command], Command]]:
    """The decorator of an option; arguments of a command replace the shared ones."""

    def option(*parameter: str, **own: Any) -> Callable[[Command], Command]:
        arguments = shared | own
        arguments.setdefault("show_default", arguments.get("default") is not None)
        return click.option(names[0], *(parameter or names[1:]), **arguments)

    return option


# The models.
model = _shared("--model", metavar="M", help="Name of a model card, or a card file.")
models = _shared(
    "--model",
    "models",
    metavar="M",
    multiple=True,
    help="Name of a model card, or a card file; repeatable.",
)
weights = _shared(
    "--weights",
    metavar="W",
    help="File, hf:<hub id> or URL that replaces the weights of the card; none: random weights.",
)
name = _shared("--name", help="Name in every table and file.  [default: the name of the card]")

# The data.
data = _shared(
    "--data",
    metavar="ROOT",
    type=PATH,
    help="Root folder of the dataset.  [default: for Cityscapes $CITYSCAPES_DATASET]",
)
dataset = _shared(
    "--dataset", default=EvaluationSpec.dataset, help="Name of the dataset, or its TOML file."
)
split = _shared("--split", default=EvaluationSpec.split, help="Split of the dataset.")
limit = _shared(
    "--limit", metavar="N", type=integer(ranges.LIMIT), help="Use only the first N images."
)
shard = _shared(
    "--shard",
    default="1/1",
    show_default=False,
    metavar="I/N",
    callback=parse_shard_option,
    help="Process only the I-th of N parts of the images.",
)

# The corruptions.
protocol = _shared(
    "--protocol",
    cls=ProtocolOption,
    metavar="P",
    default=EvaluationSpec.protocol,
    help="PROTOCOLS or a TOML file.",
)
scoring_protocol = _shared(
    "--protocol",
    metavar="P",
    help="Score under this protocol: its name or TOML file.  [default: the protocol of each run]",
)
corruptions = _shared(
    "--corruption",
    "corruptions",
    multiple=True,
    help="Use only this corruption; repeatable.  [default: all]",
)
severities = _shared(
    "--severity",
    "severities",
    multiple=True,
    type=click.IntRange(SEVERITIES[0], SEVERITIES[-1]),
    help="Use only this severity; repeatable.  [default: all]",
)
stream = _shared(
    "--stream",
    type=click.Choice(choices(Stream)),
    default=EvaluationSpec.stream,
    help="Random number stream of the corruptions; reference: that of imagecorruptions.",
)
seed = _shared(
    "--seed",
    type=integer(ranges.CORRUPTION_SEED),
    default=TreeSpec.seed,
    help="Seed of the corruptions.",
)

# The machine.
size = _shared("--size", metavar="HxW", callback=parse_size, help="Height and width of the image.")
device = _shared("--device", default=EvaluationSpec.device, help="cpu, cuda, cuda:1, ...")
precision = _shared(
    "--precision",
    type=click.Choice(choices(Precision)),
    default=EvaluationSpec.precision,
    help="Number format of the forward pass.",
)
threads = _shared(
    "--threads",
    metavar="N",
    type=integer(ranges.THREADS),
    help="CPU threads of the network.  [default: all cores]",
)

# A training.
batch = _shared(
    "--batch",
    metavar="N",
    type=integer(ranges.BATCH),
    default=TrainingRecipe.batch,
    help="Images per step.",
)
lr = _shared(
    "--lr",
    type=float,
    default=TrainingRecipe.lr,
    help="Peak learning rate of the backbone.",
)
warmup = _shared(
    "--warmup",
    metavar="N",
    type=integer(ranges.WARMUP),
    default=TrainingRecipe.warmup,
    help="Steps of linear warm-up.",
)
weight_decay = _shared(
    "--weight-decay",
    type=float,
    default=TrainingRecipe.weight_decay,
    help="Weight decay of AdamW.",
)
head_lr_factor = _shared(
    "--head-lr-factor",
    type=float,
    default=TrainingRecipe.head_lr_factor,
    help="Learning rate of the head, as a multiple of --lr.",
)
ema = _shared(
    "--ema",
    type=float,
    metavar="DECAY",
    help="Validate and save a moving average of the weights with this decay, such as 0.999.",
)
drop_path = _shared(
    "--drop-path", type=float, help="Stochastic depth rate.  [default: that of the network]"
)
validate_on = _shared(
    "--validate-on", default=TrainingSpec.validate_on, help="Split on which mIoU is measured."
)
validate_every = _shared(
    "--validate-every",
    metavar="N",
    type=integer(ranges.ITERATIONS),
    help="Steps between validations.  [default: only at the end]",
)
checkpoint_every = _shared(
    "--checkpoint-every",
    metavar="N",
    type=integer(ranges.ITERATIONS),
    help="Steps between checkpoints.  [default: every 3 minutes]",
)
workers = _shared(
    "--workers",
    metavar="N",
    type=integer(ranges.PREPARERS),
    default=TrainingSpec.workers,
    help="Processes that prepare batches.",
)
half = _shared("--half", is_flag=True, help="Store the weights as float16.")

# Results.
out = _shared("--out", metavar="DIR", type=FOLDER, help="Folder to write to.")
csv = _shared("--csv", metavar="FILE", type=PATH, help="Write the table with all numbers.")
runs = _shared(
    "--runs",
    metavar="RUNS",
    type=PATH,
    multiple=True,
    default=(EvaluationSpec.out,),
    help="Run folders or packs, or folders of them; repeatable.",
)
reference = _shared(
    "--reference",
    metavar="M",
    help="Model to which CD and rCD are relative: one of the runs or a published row.",
)
