"""Loads weights into a network: all of them, or none with an error that lists the differences."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from robustbench_seg.errors import WeightsError
from robustbench_seg.text import first_items
from robustbench_seg.weights.formats.network_tensors import COUNTER, Shapes
from robustbench_seg.weights.weight_file import Weights, not_finite, read_weights


def shapes_of(network: nn.Module) -> Shapes:
    """List the shapes of a network's tensors, by their names.

    Args:
        network: The network, which may be on the device "meta".

    Returns:
        Maps names to shapes.
    """
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def load_weights(network: nn.Module, path: Path) -> Mapping[str, str]:
    """Fill a network with the weights of a file.

    Args:
        network: The network, changed in place.
        path: The file (see read_weights).

    Returns:
        Metadata of the weights.

    Raises:
        WeightsError: As for `read_weights` and `copy_weights`.
    """
    weights = read_weights(path, shapes_of(network))
    copy_weights(network, weights)
    return weights.metadata


def copy_weights(network: nn.Module, weights: Weights) -> None:
    """Copy all weights into a network.

    A network with a method `use_eps` also gets the LayerNorm epsilons of the project that published
    the weights.

    Args:
        network: The network, changed in place.
        weights: The weights.

    Raises:
        WeightsError: A tensor of the network is missing, or one is left over, has another shape or
            has NaN or infinite values. The network is then unchanged.
    """
    _copy(network, weights.tensors, weights.path, weights.metadata.get("format"))
    _use_eps(network, weights.metadata)


def load_encoder(network: nn.Module, path: Path) -> Mapping[str, str]:
    """Fill a network's encoder, `network.backbone`, with the weights of a file, for training.

    The file contains an encoder trained on ImageNet (the Mix Transformer of its authors or of the
    Hugging Face hub, ResNet and MobileNetV2 named as in torchvision, or Xception of TensorFlow), or
    a whole network. A classifier or decoder in the file is ignored. The encoder must fit as
    strictly as in load_weights.

    Args:
        network: The network, changed in place.
        path: The file (see read_weights).

    Returns:
        Metadata of the weights.

    Raises:
        WeightsError: As for load_weights.
    """
    prefix = "backbone."
    shapes = {n: shape for n, shape in shapes_of(network).items() if n.startswith(prefix)}
    weights = read_weights(path, shapes)
    encoder = {
        name.removeprefix(prefix): tensor
        for name, tensor in weights.tensors.items()
        if name.startswith(prefix)
    }
    _copy(network.get_submodule("backbone"), encoder, path, weights.metadata.get("format"))
    _use_eps(network, weights.metadata)
    return weights.metadata


def _copy(
    network: nn.Module, tensors: Mapping[str, Tensor], path: Path, origin: str | None
) -> None:
    state = network.state_dict()
    counters = {name: torch.tensor(0) for name in state if name.endswith(COUNTER)}
    tensors = {**counters, **tensors}
    differences = _differences(tensors, state)
    if differences:
        foreign = origin not in (None, "robustseg")
        file = f"{path} (from {origin})" if foreign else f"{path}"
        raise WeightsError(
            f"{file} does not fit this {type(network).__name__}: {'; '.join(differences)}; choose "
            "the card that the file belongs to (robustseg models)"
        )
    if names := not_finite(tensors):
        raise WeightsError(
            f"{path}: NaN or infinite values in {first_items(names, 4)}; download the file again, "
            "or train the network again"
        )
    network.load_state_dict(tensors)


def _use_eps(network: nn.Module, metadata: Mapping[str, str]) -> None:
    use_eps = getattr(network, "use_eps", None)
    if callable(use_eps) and "eps" in metadata:
        use_eps(metadata["eps"])


def _differences(tensors: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> list[str]:
    missing = [name for name in state if name not in tensors]
    left_over = [name for name in tensors if name not in state]
    reshaped = [
        f"{name} ({_shape(tensors[name])} in the file, {_shape(state[name])} in the network)"
        for name in state
        if name in tensors and tensors[name].shape != state[name].shape
    ]
    groups = {"missing": missing, "left over": left_over, "of another shape": reshaped}
    lists = {kind: first_items(names, 4) for kind, names in groups.items() if names}
    return [f"{len(groups[kind])} {kind}: {names}" for kind, names in lists.items()]


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"
