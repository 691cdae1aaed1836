"""robustseg models: what can be evaluated or trained by name."""

import click


@click.command()
def models() -> None:
    """List the models that have a card.

    \b
    weights  shipped       in this package, ready to evaluate
             huggingface   published on the model hub
             url           published elsewhere
             manual        published where only a browser can fetch them
             none          no weights published: for training from scratch
    """
    from robustbench_seg.records.model_card import list_models, load_card

    click.echo(f"{'model':44} {'classes of':11} {'weights':12} {'inference':17} clean mIoU")
    for name in list_models():
        card = load_card(name)
        source = "shipped" if card.weights_file else card.weights.source
        mode = card.inference
        how = f"slide {mode.crop}/{mode.stride}" if mode.mode == "slide" else "whole"
        score = f"{card.published.miou:.1f}  {card.published.source}" if card.published else "-"
        click.echo(f"{name:44} {card.dataset:11} {source:12} {how:17} {score}")
