"""robustseg evaluate: score models on a dataset under corruptions."""

from functools import partial
from typing import Any

import click

from robustbench_seg.cli import parsers, shared_options
from robustbench_seg.cli.field_option import field_option
from robustbench_seg.records.cards.model_forms import listed_forms
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec, evaluation_spec

_option = partial(field_option, EvaluationSpec)
"""The option of a field of EvaluationSpec."""


@click.command()
@shared_options.models(
    required=True,
    help=f"Name of a model card, a card file, {listed_forms()}; repeatable.",
)
@shared_options.data()
@shared_options.dataset()
@shared_options.split()
@_option(
    "corrupted",
    metavar="DIR",
    help="Folder of corrupted images, written by generate-cityscapes-c or another program.  "
    "[default: corrupt in memory]",
)
@shared_options.weights()
@shared_options.name()
@shared_options.corruptions(
    help="Corruption to score; repeatable. clean: only clean images.  [default: all]",
)
@shared_options.severities()
@shared_options.protocol()
@shared_options.stream()
@_option(
    "seeds",
    "--seed",
    help="Seed of the corruptions; repeatable. Each further seed repeats the random "
    "corruptions, and scores are means over the seeds.",
)
@shared_options.limit()
@_option(
    "measures",
    "--measure",
    metavar="NAME",
    help="Measure to compute, such as image_miou or confidence; repeatable.  [default: all "
    "that the model supports]",
)
@_option(
    "class_map",
    metavar="FILE",
    help="Map from the classes of the models to those of the dataset: a TOML file, or a name "
    "that 'robustseg models' lists, such as cityscapes-to-camvid "
    "(docs/how-to/class-map.md).",
)
@_option(
    "temperature",
    metavar="none|T|fit",
    callback=parsers.parse_temperature,
    default="none",
    help="Compute the confidence measures a second time, with logits divided by T. fit: the T "
    "with the lowest NLL on clean images that are not scored: images of the train split or, "
    "without one, of the other half of the split.",
)
@shared_options.out(metavar="RUNS", default=EvaluationSpec.out, help="Folder for the run folders.")
@_option(
    "inference",
    help="Whole images or sliding windows.  [default: the mode of the model]",
)
@_option(
    "input_size",
    metavar="native|processor|HxW",
    callback=parsers.normalise_input_size,
    help="Input size of an hf: model. native: the size of the image; processor: as its image "
    "processor prepares it; HxW: height and width.  [default: native if the network "
    "accepts any size, else processor]",
)
@_option(
    "augment",
    metavar="flip,SCALE,...",
    callback=parsers.normalise_augment,
    help="Test-time augmentation: average the predictions over the image and its flipped "
    "(flip) and scaled copies, such as flip,0.75,1.25.  [default: none]",
)
@_option(
    "adapt",
    help="bn: estimate BatchNorm statistics on images of each condition, and append -bn to the "
    "name of the model (docs/adaptation.md).  [default: none]",
)
@_option(
    "adapt_images",
    metavar="N|all",
    callback=parsers.parse_adapt_images,
    help="Number of images for these statistics, evenly spaced in the split.",
)
@_option(
    "adapt_prior",
    metavar="N",
    help="Weight of the original statistics, as a number of images.",
)
@shared_options.device()
@_option(
    "precision",
    help="Number format that the network computes in. int8: quantised with 32 train images; needs "
    "the backend onnxruntime or openvino.",
)
@_option(
    "backend",
    help="Library that runs the network of a card. auto: openvino for float32 on a CPU if it is "
    "installed, else torch.",
)
@_option(
    "batch",
    metavar="N",
    help="Windows of an image per GPU batch; halved if GPU memory runs out.",
)
@shared_options.shard(
    help="Process only the I-th of N parts of the images; all parts form one run."
)
@_option(
    "executor",
    help="ray: run on the Ray cluster at $RAY_ADDRESS, or on the one started on this machine.",
)
@shared_options.threads(
    help="CPU threads per network.  [default: all cores, shared by the processes]"
)
@_option(
    "processes",
    metavar="N",
    help="Number of CPU processes on this machine that share the images; each loads the network.",
)
@_option(
    "workers",
    help="Threads that corrupt images; with 1, the model's own thread does it.  [default: 1; on a "
    "GPU 8]",
)
@_option(
    "save_predictions",
    metavar="DIR",
    help="Also write each prediction as a PNG file.",
)
@_option(
    "prediction_format",
    help="indices: class indices, with the colours of the dataset as palette. Others: file names "
    "and values for the test server of that dataset or challenge (docs/datasets.md).",
)
@_option(
    "save_confidence",
    help="Also write the confidence of each label as 16-bit PNG files (3 MB for an image of "
    "2048x1024).",
)
@_option(
    "attack_from",
    metavar="MODEL",
    help="Attack this model instead of the scored one (transfer attack).",
)
@_option(
    "round_attacks",
    "--round",
    help="Round attacked images to 8 bits before scoring.",
)
@_option(
    "class_frequencies",
    metavar="FILE",
    help="File written by class-frequencies, for attacks that balance the classes.",
)
@_option(
    "save_attacks",
    metavar="DIR",
    help="Also write attacked images, as float32 .npy files in 0..1.",
)
def evaluate(models: tuple[str, ...], **chosen: Any) -> None:
    """Score models on a dataset, clean and under every corruption and severity.

    Each model has one run folder, RUNS/<model>-<dataset>-<split>-<key>. If you start the command
    again, it computes only missing results; other corruptions or severities are added. For several
    machines, GPUs and clusters see docs/how-to/cluster.md.
    """
    from robustbench_seg.cli.before_evaluation import check_names

    spec = evaluation_spec(models, **chosen)
    check_names(spec)

    from robustbench_seg.reporting.literature.published_notice import published_notice

    if notice := published_notice(spec):
        click.echo(notice, err=True)

    from robustbench_seg.machine.start import prepared_process

    with prepared_process():
        from robustbench_seg.evaluation import evaluate as run
        from robustbench_seg.reporting.evaluation_summary import summary_text

    runs = run(spec, progress=True)
    if runs:  # with torchrun, the first process has them
        click.echo(summary_text(runs, spec.protocol))
