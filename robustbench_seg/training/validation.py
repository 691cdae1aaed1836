"""The confusion matrix of a network on a validation split, labelled as `evaluate` labels it."""

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.architectures import SegmentationNetwork
from robustbench_seg.datasets import LabelledSamples
from robustbench_seg.measures import confusion_matrix
from robustbench_seg.records.cards.model_card import ModelCard
from robustbench_seg.records.runs.segmenter_record import ModelFacts
from robustbench_seg.segmenter import DescribedNetwork, SegmenterOptions, assemble, network_record


def validate(
    network: SegmentationNetwork, dataset: LabelledSamples, card: ModelCard, device: str = "cpu"
) -> NDArray[np.int64]:
    """Compute the confusion matrix of a network over a dataset, one image at a time, in float32.

    Args:
        network: The network. It is in eval mode during the call; then its mode is restored.
        dataset: The images.
        card: The image preparation: normalisation, size, windows.
        device: A torch device.

    Returns:
        int64 KxK for K classes: rows are the truth, columns the prediction.
    """
    segmenter = assemble(
        DescribedNetwork(network, network_record(card, network), ModelFacts()),
        SegmenterOptions(device=device),
        name=card.name,
        classes=dataset.classes,
    )
    classes = len(dataset.classes)
    total = np.zeros((classes, classes), np.int64)
    mode = network.training
    network.eval()
    try:
        for index in range(len(dataset)):
            sample = dataset[index]
            total += confusion_matrix(sample.labels, segmenter(sample.image), classes)
    finally:
        network.train(mode)
    return total
