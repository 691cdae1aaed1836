"""Weights into a network: all of them, or none and an error that lists the differences."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from robustbench_seg.errors import WeightsError
from robustbench_seg.weights.file import read_weights

SHOWN = 4


def load_weights(network: nn.Module, path: Path) -> dict[str, str]:
    """Fill `network` with the weights in `path` (see read_weights) and return their metadata.

    A network that can (`use_eps`) takes on the LayerNorm epsilons the weights were made for.
    Raises WeightsError if the file cannot be read, or lacks a tensor of the network, has one
    too many, or one of another shape; the network is then unchanged.
    """
    weights = read_weights(path)
    _fill(network, weights.tensors, path)
    _use_eps(network, weights.metadata)
    return weights.metadata


def load_encoder(network: nn.Module, path: Path) -> dict[str, str]:
    """Fill `network.backbone` alone with the weights in `path` and return their metadata.

    For training: an encoder trained on ImageNet (the Mix Transformer of its authors or of the
    Hugging Face hub; ResNet and MobileNetV2 named as in torchvision; Xception of TensorFlow), or
    that of a whole network. A classifier or decoder in the file is ignored; the encoder must fit as
    strictly as in load_weights, which raises the same.
    """
    weights = read_weights(path)
    prefix = "backbone."
    encoder = {
        name.removeprefix(prefix): tensor
        for name, tensor in weights.tensors.items()
        if name.startswith(prefix)
    }
    _fill(network.get_submodule("backbone"), encoder, path)
    _use_eps(network, weights.metadata)
    return weights.metadata


def _fill(network: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    differences = _differences(tensors, network.state_dict())
    if differences:
        kind = type(network).__name__
        raise WeightsError(f"{path} does not fit this {kind}: {'; '.join(differences)}")
    network.load_state_dict(tensors)


def _use_eps(network: nn.Module, metadata: Mapping[str, str]) -> None:
    use_eps = getattr(network, "use_eps", None)
    if callable(use_eps) and "eps" in metadata:
        use_eps(metadata["eps"])


def _differences(given: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> list[str]:
    missing = [name for name in wanted if name not in given]
    left_over = [name for name in given if name not in wanted]
    reshaped = [
        f"{name} ({_shape(given[name])} in the file, {_shape(wanted[name])} in the network)"
        for name in wanted
        if name in given and given[name].shape != wanted[name].shape
    ]
    groups = {"missing": missing, "left over": left_over, "of another shape": reshaped}
    return [f"{len(names)} {kind}: {_some(names)}" for kind, names in groups.items() if names]


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"
