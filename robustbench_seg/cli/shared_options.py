"""The options that several commands share, each with one meaning and help text.

    @shared_options.data()
    @shared_options.split(default="train")
    def train(data, split): ...

Each is a decorator for a click command. Its arguments are those of click.option, for the
differences between commands: a default, the name of the parameter, `multiple`.
"""

from collections.abc import Callable
from typing import Any

import click

from robustbench_seg.cli.field_option import Command, field_arguments, flag_of, option
from robustbench_seg.cli.parsers import FOLDER, PATH, parse_shard_option, parse_size
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.specs.training_spec import TrainingSpec
from robustbench_seg.records.specs.tree_spec import TreeSpec
from robustbench_seg.records.values.condition import SEVERITIES
from robustbench_seg.records.values.training_recipe import TrainingRecipe


class ProtocolOption(click.Option):
    """An option whose help lists the included protocols, read only when help is shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the name and the help of the option."""
        from robustbench_seg.records.cards.protocol import list_protocols

        self.help = (self.help or "").replace("PROTOCOLS", ", ".join(list_protocols()))
        return super().get_help_record(ctx)


def _shared(*names: str, **shared: Any) -> Callable[..., Callable[[Command], Command]]:
    """The decorator of an option; arguments of a command replace the shared ones."""

    def declare(*parameter: str, **own: Any) -> Callable[[Command], Command]:
        return option(names[0], *(parameter or names[1:]), **shared | own)

    return declare


def _of(
    spec: type, field: str, flag: str = "", **shared: Any
) -> Callable[..., Callable[[Command], Command]]:
    """The decorator of the option of a field; see `field_option`."""
    return _shared(flag or flag_of(field), field, **field_arguments(spec, field) | shared)


# Models.
model = _of(TrainingSpec, "model", metavar="M", help="Name of a model card, or a card file.")
models = _of(
    EvaluationSpec,
    "models",
    "--model",
    metavar="M",
    help="Name of a model card, or a card file; repeatable.",
)
weights = _of(
    EvaluationSpec,
    "weights",
    metavar="W",
    help="File, hf:<hub id> or URL that replaces the weights of the card; none: random weights.",
)
name = _of(
    EvaluationSpec, "name", help="Name in every table and file.  [default: the name of the card]"
)

# Data.
data = _of(
    EvaluationSpec,
    "data",
    metavar="ROOT",
    help="Root folder of the dataset.  [default: for Cityscapes $CITYSCAPES_DATASET]",
)
dataset = _of(EvaluationSpec, "dataset", help="Name of the dataset, or its TOML file.")
split = _of(EvaluationSpec, "split", help="Split of the dataset.")
limit = _of(EvaluationSpec, "limit", metavar="N", help="Use only the first N images.")
shard = _of(
    EvaluationSpec,
    "shard",
    type=str,
    default="1/1",
    show_default=False,
    metavar="I/N",
    callback=parse_shard_option,
    help="Process only the I-th of N parts of the images.",
)

# Corruptions.
protocol = _of(
    EvaluationSpec,
    "protocol",
    cls=ProtocolOption,
    metavar="P",
    help="PROTOCOLS or a TOML file.",
)
scoring_protocol = _shared(
    "--protocol",
    metavar="P",
    help="Score under this protocol: its name or TOML file.  [default: the protocol of each run]",
)
corruptions = _of(
    EvaluationSpec,
    "corruptions",
    "--corruption",
    help="Use only this corruption; repeatable.  [default: all]",
)
severities = _of(
    EvaluationSpec,
    "severities",
    "--severity",
    type=click.IntRange(SEVERITIES[0], SEVERITIES[-1]),
    help="Use only this severity; repeatable.  [default: all]",
)
stream = _of(
    EvaluationSpec,
    "stream",
    help="Random number stream of the corruptions; reference: that of imagecorruptions.",
)
seed = _of(TreeSpec, "seed", help="Seed of the corruptions.")

# Machine.
size = _shared("--size", metavar="HxW", callback=parse_size, help="Height and width of the image.")
device = _of(EvaluationSpec, "device", help="cpu, cuda, cuda:1, ...")
precision = _of(TrainingSpec, "precision", help="Number format of the forward pass.")
threads = _of(
    EvaluationSpec,
    "threads",
    metavar="N",
    help="CPU threads of the network.  [default: all cores]",
)

# Training.
batch = _of(TrainingRecipe, "batch", metavar="N", help="Images per step.")
lr = _of(TrainingRecipe, "lr", help="Peak learning rate of the backbone.")
warmup = _of(TrainingRecipe, "warmup", metavar="N", help="Steps of linear warm-up.")
weight_decay = _of(TrainingRecipe, "weight_decay", help="Weight decay of AdamW.")
head_lr_factor = _of(
    TrainingRecipe,
    "head_lr_factor",
    help="Learning rate of the head, as a multiple of --lr.",
)
ema = _of(
    TrainingRecipe,
    "ema",
    metavar="DECAY",
    help="Validate and save a moving average of the weights with this decay, such as 0.999.",
)
drop_path = _of(
    TrainingRecipe, "drop_path", help="Stochastic depth rate.  [default: that of the network]"
)
validate_on = _of(TrainingSpec, "validate_on", help="Split on which mIoU is measured.")
validate_every = _of(
    TrainingSpec,
    "validate_every",
    metavar="N",
    help="Steps between validations.  [default: only at the end]",
)
checkpoint_every = _of(
    TrainingSpec,
    "checkpoint_every",
    metavar="N",
    help="Steps between checkpoints.  [default: every 3 minutes]",
)
workers = _of(TrainingSpec, "workers", metavar="N", help="Processes that prepare batches.")
half = _of(TrainingSpec, "half", help="Store the weights as float16.")

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
