"""Writes and reads weight files (safetensors with text metadata), and reads those of other
projects.

Those are safetensors, files of torch.save and TensorFlow checkpoints, in one file or in shards.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from robustbench_seg.errors import WeightsError
from robustbench_seg.files import read_json, write_bytes
from robustbench_seg.weights.formats.network_tensors import Shapes, find_network
from robustbench_seg.weights.formats.registry import classes_of
from robustbench_seg.weights.readers.first_bytes import SAFETENSORS_START, check_file, unreadable
from robustbench_seg.weights.readers.tensor_bundle import read_tensor_bundle
from robustbench_seg.weights.readers.torch_checkpoint import read_torch_checkpoint
from robustbench_seg.weights.readers.weight_paths import (
    BUNDLE_INDEX,
    IN_FOLDER,
    SHARD_INDEX,
    find_weights,
    read_shard_index,
    weight_files,
)

log = logging.getLogger(__name__)

PICKLE_STARTS = (b"PK", b"\x80")
"""The first bytes of what torch.save writes, today and before PyTorch 1.6."""


@dataclass(frozen=True)
class Weights:
    """The content of a weight file.

    Attributes:
        tensors: Maps names to tensors, named and shaped as in this package.
        metadata: For a file of this package, its metadata (architecture, variant, num_classes, eps,
            ...). For another file, its "format" if that is another project's, and, where it
        matters, "eps"; the "prefix" of the tensors' names in the file; and "classes", the class
            names as JSON, if the file or the config.json next to it has them.
        path: The file.
    """

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    path: Path

    @property
    def num_classes(self) -> int | None:
        """Number of classes that the tensors predict. None: they are only an encoder."""
        return classes_of(self.tensors)


def save_weights(
    path: Path, state_dict: Mapping[str, Tensor], metadata: Mapping[str, str], *, half: bool = False
) -> None:
    """Write a network's state to a safetensors file, atomically.

    Args:
        path: The file.
        state_dict: Maps names to tensors.
        metadata: The facts needed to build and run the network again (see Weights).
        half: Whether to store floating-point tensors as float16. Reading gives float32 again,
            rounded to 11 significant bits.

    Raises:
        WeightsError: With `half`, a value is outside the range of float16.
    """
    tensors = {}
    for name, tensor in state_dict.items():
        tensor = tensor.detach().cpu()
        if half and tensor.is_floating_point():
            if tensor.abs().max() > torch.finfo(torch.float16).max:
                raise WeightsError(
                    f"{path}: '{name}' contains {tensor.abs().max():g}, which is too large for "
                    "half precision; save it in full precision"
                )
            tensor = tensor.half()
        # safetensors needs every tensor to be contiguous and to share no memory.
        tensors[name] = tensor.clone(memory_format=torch.contiguous_format)
    # save_file would create a file that only its owner may read.
    write_bytes(path, save(tensors, {**metadata, "format": "robustseg"}))


def not_finite(tensors: Mapping[str, Tensor]) -> list[str]:
    """List the tensors with a value that is NaN or infinite.

    Args:
        tensors: Maps names to tensors.

    Returns:
        Names of those tensors.
    """
    real = {name: value for name, value in tensors.items() if value.is_floating_point()}
    return [
        name
        for name, value in real.items()
        if value.numel() and not torch.isfinite(torch.stack(torch.aminmax(value))).all()
    ]


def read_weights(path: Path, shapes: Shapes | None = None) -> Weights:
    """Read a weight file.

    The content of a file, not its name, decides whether it is from this package or a project in
    weights.formats. Half precision becomes float32. Only plain data is read from a pickle; no code
    in it runs.

    Args:
        path: The file, or a path for it (see find_weights).
        shapes: Maps names to shapes of the tensors of the network. They identify the network among
            other tensors of a training (see formats.network_tensors).

    Returns:
        The weights.

    Raises:
        WeightsError: There is no such file, it is truncated, it is not a weight file, or it
            contains several networks.
    """
    path = find_weights(path)
    with _decoding(path):
        content = _content(path)
        tensors = {name: _widened(tensor) for name, tensor in content.tensors.items()}
        if content.remark:
            log.warning("%s: %s", path, content.remark)
        if content.metadata.get("format") == "robustseg":
            return Weights(tensors, content.metadata, path)
        return _converted(tensors, content, path, shapes)


def read_tensors(path: Path) -> Mapping[str, Tensor]:
    """Read the tensors of a weight file without conversion.

    Args:
        path: The file that find_weights returns.

    Returns:
        Maps names in the file to tensors.

    Raises:
        WeightsError: The file is damaged, or it is not a weight file.
    """
    with _decoding(path):
        return _content(path).tensors


@contextmanager
def _decoding(path: Path) -> Iterator[None]:
    """Convert errors that a decoder raises for a damaged file to WeightsError."""
    try:
        yield
    except WeightsError:
        raise
    except Exception as error:  # safetensors and torch raise errors of many types
        reason = re.split(r"[.:]\s|\n", str(error))[0][:120] or type(error).__name__
        raise unreadable(path, f"truncated or damaged: {reason}") from error


@dataclass(frozen=True)
class _Content:
    """The tensors of a file by their names in it, and what it states about them."""

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] | None = None
    remark: str = ""
    prefix: str = ""


def _content(path: Path) -> _Content:
    for file in weight_files(path):
        check_file(file)
    content = _read_shards(path) if path.name.endswith(SHARD_INDEX) else _read(path)
    if not content.tensors:
        raise WeightsError(f"{path}: no weights: it contains no tensor")
    return content


def _read(path: Path) -> _Content:
    if path.suffix == BUNDLE_INDEX:
        return _Content(read_tensor_bundle(path))
    with open(path, "rb") as file:
        start = file.read(1000)
    # Check this first, because the file begins with the length of its header, which may look like a
    # pickle.
    if SAFETENSORS_START.match(start):
        with safe_open(path, framework="pt") as opened:
            names = opened.keys()
            metadata = sorted((opened.metadata() or {}).items())  # its order is not defined
            return _Content({n: opened.get_tensor(n) for n in names}, dict(metadata))
    if start.startswith(PICKLE_STARTS):
        checkpoint = read_torch_checkpoint(path)
        return _Content(
            checkpoint.tensors, {}, checkpoint.classes, checkpoint.remark, checkpoint.prefix
        )
    raise unreadable(path, "neither safetensors, nor PyTorch's, nor TensorFlow's *.index")


def _read_shards(index: Path) -> _Content:
    places = read_shard_index(index)
    tensors = dict[str, Tensor]()
    for shard in sorted(set(places.values())):
        held = _read(index.parent / shard).tensors
        wanted = [name for name, place in places.items() if place == shard]
        if missing := [name for name in wanted if name not in held]:
            raise WeightsError(
                f"{index.parent / shard}: it lacks {missing[0]}, which {index.name} lists; "
                "download the index and all its shards again"
            )
        tensors |= {name: held[name] for name in wanted}
    return _Content(tensors)


def _converted(
    tensors: Mapping[str, Tensor], content: _Content, path: Path, shapes: Shapes | None
) -> Weights:
    """Convert the weights of another project to the names of this package."""
    network = find_network(tensors, shapes, path)
    if network.note:
        log.warning("%s: %s", path, network.note)
    facts = {"prefix": content.prefix + network.prefix} if content.prefix + network.prefix else {}
    if network.format is None:
        return Weights(network.tensors, {**content.metadata, **facts}, path)
    facts |= {"format": network.format.name}
    if network.format.eps:
        facts["eps"] = network.format.eps
    if classes := content.classes or _described_classes(path):
        facts["classes"] = json.dumps(classes)
    return Weights(network.tensors, facts, path)


def _described_classes(path: Path) -> tuple[str, ...] | None:
    """The class names in the config.json that transformers saves next to weights."""
    if path.name not in IN_FOLDER:
        return None
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        names = read_json(path.with_name("config.json"))["id2label"]
        classes = tuple(str(names[str(index)]) for index in range(len(names)))
        if classes != tuple(f"LABEL_{index}" for index in range(len(names))):
            return classes
    return None


def _widened(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
