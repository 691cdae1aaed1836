"""The included cards and the parameters of a protocol, as tables of text."""

import textwrap
from collections.abc import Sequence

from robustbench_seg.records.cards.hub_card import list_hub_models, load_hub_card
from robustbench_seg.records.cards.model_card import list_models, load_card
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.records.values.published_score import Published
from robustbench_seg.text import text_table

Table = Sequence[Sequence[str]]
"""Rows of cells; the first row is the header."""


def model_table() -> Table:
    """Tabulate the included model cards: classes, weights, inference and published clean mIoU."""
    rows = [["model", "classes of", "weights", "inference", "clean mIoU"]]
    for card in map(load_card, list_models()):
        inference, published = _inference(card.inference), _published(card.published)
        rows.append([card.name, card.dataset, card.weights_origin, inference, published])
    return rows


def hub_model_table() -> Table:
    """Tabulate the models that transformers runs, by family: hub id and published clean mIoU."""
    rows = [["family", "model", "classes of", "hub id", "needs", "clean mIoU"]]
    for card in sorted(map(load_hub_card, list_hub_models()), key=lambda card: card.family):
        place = card.location + ("" if card.verified else " (not verified)")
        about = [card.family, card.name, card.dataset, place]
        rows.append([*about, card.needs or "-", _published(card.published)])
    return rows


def parameter_table(protocol: Protocol) -> Table:
    """Tabulate the parameters of each perturbation of a protocol, with a column per severity."""
    first, *others = map(str, protocol.severities)
    severities = [f"severity {first}", *others]
    rows = [[protocol.words.noun, "category", "scored", "parameter", *severities]]
    for perturbation in protocol.perturbations:
        about = [perturbation.name, perturbation.category, perturbation.scored_text]
        for name in dict.fromkeys(name for each in perturbation.parameters for name in each):
            values = [
                f"{each[name]:g}" if name in each else "-" for each in perturbation.parameters
            ]
            values += ["-"] * (len(protocol.severities) - len(values))
            rows.append([*about, name, *values])
            about = [""] * len(about)  # only the first row of a perturbation has them
    return rows


def protocol_text(protocol: Protocol) -> str:
    """Name a protocol and its source, and list the parameters of its perturbations."""
    head = [f"{protocol.name}, version {protocol.version}", *textwrap.wrap(protocol.source, 100)]
    return "\n".join([*head, "", text_table(parameter_table(protocol), left=range(4))])


def _inference(inference: Inference) -> str:
    if inference.mode == "slide":
        return f"slide {inference.crop}/{inference.stride}"
    return "whole"


def _published(published: Published | None) -> str:
    return f"{published.miou:.1f}  {published.source}" if published else "-"
