"""robustseg evaluate: score models on a dataset under corruptions."""

from typing import Any

import click

from robustbench_seg.cli import options, parsers
from robustbench_seg.records.cards.model_forms import listed_forms
from robustbench_seg.records.specs.evaluation_options import evaluation_spec
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.values import ranges
from robustbench_seg.records.values.adaptation import PRIOR
from robustbench_seg.records.values.choices import (
    AdaptationMethod,
    Backend,
    Executor,
    InferenceMode,
    InferencePrecision,
    PredictionFormat,
    choices,
)


@click.command()
@options.models(
    required=True,
    help=f"Name of a model card, a card file, {listed_forms()}; repeatable.",
)
@options.data()
@options.dataset()
@options.split()
@click.option(
    "--corrupted",
    metavar="DIR",
    type=parsers.PATH,
    help="Folder of corrupted images, written by generate-cityscapes-c or another program.  "
    "[default: corrupt in memory]",
)
@options.weights()
@options.name()
@options.corruptions(
    help="Corruption to score; repeatable. clean alone: only clean images.  [default: all]",
)
@options.severities()
@options.protocol()
@options.stream()
@options.seed(
    "seeds",
    multiple=True,
    default=EvaluationSpec.seeds,
    help="Seed of the corruptions; repeatable. Each further seed repeats the random "
    "corruptions, and scores are means over the seeds.",
)
@options.limit()
@click.option(
    "--measure",
    "measures",
    metavar="NAME",
    multiple=True,
    help="Measure to compute, such as image_miou or confidence; repeatable.  [default: all "
    "that the model supports]",
)
@click.option(
    "--class-map",
    metavar="FILE",
    help="Map from the classes of the models to those of the dataset: a TOML file, or a name "
    "that 'robustseg models' lists, such as cityscapes-to-camvid "
    "(docs/how-to/class-map.md).",
)
@click.option(
    "--temperature",
    metavar="none|T|fit",
    callback=parsers.parse_temperature,
    default="none",
    show_default=True,
    help="Compute the confidence measures a second time with logits divided by T. fit: the T "
    "with the lowest NLL on clean images that are not scored, from the train split or "
    "else from the other half of the split.",
)
@options.out(metavar="RUNS", default=EvaluationSpec.out, help="Folder of run folders.")
@click.option(
    "--inference",
    type=click.Choice(choices(InferenceMode)),
    help="Whole images or sliding windows.  [default: the mode of the model]",
)
@click.option(
    "--input-size",
    metavar="native|processor|HxW",
    callback=parsers.parse_input_size,
    help="Input size of an hf: model. native: the size of the image; processor: as its image "
    "processor prepares it; HxW: height and width.  [default: native if the network "
    "accepts any size, else processor]",
)
@click.option(
    "--augment",
    metavar="flip,SCALE,...",
    callback=parsers.parse_augment,
    help="Test-time augmentation: average the predictions over the image and its flipped "
    "(flip) and scaled copies, such as flip,0.75,1.25.  [default: none]",
)
@click.option(
    "--adapt",
    type=click.Choice(choices(AdaptationMethod)),
    help="bn: estimate BatchNorm statistics on images of each condition, and append -bn to the "
    "name of the model (docs/adaptation.md).  [default: none]",
)
@click.option(
    "--adapt-images",
    metavar="N|all",
    callback=parsers.parse_adapt_images,
    default=EvaluationSpec.adapt_images,
    show_default=True,
    help="Number of images for these statistics, evenly spaced in the split.",
)
@click.option(
    "--adapt-prior",
    metavar="N",
    type=click.FloatRange(PRIOR.least, PRIOR.most),
    default=EvaluationSpec.adapt_prior,
    show_default=True,
    help="Weight of the original statistics, as a number of images.",
)
@options.device()
@options.precision(
    type=click.Choice(choices(InferencePrecision)),
    help="Number format that the network computes in; int8: quantised with 32 train images, for "
    "the backends onnxruntime and openvino.",
)
@click.option(
    "--backend",
    type=click.Choice(choices(Backend)),
    default=EvaluationSpec.backend,
    show_default=True,
    help="Library that runs the network of a card. auto: openvino for float32 on a CPU if it is "
    "installed, else torch.",
)
@click.option(
    "--batch",
    metavar="N",
    type=parsers.integer(ranges.BATCH),
    default=EvaluationSpec.batch,
    show_default=True,
    help="Windows of an image in one GPU batch; halved if its memory is too small.",
)
@options.shard(help="Process only the I-th of N parts of the images; all parts form one run.")
@click.option(
    "--executor",
    type=click.Choice(choices(Executor)),
    default=EvaluationSpec.executor,
    show_default=True,
    help="ray: run on the cluster at $RAY_ADDRESS, or on the one started on this machine.",
)
@options.threads(help="CPU threads of a network.  [default: all cores, shared by the processes]")
@click.option(
    "--processes",
    metavar="N",
    type=parsers.integer(ranges.PROCESSES),
    default=EvaluationSpec.processes,
    show_default=True,
    help="Processes of this machine that share the images on its CPUs, each with a network.",
)
@click.option(
    "--workers",
    type=parsers.integer(ranges.WORKERS),
    help="Threads that corrupt images; with 1, the thread of the model does it.  [default: 1, "
    "for a GPU 8]",
)
@click.option(
    "--save-predictions",
    metavar="DIR",
    type=parsers.PATH,
    help="Also write each prediction as a PNG file.",
)
@click.option(
    "--prediction-format",
    type=click.Choice(choices(PredictionFormat)),
    default=EvaluationSpec.prediction_format,
    show_default=True,
    help="indices: class indices in the colours of the dataset. Otherwise: file names and "
    "values for the test server of that dataset or challenge (docs/datasets.md).",
)
@click.option(
    "--save-confidence",
    is_flag=True,
    help="Also write the confidence of each label as 16-bit PNG files (3 MB for an image of "
    "2048x1024).",
)
@click.option(
    "--attack-from",
    metavar="MODEL",
    help="Attack this model instead of the scored one (transfer attack).",
)
@click.option(
    "--round",
    "round_attacks",
    is_flag=True,
    help="Round attacked images to 8 bits before scoring.",
)
@click.option(
    "--class-frequencies",
    metavar="FILE",
    type=parsers.PATH,
    help="Output of class-frequencies, for attacks that balance the classes.",
)
@click.option(
    "--save-attacks",
    metavar="DIR",
    type=parsers.PATH,
    help="Also write attacked images, as float32 .npy files in 0..1.",
)
def evaluate(models: tuple[str, ...], **chosen: Any) -> None:
    """Score models on a dataset, clean and under every corruption and severity.

    Each model has one run folder, RUNS/<model>-<dataset>-<split>-<key>. If you start the command
    again, it computes only missing results; other corruptions or severities are added. For several
    machines, GPUs and clusters see docs/how-to/cluster.md.
    """
    from robustbench_seg.cli.before_evaluation import check_names, evaluation_notice

    spec = evaluation_spec(models, **chosen)
    check_names(spec)
    if notice := evaluation_notice(spec):
        click.echo(notice, err=True)

    from robustbench_seg.machine.start import prepared_process

    with prepared_process():
        from robustbench_seg.cli.terminal_summary import summary_text
        from robustbench_seg.evaluation import evaluate as run

    runs = run(spec, progress=True)
    if runs:  # with torchrun, the first process has them
        click.echo(summary_text(runs, spec.protocol))
