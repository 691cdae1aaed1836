"""The model of a card as an ONNX graph."""

from pathlib import Path

from robustbench_seg.errors import ModelError
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.runs.segmenter_record import untrained_name
from robustbench_seg.segmenter.adapters.programs.onnx_export import export_onnx
from robustbench_seg.segmenter.loading.card_segmenter import load_card_network


def export_card(
    model: str | Path,
    path: Path,
    *,
    weights: str | Path | None = None,
    size: tuple[int, int] | None = None,
) -> None:
    """Write the model of a card as X.onnx, and its description next to it as X.toml.

    Args:
        model: A card's name or file.
        path: Path of the graph, X.onnx.
        weights: Weights instead of the card's, see load_model.
        size: Height and width, if the graph takes no other size. None: any size.

    Raises:
        ModelError: The card scales images, which a graph cannot express; or as for export_onnx.
        CardError: The card is wrong, or its windows do not fit the size.
        WeightsError: The weights are missing or do not fit.
    """
    card = load_card(model)
    if card.resize:
        raise ModelError(
            f"{model}: it evaluates images scaled to another size, which the description of a "
            "graph cannot express; export another card of the same network"
        )
    loaded = load_card_network(card, weights)
    export_onnx(
        loaded.network,
        path,
        name=card.name if loaded.weights else untrained_name(card.name),
        classes=loaded.classes,
        preprocessing=card.preprocessing,
        inference=card.inference,
        size=size,
    )
