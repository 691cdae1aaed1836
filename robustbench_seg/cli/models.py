"""robustseg models: list the models that can be evaluated or trained by name."""

import click

from robustbench_seg.text import text_table


@click.command()
def models() -> None:
    """List the model cards, the public models that run with transformers, and the class maps.

    \b
    weights  shipped       in this package, ready to evaluate
             huggingface   published on the model hub
             url           published elsewhere
             manual        published, but only a browser can download them
             none          no weights published: for training from scratch

    A class map scores a model on a dataset with other classes: robustseg evaluate --class-map.
    """
    from robustbench_seg.datasets import class_map_table
    from robustbench_seg.records.cards.card_tables import hub_model_table, model_table

    click.echo(text_table(model_table(), left=range(5)))
    click.echo("\nRun by transformers (pip install 'robustseg[hf]'):\n")
    click.echo(text_table(hub_model_table(), left=range(6)))
    click.echo("\nClass maps, for models whose classes differ from those of the dataset:\n")
    click.echo(text_table(class_map_table(), left=range(2)))
