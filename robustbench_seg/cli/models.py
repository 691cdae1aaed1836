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
    from robustbench_seg.datasets import list_class_maps, load_class_map
    from robustbench_seg.records.cards.card_tables import hub_model_table, model_table

    click.echo(text_table(model_table(), left=range(5)))
    click.echo("\nRun by transformers (pip install 'robustseg[hf]'):\n")
    click.echo(text_table(hub_model_table(), left=range(6)))
    click.echo("\nClass maps, for models with other classes than the dataset's:\n")
    maps = ((name, load_class_map(name).facts.about) for name in list_class_maps())
    click.echo(text_table([("class map", "about"), *maps], left=range(2)))
