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
    from robustbench_seg.records.cards.hub_card import list_hub_models, load_hub_card
    from robustbench_seg.records.cards.model_card import list_models, load_card

    rows = [["model", "classes of", "weights", "inference", "clean mIoU"]]
    for name in list_models():
        card = load_card(name)
        source = card.weights_origin
        mode = card.inference
        how = f"slide {mode.crop}/{mode.stride}" if mode.mode == "slide" else "whole"
        score = f"{card.published.miou:.1f}  {card.published.source}" if card.published else "-"
        rows.append([name, card.dataset, source, how, score])
    click.echo(text_table(rows, left=range(5)))
    click.echo("\nRun by transformers (pip install 'robustseg[hf]'):\n")
    rows = [["family", "model", "classes of", "hub id", "needs", "clean mIoU"]]
    for hub_card in sorted(map(load_hub_card, list_hub_models()), key=lambda card: card.family):
        said = hub_card.published
        score = f"{said.miou:.1f}  {said.source}" if said else "-"
        place = hub_card.location + ("" if hub_card.verified else " (not verified)")
        needs = hub_card.needs or "-"
        rows.append([hub_card.family, hub_card.name, hub_card.dataset, place, needs, score])
    click.echo(text_table(rows, left=range(6)))
