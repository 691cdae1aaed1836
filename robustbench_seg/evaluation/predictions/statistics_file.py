"""Safetensors files with the statistics of a network's BatchNorms."""

from pathlib import Path

import torch

from robustbench_seg.errors import ResultsError, WeightsError
from robustbench_seg.segmenter import NetworkSegmenter
from robustbench_seg.segmenter.inference.batch_norm import Statistics, batch_norms
from robustbench_seg.weights import read_tensors, save_weights

_PARTS = (".mean", ".variance")
"""Suffixes, after the name of a BatchNorm, of the names of its two tensors in a file."""


def write_statistics(path: Path, statistics: Statistics) -> None:
    """Write statistics to a safetensors file, atomically."""
    tensors = {
        f"{name}{part}": value
        for name, pair in statistics.items()
        for part, value in zip(_PARTS, pair, strict=True)
    }
    save_weights(path, tensors, {})


def read_statistics(path: Path, segmenter: NetworkSegmenter) -> Statistics:
    """Read statistics.

    Args:
        path: The file.
        segmenter: The segmenter that will use them.

    Raises:
        ResultsError: The file cannot be read, or its statistics do not fit the network.
    """
    own, found = batch_norms(segmenter.network), dict[str, tuple[torch.Tensor, torch.Tensor]]()
    try:
        tensors = dict(read_tensors(path))
        while tensors:
            name = next(iter(tensors)).rpartition(".")[0]
            mean, variance = (tensors.pop(f"{name}{part}") for part in _PARTS)
            fits = mean.shape == variance.shape == (own[name].num_features,)
            finite = bool(torch.isfinite(mean).all() and torch.isfinite(variance).all())
            if not (fits and finite and bool((variance >= 0).all())):
                raise ValueError(f"{name} has another shape")
            found[name] = mean.float(), variance.float()
    except (WeightsError, KeyError, ValueError, OSError) as error:
        raise ResultsError(f"{path} cannot be read ({error}); remove this file") from error
    return found
