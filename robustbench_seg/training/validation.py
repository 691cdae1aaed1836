"""The score of a network on whole images."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from robustbench_seg.confusion import confusion_matrix
from robustbench_seg.datasets import Dataset


@torch.inference_mode()
def validate(
    network: nn.Module, dataset: Dataset, normalise: Callable[[Tensor], Tensor]
) -> NDArray[np.int64]:
    """The confusion matrix of `network` pooled over `dataset`: whole images, one at a time.

    normalise: uint8 1x3xHxW -> what the network wants. The logits are upsampled to the image
    (bilinear, align_corners=False) in front of the argmax. The network is in eval mode
    meanwhile and returns to the mode it was in.
    """
    classes = len(dataset.classes)
    total = np.zeros((classes, classes), np.int64)
    mode = network.training
    network.eval()
    for sample in dataset:
        image = torch.from_numpy(sample.image).permute(2, 0, 1)[None]
        logits = F.interpolate(
            network(normalise(image)), sample.labels.shape, mode="bilinear", align_corners=False
        )
        predictions = logits.argmax(1)[0].to(torch.uint8).cpu().numpy()
        total += confusion_matrix(sample.labels, predictions, classes)
    network.train(mode)
    return total
