"""The weights of every model card as a table of text."""

from collections.abc import Sequence

from robustbench_seg.records.cards.model_card import ModelCard, list_models, load_card
from robustbench_seg.weights.card_weights import cached_weights


def weight_table() -> Sequence[Sequence[str]]:
    """Tabulate the weights of the included cards; the first row is the header.

    Returns:
        Rows of cells: model, source, size of the file on the disk, published clean mIoU in percent,
        licence.
    """
    head = ["model", "source", "at hand", "mIoU", "licence"]
    return [head, *(_row(load_card(name)) for name in list_models())]


def _row(card: ModelCard) -> Sequence[str]:
    file = cached_weights(card)
    size = f"{file.stat().st_size / 1e6:.1f} MB" if file else "-"
    score = f"{card.published.miou:.2f}" if card.published else "-"
    return [card.name, card.weights_origin, size, score, card.weights.licence or "-"]
