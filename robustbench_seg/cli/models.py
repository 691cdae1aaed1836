"""robustseg models: what can be evaluated or trained by name."""

import click

from robustbench_seg.text import text_table


@click.command()
def models() -> None:
    """List the models that have a card, and those that run with transformers, by family.

    \b
    weights  shipped       in this package, ready to evaluate
             huggingface   published on the model hub
             url           published elsewhere
             manual        published where only a browser can fetch them
             none          no weights published: for training from scratch
    """
    from robustbench_seg.records.cards.card_tables import hub_model_table, model_table

    click.echo(text_table(model_table(), left=range(5)))
    click.echo("\nRun by transformers (pip install 'robustseg[hf]'):\n")
    click.echo(text_table(hub_model_table(), left=range(6)))
