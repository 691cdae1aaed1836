"""robustseg weights: list and download weights, and export models."""

from pathlib import Path

import click

from robustbench_seg.cli import parsers, shared_options
from robustbench_seg.text import text_table


@click.group(invoke_without_command=True)
@click.pass_context
def weights(context: click.Context) -> None:
    """List the weights of every model card, and whether they are on the disk.

    \b
    source   shipped       in this package
             huggingface   downloaded from the model hub, into its own cache
             url           downloaded and verified, into $ROBUSTSEG_CACHE or
                           ~/.cache/robustseg
             manual        to be downloaded by hand, into the same cache
             none          not published: for training from scratch
    """
    if context.invoked_subcommand is not None:
        return
    from robustbench_seg.weights import weight_table

    click.echo(text_table(weight_table(), left=[0, 1, 4]))


@weights.command()
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
def get(models: tuple[str, ...]) -> None:
    """Download the weights of models and print their paths.

    If some weights cannot be downloaded, the command lists them at the end.
    """
    from robustbench_seg.weights import fetch_all_weights

    for card, file in fetch_all_weights(models):
        click.echo(f"{card.name} {file}")


@weights.command()
@click.argument("model")
@click.option("--onnx", "path", metavar="OUT.onnx", type=parsers.PATH, required=True)
@shared_options.weights("given")
@shared_options.size(help="The only input size of the graph.  [default: any size]")
def export(model: str, path: Path, given: str | None, size: tuple[int, int] | None) -> None:
    """Write a model as an ONNX graph, with its description OUT.toml next to it.

    The input of the graph is float 1x3xHxW, (rgb - mean) / std of RGB in 0..1; the output is logits
    at a quarter of that size. You can evaluate onnx:OUT.onnx like any other model.
    """
    from robustbench_seg.segmenter import export_card

    export_card(model, path, weights=given, size=size)
    click.echo(f"{path}\n{path.with_suffix('.toml')}")
